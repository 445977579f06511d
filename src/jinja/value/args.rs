//! The arguments of a call, and Python's rules for binding them to parameters.

use std::sync::Arc;

use super::super::error::{Error, Result};
use super::Value;

/// The arguments of a call.
#[derive(Debug, Clone, Default)]
pub struct Args {
    /// Positional arguments.
    pub positional: Vec<Value>,
    /// Keyword arguments in the order they were given.
    pub keyword: Vec<(Arc<str>, Value)>,
}

impl Args {
    /// No arguments.
    pub fn none() -> Self {
        Self::default()
    }

    /// Only positional arguments.
    pub fn positional(values: impl IntoIterator<Item = Value>) -> Self {
        Self { positional: values.into_iter().collect(), keyword: Vec::new() }
    }

    /// Adds a keyword argument.
    #[must_use]
    pub fn with(mut self, name: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        self.keyword.push((name.into(), value.into()));
        self
    }

    /// Takes a keyword argument out.
    pub fn take_keyword(&mut self, name: &str) -> Option<Value> {
        let at = self.keyword.iter().position(|(key, _)| &**key == name)?;
        Some(self.keyword.remove(at).1)
    }

    /// The only argument of a method written in C.
    ///
    /// # Errors
    /// Python's `TypeError` for none or more than one.
    pub fn exactly_one(mut self, function: &str) -> Result<Value> {
        if !self.keyword.is_empty() {
            return Err(Error::type_error(format!("{function}() takes no keyword arguments")));
        }
        match (self.positional.pop(), self.positional.len()) {
            (Some(value), 0) => Ok(value),
            (last, before) => Err(Error::type_error(format!(
                "{function}() takes exactly one argument ({} given)",
                before + usize::from(last.is_some())
            ))),
        }
    }

    /// Nothing but the input of a filter that is a function written in C.
    ///
    /// # Errors
    /// Python's `TypeError` for more.
    pub fn none_after_input(mut self, function: &str) -> Result<()> {
        self.positional.insert(0, Value::None);
        self.exactly_one(function).map(drop)
    }

    /// Binds the arguments as Python does for
    /// `def function(required..., optional=...)`.
    ///
    /// # Errors
    /// Python's `TypeError` for a missing, unknown, repeated or extra argument.
    pub fn bind<const R: usize, const O: usize>(
        self,
        function: &str,
        required: [&str; R],
        optional: [&str; O],
    ) -> Result<([Value; R], [Option<Value>; O])> {
        self.bind_after(0, function, required, optional)
    }

    /// As [`Args::bind`], for a function that was given `before` more arguments in front, as
    /// filters and tests are; messages count them.
    ///
    /// # Errors
    /// As [`Args::bind`].
    pub fn bind_after<const R: usize, const O: usize>(
        self,
        before: usize,
        function: &str,
        required: [&str; R],
        optional: [&str; O],
    ) -> Result<([Value; R], [Option<Value>; O])> {
        let names: Vec<&str> = required.iter().chain(&optional).copied().collect();
        let mut slots: Vec<Option<Value>> = vec![None; names.len()];
        let given = self.positional.len();
        for (slot, value) in slots.iter_mut().zip(self.positional) {
            *slot = Some(value);
        }
        if given > names.len() {
            return Err(too_many(function, R + before, names.len() + before, given + before));
        }
        for (name, value) in self.keyword {
            let Some(at) = names.iter().position(|known| **known == *name) else {
                return Err(Error::type_error(format!(
                    "{function}() got an unexpected keyword argument '{name}'"
                )));
            };
            if slots[at].replace(value).is_some() {
                return Err(Error::type_error(format!(
                    "{function}() got multiple values for argument '{name}'"
                )));
            }
        }
        let missing: Vec<&str> =
            (0..R).filter(|at| slots[*at].is_none()).map(|at| required[at]).collect();
        if !missing.is_empty() {
            return Err(missing_arguments(function, &missing));
        }
        let mut slots = slots.into_iter();
        let bound = std::array::from_fn(|_| slots.next().flatten().unwrap_or(Value::None));
        let rest = std::array::from_fn(|_| slots.next().flatten());
        Ok((bound, rest))
    }
}

fn too_many(function: &str, required: usize, most: usize, given: usize) -> Error {
    let takes =
        if required == most { most.to_string() } else { format!("from {required} to {most}") };
    let plural = if most == 1 { "argument" } else { "arguments" };
    let were = if given == 1 { "was" } else { "were" };
    Error::type_error(format!(
        "{function}() takes {takes} positional {plural} but {given} {were} given"
    ))
}

fn missing_arguments(function: &str, names: &[&str]) -> Error {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    let list = match quoted.as_slice() {
        [one] => one.clone(),
        [first, second] => format!("{first} and {second}"),
        [init @ .., last] => format!("{}, and {last}", init.join(", ")),
        [] => String::new(),
    };
    let plural = if names.len() == 1 { "argument" } else { "arguments" };
    Error::type_error(format!(
        "{function}() missing {} required positional {plural}: {list}",
        names.len()
    ))
}
