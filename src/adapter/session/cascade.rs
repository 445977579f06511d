//! What else a drop took along, as the server tells it in a notice.

use std::sync::Arc;

use super::Session;
use super::inner::Inner;
use crate::event::{Event, Level};
use crate::postgres::{DbError, StatementResult};

/// The function of the server that tells of a cascade. Its text is in the server's language.
const ROUTINE: &str = "reportDependentObjects";
/// What stands before each object where that language is English.
const SAYS: &str = "drop cascades to ";

impl Session {
    /// Tells what else a drop took along, such as foreign keys, policies of other tables and
    /// tables that inherit; views of which it was told before the drop are left out.
    pub(super) fn tell_cascades(&self, inner: &Inner, result: &StatementResult) {
        let notices = result.notices.iter();
        let fallen: Vec<&str> =
            notices.flat_map(|notice| fallen(notice, &inner.falling_views)).collect();
        if !fallen.is_empty() {
            let message = format!(
                "{}: a relation that was dropped took along: {}",
                self.options.name,
                fallen.join(", ")
            );
            self.options.sink.emit(Event::Note { level: Level::Warn, message });
        }
    }
}

/// The objects that a notice lists, without these views.
fn fallen<'a>(notice: &'a DbError, views: &[Arc<str>]) -> Vec<&'a str> {
    if notice.routine.as_deref() != Some(ROUTINE) {
        return Vec::new();
    }
    // Of several objects the message has the number and the detail the names.
    let lines = notice.detail.as_deref().unwrap_or(&notice.message).lines();
    lines
        .filter(|line| !views.iter().any(|view| names(line, view)))
        .map(|line| line.strip_prefix(SAYS).unwrap_or(line))
        .collect()
}

/// Whether a line ends with a relation's name, which may be quoted and follow a schema's.
fn names(line: &str, name: &str) -> bool {
    let quoted = crate::postgres::quote::identifier(name);
    let before = line.strip_suffix(name).or_else(|| line.strip_suffix(&quoted));
    before.is_some_and(|it| !it.ends_with(|char: char| char.is_ascii_alphanumeric() || char == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(message: &str, detail: Option<&str>) -> DbError {
        DbError {
            message: message.to_owned(),
            detail: detail.map(str::to_owned),
            routine: Some(ROUTINE.to_owned()),
            ..DbError::default()
        }
    }

    #[test]
    fn the_servers_language_does_not_matter() {
        let views = [Arc::from("report"), Arc::from("a \"b\"")];
        let one = notice("drop cascades to constraint f on table bi.orders", None);
        assert_eq!(fallen(&one, &views), ["constraint f on table bi.orders"]);
        let several = notice(
            "Löschvorgang löscht ebenfalls 3 weitere Objekte",
            Some(
                "Löschvorgang löscht ebenfalls Sicht bi.report\n\
                 Löschvorgang löscht ebenfalls Sicht \"a \"\"b\"\"\"\n\
                 Löschvorgang löscht ebenfalls Sicht bi.my_report",
            ),
        );
        assert_eq!(fallen(&several, &views), ["Löschvorgang löscht ebenfalls Sicht bi.my_report"]);
        assert!(fallen(&notice("ビューreportへの削除がカスケードされます", None), &[]).len() == 1);
        let other = DbError { message: SAYS.to_owned(), ..DbError::default() };
        assert!(fallen(&other, &[]).is_empty());
    }
}
