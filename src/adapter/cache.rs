//! Which relations exist, as far as this run knows: filled by one query for all schemas,
//! kept true by what the run itself creates, renames and drops.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;

use super::relation::{Part, Relation, RelationType};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::manifest::QuotePolicy;
use crate::postgres::{Connection, Error, catalog};

/// A relation's place, in lower case as dbt compares them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    schema: String,
    identifier: String,
}

impl Key {
    fn of(relation: &Relation) -> Self {
        let lower = |part| relation.part(part).map_or_else(String::new, |it| it.to_lowercase());
        Self { schema: lower(Part::Schema), identifier: lower(Part::Identifier) }
    }
}

#[derive(Debug, Clone)]
struct Entry {
    relation: Relation,
    /// What would go with it in `drop … cascade`.
    referenced_by: HashSet<Key>,
    /// What was attached to it by hand.
    attached: Vec<String>,
}

/// How the cache was where a change touched it.
#[derive(Debug, Clone)]
pub struct Undo(Vec<(Key, Option<Entry>)>);

/// What a drop takes along.
#[derive(Debug, Clone)]
pub(super) struct Fallen {
    /// How the cache was.
    pub(super) before: Undo,
    /// The views that go with the relation.
    pub(super) views: Vec<Relation>,
    /// Those of them that the project does not build.
    pub(super) unmanaged: Vec<Relation>,
    /// What was attached to the relation by hand, if the project builds it.
    pub(super) attached: Vec<String>,
}

/// The relations of the schemas in use. Shared by all sessions.
#[derive(Debug)]
pub struct RelationCache {
    database: Arc<str>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    schemas: HashSet<String>,
    relations: HashMap<Key, Entry>,
    /// What the project builds.
    managed: HashSet<Key>,
}

impl RelationCache {
    /// An empty cache for a database.
    pub fn new(database: impl Into<Arc<str>>) -> Self {
        Self { database: database.into(), state: Mutex::default() }
    }

    /// Fills the cache with what is in these schemas; returns those that exist. One round
    /// trip.
    ///
    /// # Errors
    /// The query fails.
    pub fn fill<S: AsRef<str>>(
        &self,
        connection: &mut Connection,
        schemas: &[S],
    ) -> Result<Vec<String>, Error> {
        let (relations, existing) = catalog::relations(connection, schemas)?;
        let mut state = self.state.lock();
        state.schemas.extend(schemas.iter().map(|schema| schema.as_ref().to_lowercase()));
        for found in &relations {
            // A view of another schema is nothing that dbt manages.
            let is_inside = schemas.iter().any(|schema| schema.as_ref() == found.schema);
            let kind = match RelationType::from_name(found.kind.as_dbt()) {
                kind if is_inside => kind,
                _ => Some(RelationType::External),
            };
            let relation = self.named(&found.schema, &found.name, kind);
            let key = Key::of(&relation);
            state.add(relation);
            if let Some(entry) = state.relations.get_mut(&key) {
                entry.attached.clone_from(&found.attached);
            }
        }
        for found in &relations {
            let read = self.named(&found.schema, &found.name, None);
            for (schema, view) in &found.read_by {
                state.link(&read, self.named(schema, view, Some(RelationType::External)));
            }
        }
        Ok(existing)
    }

    /// A relation as the catalog names it: exactly.
    fn named(&self, schema: &str, name: &str, kind: Option<RelationType>) -> Relation {
        Relation {
            database: Some(self.database.clone()),
            schema: Some(schema.into()),
            identifier: Some(name.into()),
            kind,
            quote: QuotePolicy::default(),
            ..Relation::default()
        }
    }

    /// Whether the contents of a schema are known.
    pub fn knows_schema(&self, schema: &str) -> bool {
        self.state.lock().schemas.contains(&schema.to_lowercase())
    }

    /// The known relations of a schema.
    pub fn relations(&self, schema: &str) -> Vec<Relation> {
        let schema = schema.to_lowercase();
        let state = self.state.lock();
        let inside = state.relations.iter().filter(|(key, _)| key.schema == schema);
        inside.map(|(_, entry)| entry.relation.clone()).collect()
    }

    /// Takes a schema and its relations in, after someone else listed them.
    pub fn add_schema(&self, schema: &str, relations: impl IntoIterator<Item = Relation>) {
        let mut state = self.state.lock();
        state.schemas.insert(schema.to_lowercase());
        for relation in relations {
            state.add(relation);
        }
    }

    /// A relation was created.
    pub fn add(&self, relation: Relation) -> Undo {
        let key = Key::of(&relation);
        let mut state = self.state.lock();
        let before = state.relations.get(&key).cloned();
        state.schemas.insert(key.schema.clone());
        state.add(relation);
        Undo(vec![(key, before)])
    }

    /// A relation was dropped, and with it what depends on it.
    pub fn remove(&self, relation: &Relation) -> Undo {
        Undo(self.state.lock().remove(&Key::of(relation)))
    }

