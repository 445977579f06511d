//! What users attach to a relation by hand, such as policies, triggers and publications. It goes
//! with the relation when another takes its place, and PostgreSQL does not say so.

use super::Adapter;
use super::dependents::place;
use crate::adapter::relation::Relation;
use crate::diagnostic::{Code, Diagnostic};
use crate::event::{Event, Warning};
use crate::jinja::Result;
use crate::postgres::catalog;

/// A relation that was dropped with something attached to it.
#[derive(Debug)]
pub(super) struct Bare {
    relation: Relation,
    attached: Vec<String>,
}

impl Bare {
    pub(super) fn new(relation: &Relation, attached: Vec<String>) -> Self {
        Self { relation: relation.clone(), attached }
    }
}

impl Adapter {
    /// Warns, before the commit, of what was attached to a relation and is not attached to the one
    /// in its place. What hooks have attached again is not lost, so the database is asked; only
    /// where something was attached.
    pub(super) fn tell_what_is_lost(&self) -> Result<()> {
        let link = self.link()?;
        let bare = std::mem::take(&mut *link.bare.lock());
        for Bare { relation, attached } in bare {
            let (Some(schema), Some(name)) = (&relation.schema, &relation.identifier) else {
                continue;
            };
            let (_, rows) = link.session.execute(&catalog::attached(schema, name), true, true)?;
            let rows = rows.map(|set| set.rows).unwrap_or_default();
            // It was dropped for good.
            if rows.is_empty() {
                continue;
            }
            let is_back = |what: &String| rows.iter().any(|row| row.get(0) == Some(what));
            let lost: Vec<String> = attached.into_iter().filter(|what| !is_back(what)).collect();
            if !lost.is_empty() {
                let warning = Warning::new("AttachmentsDropped", "G010", *report(&relation, &lost));
                link.session.sink().warn(Event::Warning(warning))?;
            }
        }
        Ok(())
    }
}

fn report(relation: &Relation, lost: &[String]) -> Box<Diagnostic> {
    let message = format!(
        "Replacing {} drops what was attached to it and not made again: {}",
        place(relation),
        lost.join(", ")
    );
    Diagnostic::new(Code::DependentsDropped, message)
        .with_help("A post-hook of the node can attach it again in each run.")
}
