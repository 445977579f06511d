//! Views that read a relation which is dropped: they go with it, and come back if the project
//! wants that.

use super::attached::Bare;
use super::{Adapter, Link};
use crate::adapter::Dependents;
use crate::adapter::cache::Fallen;
use crate::adapter::dependents::definitions;
use crate::adapter::relation::Relation;
use crate::diagnostic::{Code, Diagnostic};
use crate::event::{Event, Warning};
use crate::jinja::Result;

/// Views that were dropped and are to be made again.
#[derive(Debug)]
pub(super) struct Waiting {
    /// What they read.
    relation: Relation,
    fallen: Fallen,
    statements: Vec<String>,
}

impl Adapter {
    /// Takes note of the views that will go with a relation, or refuses to drop it.
    pub(super) fn dependents_fall(&self, relation: &Relation) -> Result<()> {
        let link = self.link()?;
        let fallen = link.cache.fell(relation);
        link.session.cache_changed(fallen.before.clone());
        let views = fallen.views.iter().filter_map(|view| view.identifier.clone());
        link.session.views_fall(views);
        if !fallen.attached.is_empty() {
            link.bare.lock().push(Bare::new(relation, fallen.attached.clone()));
        }
        match link.session.dependents() {
            Dependents::Recreate if !fallen.views.is_empty() => {
                let (schema, name) = (relation.schema.as_deref(), relation.identifier.as_deref());
                let (Some(schema), Some(name)) = (schema, name) else { return Ok(()) };
                let statements = definitions(&link.session, schema, name)?;
                let relation = relation.clone();
                link.fallen.lock().push(Waiting { relation, fallen, statements });
                Ok(())
            }
            Dependents::Refuse if !fallen.unmanaged.is_empty() => {
                Err(report(relation, &fallen.unmanaged, "would drop").into())
            }
            Dependents::Drop if !fallen.unmanaged.is_empty() => {
                let report = report(relation, &fallen.unmanaged, "drops");
                let warning = Warning::new("DependentViewsDropped", "G010", *report);
                Ok(link.session.sink().warn(Event::Warning(warning))?)
            }
            _ => Ok(()),
        }
    }

    /// Makes the views on a relation again that has taken another's place; those on all, at
    /// the end of the transaction.
    pub(super) fn dependents_rise(&self, on: Option<&Relation>) -> Result<()> {
        let Link { session, cache, fallen, .. } = self.link()?;
        let risen: Vec<Waiting> = fallen
            .lock()
            .extract_if(.., |it| on.is_none_or(|on| place(on) == place(&it.relation)))
            .collect();
        for waiting in risen {
            for statement in &waiting.statements {
                session.execute(statement, true, false)?;
            }
            session.cache_changed(cache.made_again(&waiting.fallen, &waiting.relation));
        }
        Ok(())
    }
}

/// A relation's schema and name as messages give them.
pub(super) fn place(relation: &Relation) -> String {
    let part = |part: &Option<std::sync::Arc<str>>| part.as_deref().unwrap_or("").to_owned();
    format!("{}.{}", part(&relation.schema), part(&relation.identifier))
}

fn report(relation: &Relation, views: &[Relation], verb: &str) -> Box<Diagnostic> {
    let names: Vec<String> = views.iter().map(place).collect();
    let message = format!(
        "Replacing {} {verb} what reads it and is not built by this project: {}",
        place(relation),
        names.join(", ")
    );
    Diagnostic::new(Code::DependentsDropped, message).with_help(
        "Set the config `dependent_views` to `recreate` to keep such views, or to `refuse` to fail \
         instead of dropping them.",
    )
}
