//! Versions that several projects ask for together.

use crate::project::version::{Bound, Requirement, Version};
use std::cmp::Ordering;
use std::fmt;

/// What all requirements leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    lower: Option<Requirement>,
    upper: Option<Requirement>,
}

impl Range {
    /// What the requirements leave; nothing when no version can meet all of them.
    pub(super) fn of(requirements: &[Requirement]) -> Option<Self> {
        let exact = requirements.iter().find(|it| it.bound() == Bound::Exact);
        if let Some(exact) = exact {
            let met = requirements.iter().all(|it| it.accepts(exact.version()));
            return met.then(|| Self { lower: Some(exact.clone()), upper: Some(exact.clone()) });
        }
        let side = |lower: bool| {
            requirements.iter().filter(move |it| (it.bound() == Bound::Lower) == lower)
        };
        let lower = side(true).max_by(|a, b| tighter(a, b)).cloned();
        let upper = side(false).min_by(|a, b| tighter(a, b)).cloned();
        if let (Some(lower), Some(upper)) = (&lower, &upper) {
            let open = lower.is_strict() || upper.is_strict();
            match lower.version().cmp(upper.version()) {
                Ordering::Less => {}
                Ordering::Equal if !open => {}
                _ => return None,
            }
        }
        Some(Self { lower, upper })
    }

    pub(super) fn accepts(&self, version: &Version) -> bool {
        [&self.lower, &self.upper].into_iter().flatten().all(|it| it.accepts(version))
    }
}

/// By version; of equal ones the strict one is tighter.
fn tighter(a: &Requirement, b: &Requirement) -> Ordering {
    let strict = if a.bound() == Bound::Lower {
        a.is_strict().cmp(&b.is_strict())
    } else {
        b.is_strict().cmp(&a.is_strict())
    };
    a.version().cmp(b.version()).then(strict)
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bounds: Vec<String> =
            [&self.lower, &self.upper].into_iter().flatten().map(ToString::to_string).collect();
        if bounds.is_empty() { f.write_str("ANY") } else { f.write_str(&bounds.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(texts: &[&str]) -> Option<Range> {
        let parsed: Vec<Requirement> = texts.iter().map(|text| text.parse().unwrap()).collect();
        Range::of(&parsed)
    }

    #[test]
    fn ranges_are_what_all_requirements_leave() {
        let shown = |texts: &[&str]| range(texts).map(|range| range.to_string());
        assert_eq!(shown(&[]).as_deref(), Some("ANY"));
        assert_eq!(shown(&[">=1.0.0", "<2.0.0"]).as_deref(), Some(">=1.0.0, <2.0.0"));
        assert_eq!(shown(&[">=1.0.0", ">1.0.0"]).as_deref(), Some(">1.0.0"));
        assert_eq!(shown(&["<=1.0.0", "<1.0.0"]).as_deref(), Some("<1.0.0"));
        assert_eq!(shown(&["1.2.3", ">1.0.0"]).as_deref(), Some("=1.2.3, =1.2.3"));
        assert_eq!(shown(&[">=1.0.0", "<=1.0.0"]).as_deref(), Some(">=1.0.0, <=1.0.0"));
        for impossible in [
            &[">1.0.0", "<0.5.0"][..],
            &["1.0.0", "1.0.1"],
            &[">1.0.0", "<=1.0.0"],
            &["1.0.0", ">1.0.0"],
        ] {
            assert_eq!(shown(impossible), None, "{impossible:?}");
        }
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(range(&[">=1.0.0", "<2.0.0"]).unwrap().accepts(&version("1.9.0")));
        assert!(!range(&[">=1.0.0", "<2.0.0"]).unwrap().accepts(&version("2.0.0-rc1")));
    }
}
