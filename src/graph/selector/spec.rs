//! The grammar of `--select` and `--exclude`
//! (<https://docs.getdbt.com/reference/node-selection/syntax>).

use super::method::Method;
use crate::diagnostic::{Code, Diagnostic, Result};
use clap::ValueEnum;
use std::str::FromStr;

/// Which tests come with selected nodes
/// (<https://docs.getdbt.com/reference/node-selection/test-selection-examples>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum IndirectSelection {
    /// Tests of which any parent is selected.
    #[default]
    Eager,
    /// Tests of which all parents are selected.
    Cautious,
    /// Tests of which all parents are selected or ancestors of selected nodes.
    Buildable,
    /// Only tests that are selected themselves.
    Empty,
}

impl FromStr for IndirectSelection {
    type Err = Box<Diagnostic>;

    fn from_str(text: &str) -> Result<Self> {
        <Self as ValueEnum>::from_str(text, true).map_err(|_| {
            let message = format!("'{text}' is not an indirect selection mode");
            Diagnostic::new(Code::BadArgument, message)
                .with_help("The modes are eager, cautious, buildable and empty.")
        })
    }
}

/// What to select: criteria combined by set operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spec {
    /// What one criterion matches.
    Criterion(Criterion),
    /// A combination.
    Group(Group),
}

/// Specs combined by one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// How they are combined.
    pub operation: Operation,
    /// What is combined.
    pub parts: Vec<Spec>,
    /// The text to warn about when nothing matches.
    pub expected: Option<String>,
    /// When tests are selected because of their parents.
    pub indirect: IndirectSelection,
}

/// A set operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// What any part selects.
    Union,
    /// What all parts select.
    Intersection,
    /// What the first part selects and no other does.
    Difference,
}

/// A method with its value, and which relatives belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// What matches.
    pub method: Method,
    /// `@`: also all descendants, and the ancestors of those.
    pub childrens_parents: bool,
    /// `+x` or `2+x`: also ancestors.
    pub parents: Option<Depth>,
    /// `x+` or `x+2`: also descendants.
    pub children: Option<Depth>,
    /// When tests are selected because of their parents.
    pub indirect: IndirectSelection,
}

/// How many edges away relatives may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Any number.
    All,
    /// This many at most.
    Most(usize),
}

impl Depth {
    pub(super) fn limit(self) -> Option<usize> {
        match self {
            Self::All => None,
            Self::Most(edges) => Some(edges),
        }
    }
}

/// What is selected without `--select`: everything.
const EVERYTHING: &[&str] = &["fqn:*", "source:*", "exposure:*", "metric:*", "semantic_model:*"];

impl Spec {
    /// The selection of `--select` and `--exclude`. Each argument may hold several criteria
    /// separated by spaces, which are united; commas intersect.
    ///
    /// # Errors
    /// `SelectorInvalid` for what is not a criterion.
    pub fn parse(
        select: &[String],
        exclude: &[String],
        indirect: IndirectSelection,
    ) -> Result<Self> {
        let included = if select.is_empty() {
            union(EVERYTHING.iter().copied(), false, indirect)?
        } else {
            union(select.iter().map(String::as_str), true, indirect)?
        };
        let excluded = union(exclude.iter().map(String::as_str), true, indirect)?;
        Ok(Self::Group(Group {
            operation: Operation::Difference,
            parts: vec![included, excluded],
            expected: None,
            indirect: IndirectSelection::Eager,
        }))
    }
}

fn union<'a>(
    arguments: impl Iterator<Item = &'a str>,
    expect: bool,
    indirect: IndirectSelection,
) -> Result<Spec> {
    let mut parts = Vec::new();
    for argument in arguments {
        // An empty argument is a criterion that matches nothing.
        let words = argument.split(' ').filter(|word| !word.is_empty() || argument.is_empty());
        for word in words {
            let criteria = word.split(',').map(|text| Criterion::parse(text, indirect));
            parts.push(Spec::Group(Group {
                operation: Operation::Intersection,
                parts: criteria.map(|it| it.map(Spec::Criterion)).collect::<Result<_>>()?,
                expected: expect.then(|| word.to_owned()),
                indirect,
            }));
        }
    }
    Ok(Spec::Group(Group { operation: Operation::Union, parts, expected: None, indirect }))
}

/// A criterion taken apart, as it is written.
pub(super) struct Parts<'t> {
    pub(super) childrens_parents: bool,
    /// The digits before the leading `+`, when there is one.
    pub(super) parents: Option<&'t str>,
    pub(super) named_method: Option<&'t str>,
    pub(super) value: &'t str,
    /// The digits after the trailing `+`, when there is one.
    pub(super) children: Option<&'t str>,
}

impl Parts<'_> {
    /// The method's name, also where it follows from the value's form.
    pub(super) fn method(&self) -> &str {
        self.named_method.unwrap_or_else(|| Method::implied_name(self.value))
    }
}

/// Takes a criterion such as `@tag:nightly` or `2+orders+` apart.
pub(super) fn split_criterion(text: &str) -> Parts<'_> {
    let rest = text.strip_prefix('@');
    let childrens_parents = rest.is_some();
    let (parents, rest) = leading_plus(rest.unwrap_or(text));
    let (named_method, rest) = leading_method(rest);
    let (value, children) = trailing_plus(rest);
    Parts { childrens_parents, parents, named_method, value, children }
}

impl Criterion {
    /// Reads one criterion.
    ///
    /// # Errors
    /// `SelectorInvalid`.
    pub fn parse(text: &str, indirect: IndirectSelection) -> Result<Self> {
        let parts = split_criterion(text);
        if parts.childrens_parents && parts.children.is_some() {
            let message = format!(
                "Invalid node spec {text} - \"@\" prefix and \"+\" suffix are incompatible"
            );
            return Err(Diagnostic::new(Code::SelectorInvalid, message));
        }
        Ok(Self {
            method: Method::parse(parts.method(), parts.value)?,
            childrens_parents: parts.childrens_parents,
            parents: parts.parents.map(depth),
            children: parts.children.map(depth),
            indirect,
        })
    }
}

fn depth(digits: &str) -> Depth {
    if digits.is_empty() {
        return Depth::All;
    }
    // A number that is too large means all.
    digits.parse().map_or(Depth::All, Depth::Most)
}

fn leading_plus(text: &str) -> (Option<&str>, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text[digits..].strip_prefix('+') {
        Some(rest) => (Some(&text[..digits]), rest),
        None => (None, text),
    }
}

fn leading_method(text: &str) -> (Option<&str>, &str) {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
    };
    match text.split_once(':') {
        Some((name, value)) if is_name(name) => (Some(name), value),
        _ => (None, text),
    }
}

fn trailing_plus(text: &str) -> (&str, Option<&str>) {
    let without_digits = text.trim_end_matches(|c: char| c.is_ascii_digit());
    match without_digits.strip_suffix('+') {
        Some(value) => (value, Some(&text[without_digits.len()..])),
        None => (text, None),
    }
}