    /// As [`RelationCache::remove`]; says what else goes.
    pub(super) fn fell(&self, relation: &Relation) -> Fallen {
        let key = Key::of(relation);
        let mut state = self.state.lock();
        let before = state.remove(&key);
        let own = before.iter().find(|(it, _)| *it == key && state.managed.contains(it));
        let attached = own.and_then(|(_, entry)| entry.as_ref().map(|it| it.attached.clone()));
        let attached = attached.unwrap_or_default();
        let gone = before.iter().filter(|(it, _)| *it != key && !state.relations.contains_key(it));
        let (mut views, mut unmanaged) = (Vec::new(), Vec::new());
        for (key, entry) in gone {
            let Some(entry) = entry else { continue };
            views.push(entry.relation.clone());
            if !state.manages(key) {
                unmanaged.push(entry.relation.clone());
            }
        }
        Fallen { before: Undo(before), views, unmanaged, attached }
    }

    /// What fell with a relation was made again, on the one that took its place.
    pub(super) fn made_again(&self, fallen: &Fallen, on: &Relation) -> Undo {
        let key = Key::of(on);
        let mut state = self.state.lock();
        let mut changed = Vec::new();
        for (fallen, entry) in &fallen.before.0 {
            let Some(entry) = entry else { continue };
            changed.push((fallen.clone(), state.relations.get(fallen).cloned()));
            if *fallen == key {
                if let Some(new) = state.relations.get_mut(&key) {
                    new.referenced_by.extend(entry.referenced_by.iter().cloned());
                }
            } else {
                state.relations.insert(fallen.clone(), entry.clone());
            }
        }
        Undo(changed)
    }

    /// Says what the project builds: schemas and names.
    pub fn manage<'a>(&self, relations: impl Iterator<Item = (&'a str, &'a str)>) {
        let key = |(schema, identifier): (&str, &str)| Key {
            schema: schema.to_lowercase(),
            identifier: identifier.to_lowercase(),
        };
        self.state.lock().managed.extend(relations.map(key));
    }

    /// Whether a relation exists, as far as is known.
    pub fn has(&self, schema: &str, identifier: &str) -> bool {
        let key = Key { schema: schema.to_lowercase(), identifier: identifier.to_lowercase() };
        self.state.lock().relations.contains_key(&key)
    }

    /// Looks whether a relation exists that the cache does not know.
    ///
    /// # Errors
    /// The query fails.
    pub fn look_up(
        &self,
        connection: &mut Connection,
        schema: &str,
        identifier: &str,
    ) -> Result<(), Error> {
        let (relations, _) = catalog::relations(connection, &[schema])?;
        let mut inside = relations.iter().filter(|it| it.schema == schema);
        let found = inside.find(|it| it.name.eq_ignore_ascii_case(identifier));
        if let Some(found) = found {
            let kind = RelationType::from_name(found.kind.as_dbt());
            self.state.lock().add(self.named(&found.schema, &found.name, kind));
        }
        Ok(())
    }

    /// Takes changes back, the last first: the transaction that made them did not commit.
    pub fn undo(&self, changes: Vec<Undo>) {
        let mut state = self.state.lock();
        for (key, before) in changes.into_iter().rev().flat_map(|Undo(before)| before) {
            match before {
                Some(entry) => state.relations.insert(key, entry),
                None => state.relations.remove(&key),
            };
        }
    }

    /// A schema was dropped with all that was in it.
    pub fn drop_schema(&self, schema: &str) {
        let schema = schema.to_lowercase();
        let mut state = self.state.lock();
        let inside: Vec<Key> =
            state.relations.keys().filter(|key| key.schema == schema).cloned().collect();
        for key in inside {
            state.remove(&key);
        }
        state.schemas.remove(&schema);
    }

    /// A relation has another name now. Views on it stay bound to it.
    ///
    /// # Errors
    /// The new name is taken: two names were cut to the same.
    pub fn rename(&self, old: &Relation, new: &Relation) -> Result<Undo> {
        let (from, to) = (Key::of(old), Key::of(new));
        let mut state = self.state.lock();
        if state.relations.contains_key(&to) {
            return Err(Diagnostic::new(
                Code::RelationMismatch,
                format!(
                    "cannot rename {} to {}: a relation of that name exists already",
                    old.render(),
                    new.render()
                ),
            )
            .with_help(
                "Another model or process has made it in the meantime. Give one of the two \
                 another name, or drop the relation.",
            ));
        }
        state.schemas.insert(to.schema.clone());
        let mut before = vec![(to.clone(), None)];
        before.push((from.clone(), state.relations.get(&from).cloned()));
        let (kind, referenced_by, attached) = match state.relations.remove(&from) {
            Some(it) => (it.relation.kind.or(new.kind), it.referenced_by, it.attached),
            // It was created in this run under a name that nobody asked for.
            None => (new.kind, HashSet::new(), Vec::new()),
        };
        for (key, entry) in &mut state.relations {
            if entry.referenced_by.contains(&from) {
                before.push((key.clone(), Some(entry.clone())));
                entry.referenced_by.remove(&from);
                entry.referenced_by.insert(to.clone());
            }
        }
        let relation = Relation { kind, ..new.clone() };
        state.relations.insert(to, Entry { relation, referenced_by, attached });
        Ok(Undo(before))
    }
}

impl State {
    /// Whether the project builds it, or a run left it behind while it did.
    fn manages(&self, key: &Key) -> bool {
        let name = key.identifier.as_str();
        let whole = ["__dbt_tmp", "__dbt_backup"].iter().find_map(|it| name.strip_suffix(it));
        let identifier = whole.unwrap_or(name).to_owned();
        self.managed.contains(&Key { identifier, ..key.clone() })
    }

    fn add(&mut self, relation: Relation) {
        self.relations.entry(Key::of(&relation)).or_insert_with(|| Entry {
            relation,
            referenced_by: HashSet::new(),
            attached: Vec::new(),
        });
    }

    /// Notes that a view reads a relation.
    fn link(&mut self, read: &Relation, view: Relation) {
        let key = Key::of(&view);
        self.add(view);
        if let Some(entry) = self.relations.get_mut(&Key::of(read)) {
            entry.referenced_by.insert(key);
        }
    }

    /// Removes a relation and what reads it; how they were.
    fn remove(&mut self, key: &Key) -> Vec<(Key, Option<Entry>)> {
        let mut before = Vec::new();
        let mut pending = vec![key.clone()];
        let mut gone = HashSet::new();
        while let Some(key) = pending.pop() {
            if let Some(entry) = self.relations.remove(&key) {
                pending.extend(entry.referenced_by.iter().cloned());
                before.push((key.clone(), Some(entry)));
                gone.insert(key);
            }
        }
        for (key, entry) in &mut self.relations {
            if entry.referenced_by.iter().any(|reader| gone.contains(reader)) {
                before.push((key.clone(), Some(entry.clone())));
                entry.referenced_by.retain(|reader| !gone.contains(reader));
            }
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(name: &str, kind: RelationType) -> Relation {
        RelationCache::new("db").named("s", name, Some(kind))
    }

    fn names(cache: &RelationCache) -> Vec<String> {
        let mut names: Vec<String> = cache
            .relations("S")
            .iter()
            .filter_map(|relation| relation.identifier.as_deref().map(str::to_owned))
            .collect();
        names.sort();
        names
    }

    fn cache_with_view() -> RelationCache {
        let cache = RelationCache::new("db");
        cache.add_schema(
            "s",
            [
                relation("t", RelationType::Table),
                relation("v", RelationType::View),
                relation("w", RelationType::View),
            ],
        );
        let mut state = cache.state.lock();
        state.link(&relation("t", RelationType::External), relation("v", RelationType::External));
        state.link(&relation("v", RelationType::External), relation("w", RelationType::External));
        drop(state);
        cache
    }

    #[test]
    fn a_drop_takes_dependent_views_along() {
        let cache = cache_with_view();
        cache.remove(&relation("v", RelationType::View));
        assert_eq!(names(&cache), ["t"]);
        cache.remove(&relation("missing", RelationType::View));
        assert_eq!(names(&cache), ["t"]);
    }

    #[test]
    fn a_renamed_relation_keeps_its_views() {
        let cache = cache_with_view();
        cache
            .rename(&relation("v", RelationType::View), &relation("x", RelationType::View))
            .unwrap();
        assert_eq!(names(&cache), ["t", "w", "x"]);
        cache.remove(&relation("t", RelationType::Table));
        assert_eq!(names(&cache), [""; 0]);
    }

    #[test]
    fn a_name_is_not_taken_over() {
        let cache = cache_with_view();
        let renamed =
            cache.rename(&relation("t", RelationType::Table), &relation("v", RelationType::Table));
        assert!(renamed.is_err());
        let new = relation("new", RelationType::Table);
        cache.rename(&relation("new__dbt_tmp", RelationType::Table), &new).unwrap();
        assert_eq!(cache.relations("s").iter().filter(|found| **found == new).count(), 1);
    }

    #[test]
    fn what_did_not_commit_is_taken_back() {
        let cache = cache_with_view();
        let staged = relation("v__dbt_tmp", RelationType::View);
        let view = relation("v", RelationType::View);
        let changes = vec![
            cache.add(staged.clone()),
            cache.remove(&view),
            cache.rename(&staged, &view).unwrap(),
        ];
        assert_eq!(names(&cache), ["t", "v"]);
        cache.undo(changes);
        assert_eq!(names(&cache), ["t", "v", "w"]);
        cache.remove(&relation("t", RelationType::Table));
        assert_eq!(names(&cache), [""; 0]);
    }

    #[test]
    fn a_dropped_schema_is_unknown() {
        let cache = cache_with_view();
        cache.drop_schema("S");
        assert!(!cache.knows_schema("s"));
        assert!(cache.relations("s").is_empty());
    }
}
