//! `modules.itertools`. What Python gives as an iterator is a list here, so it can be
//! iterated more than once; `count`, `cycle` and `repeat` without an end can only be given
//! to `islice`, `zip` and their like.

use super::finite_columns;
use crate::diagnostic::{Code, Diagnostic};
use crate::event::{Event, Sink, Warning};
use crate::jinja::{Args, Error, Object, Result, State, Value};
use std::any::Any;
use std::sync::Arc;

/// The most items a function may make, so that a small template cannot fill the memory.
const LIMIT: usize = 10_000_000;

type Native = fn(&mut State<'_>, Args) -> Result<Value>;

/// The module as a value. dbt is about to drop it, so each use is told to `sink`.
pub fn module(sink: &Arc<dyn Sink>) -> Value {
    Value::dict(FUNCTIONS.map(|(name, function)| {
        let sink = Arc::clone(sink);
        let told = move |state: &mut State<'_>, args| {
            sink.warn(Event::Warning(deprecation()))?;
            function(state, args)
        };
        (name, Value::function(name, told))
    }))
}

fn deprecation() -> Warning {
    let message =
        "Usage of itertools modules is deprecated. Please use the built-in functions instead.";
    let diagnostic = *Diagnostic::new(Code::Deprecated, message);
    Warning::new("ModulesItertoolsUsageDeprecation", "D034", diagnostic)
}

const FUNCTIONS: [(&str, Native); 14] = [
    ("count", |_, args| {
        let ([], [start, step]) = args.bind("count", [], ["start", "step"])?;
        let number = |value: Option<Value>, default| match value {
            None => Ok(default),
            Some(value) => value
                .as_int()
                .ok_or_else(|| Error::type_error("gdbt's count() takes whole numbers only")),
        };
        let (start, step) = (number(start, 0)?, number(step, 1)?);
        Ok(Value::object(Endless::Count { start, step }))
    }),
    ("cycle", |state, args| {
        let ([items], []) = args.bind("cycle", ["iterable"], [])?;
        let items = items.iterate(state)?;
        let empty = items.is_empty();
        Ok(if empty { Value::list([]) } else { Value::object(Endless::Cycle(items)) })
    }),
    ("repeat", |_, args| {
        let ([item], [times]) = args.bind("repeat", ["object"], ["times"])?;
        match times {
            None => Ok(Value::object(Endless::Cycle(vec![item]))),
            Some(times) => {
                let times = size(&times)?;
                Ok(Value::list(std::iter::repeat_n(item, times)))
            }
        }
    }),
    ("accumulate", accumulate),
    ("chain", |state, args| {
        let mut all = Vec::new();
        for iterable in &args.positional {
            all.extend(iterable.iterate(state)?);
        }
        Ok(Value::list(all))
    }),
    ("compress", |state, args| {
        let ([data, selectors], []) = args.bind("compress", ["data", "selectors"], [])?;
        let columns = finite_columns(state, &[data, selectors])?;
        let pairs = columns[0].iter().zip(&columns[1]);
        let chosen = pairs.filter(|(_, selector)| selector.truthy());
        Ok(Value::list(chosen.map(|(item, _)| item.clone())))
    }),
    ("islice", |state, args| islice(state, &args)),
    ("starmap", |state, args| {
        let ([function, iterable], []) = args.bind("starmap", ["function", "iterable"], [])?;
        let mut results = Vec::new();
        for arguments in iterable.iterate(state)? {
            let arguments = arguments.iterate(state)?;
            results.push(function.call(state, Args::positional(arguments))?);
        }
        Ok(Value::list(results))
    }),
    ("tee", |state, args| {
        let ([iterable], [n]) = args.bind("tee", ["iterable"], ["n"])?;
        let items = iterable.iterate(state)?;
        let n = n.map_or(Ok(2), |n| size(&n))?;
        Ok(Value::tuple((0..n).map(|_| Value::list(items.clone()))))
    }),
    ("zip_longest", zip_longest),
    ("product", |state, mut args| {
        let repeat = args.take_keyword("repeat").map_or(Ok(1), |repeat| size(&repeat))?;
        let columns = finite_columns(state, &args.positional)?;
        let count = columns.len() * repeat;
        let columns: Vec<_> = columns.iter().cycle().take(count).cloned().collect();
        product(&columns)
    }),
    ("permutations", |state, args| {
        let ([iterable], [r]) = args.bind("permutations", ["iterable"], ["r"])?;
        let items = iterable.iterate(state)?;
        let r = r.filter(|r| !r.is_none()).map_or(Ok(items.len()), |r| size(&r))?;
        choose(&items, r, |chosen, at| !chosen.contains(&at))
    }),
    ("combinations", |state, args| {
        let ([iterable, r], []) = args.bind("combinations", ["iterable", "r"], [])?;
        let items = iterable.iterate(state)?;
        choose(&items, size(&r)?, |chosen, at| chosen.last().is_none_or(|last| *last < at))
    }),
    ("combinations_with_replacement", |state, args| {
        let ([iterable, r], []) =
            args.bind("combinations_with_replacement", ["iterable", "r"], [])?;
        let items = iterable.iterate(state)?;
        choose(&items, size(&r)?, |chosen, at| chosen.last().is_none_or(|last| *last <= at))
    }),
];

/// An iterator that never ends.
#[derive(Debug)]
pub enum Endless {
    /// `count(start, step)`
    Count {
        /// The first number.
        start: i64,
        /// The distance to the next.
        step: i64,
    },
    /// `cycle(items)` and `repeat(item)`
    Cycle(Vec<Value>),
}

impl Endless {
    /// The iterator behind a value, if it is an endless one.
    pub fn of(value: &Value) -> Option<&Self> {
        value.downcast()
    }

    /// The first items.
    pub fn take(&self, length: usize) -> Result<Vec<Value>> {
        if length > LIMIT {
            return Err(too_many());
        }
        match self {
            Self::Cycle(items) => Ok(items.iter().cycle().take(length).cloned().collect()),
            Self::Count { start, step } => {
                let number = |at: usize| {
                    let at = i64::try_from(at).ok()?;
                    start.checked_add(step.checked_mul(at)?)
                };
                (0..length).map(|at| number(at).map(Value::Int).ok_or_else(too_many)).collect()
            }
        }
    }
}

impl Object for Endless {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Count { .. } => "count",
            Self::Cycle(_) => "cycle",
        }
    }

    fn iterate(&self, _: &mut State<'_>) -> Result<Option<Vec<Value>>> {
        Err(Error::value_error(format!("{}() never ends; use islice()", self.type_name())))
    }

    fn qualified_name(&self) -> String {
        format!("itertools.{}", self.type_name())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn size(value: &Value) -> Result<usize> {
    let number = value.as_int().ok_or_else(|| {
        Error::type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            value.type_name()
        ))
    })?;
    usize::try_from(number).map_err(|_| Error::value_error("the number must not be negative"))
}

fn too_many() -> Error {
    Error::value_error(format!("more than {LIMIT} items"))
}

fn accumulate(state: &mut State<'_>, args: Args) -> Result<Value> {
    let ([iterable], [function, initial]) =
        args.bind("accumulate", ["iterable"], ["func", "initial"])?;
    let mut items = iterable.iterate(state)?.into_iter();
    let Some(mut total) = initial.filter(|value| !value.is_none()).or_else(|| items.next()) else {
        return Ok(Value::list([]));
    };
    let mut totals = vec![total.clone()];
    for item in items {
        total = match &function {
            Some(function) if !function.is_none() => {
                function.call(state, Args::positional([total, item]))?
            }
            _ => add(&total, &item)?,
        };
        totals.push(total.clone());
    }
    Ok(Value::list(totals))
}

fn add(left: &Value, right: &Value) -> Result<Value> {
    let sum = match (left, right) {
        (Value::Str(left), Value::Str(right)) => Some(Value::from(format!("{left}{right}"))),
        (Value::Float(left), Value::Float(right)) => Some(Value::Float(left + right)),
        _ => left
            .as_int()
            .zip(right.as_int())
            .and_then(|(left, right)| left.checked_add(right).map(Value::Int)),
    };
    sum.ok_or_else(|| {
        Error::type_error("gdbt's accumulate() adds ints, floats or strings; give it a function")
    })
}

fn islice(state: &mut State<'_>, args: &Args) -> Result<Value> {
    let bound = |at: usize| match args.positional.get(at) {
        None | Some(Value::None) => Ok(None),
        Some(value) => size(value).map(Some),
    };
    let Some(iterable) = args.positional.first() else {
        return Err(Error::type_error("islice expected at least 2 arguments, got 0"));
    };
    let (start, end, step) = match args.positional.len() {
        2 => (0, bound(1)?, 1),
        3 | 4 => (bound(1)?.unwrap_or(0), bound(2)?, bound(3)?.unwrap_or(1).max(1)),
        given => {
            return Err(Error::type_error(format!("islice takes 2 to 4 arguments, got {given}")));
        }
    };
    let items = match (Endless::of(iterable), end) {
        (Some(endless), Some(end)) => endless.take(end)?,
        _ => iterable.iterate(state)?,
    };
    let end = end.unwrap_or(items.len());
    Ok(Value::list(items.into_iter().take(end).skip(start).step_by(step)))
}

fn zip_longest(state: &mut State<'_>, mut args: Args) -> Result<Value> {
    let fill = args.take_keyword("fillvalue").unwrap_or(Value::None);
    let mut columns = Vec::new();
    for iterable in &args.positional {
        columns.push(iterable.iterate(state)?);
    }
    let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |column: &Vec<Value>, at: usize| column.get(at).unwrap_or(&fill).clone();
    Ok(Value::list((0..rows).map(|at| Value::tuple(columns.iter().map(|column| cell(column, at))))))
}

fn product(columns: &[Vec<Value>]) -> Result<Value> {
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for column in columns {
        if rows.len().saturating_mul(column.len()) > LIMIT {
            return Err(too_many());
        }
        let extend = |row: &Vec<Value>| {
            let row = row.clone();
            column.iter().map(move |item| row.iter().chain([item]).cloned().collect())
        };
        rows = rows.iter().flat_map(extend).collect();
    }
    Ok(Value::list(rows.into_iter().map(Value::tuple)))
}

/// All choices of `r` positions in which each position is allowed after the earlier ones.
fn choose(items: &[Value], r: usize, allowed: fn(&[usize], usize) -> bool) -> Result<Value> {
    let mut choices: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..r {
        let mut longer = Vec::new();
        for chosen in &choices {
            for at in (0..items.len()).filter(|at| allowed(chosen, *at)) {
                longer.push(chosen.iter().copied().chain([at]).collect());
                if longer.len() > LIMIT {
                    return Err(too_many());
                }
            }
        }
        choices = longer;
    }
    let row = |chosen: Vec<usize>| Value::tuple(chosen.into_iter().map(|at| items[at].clone()));
    Ok(Value::list(choices.into_iter().map(row)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, args: impl IntoIterator<Item = Value>) -> String {
        let silent: Arc<dyn Sink> = Arc::new(crate::event::Silent);
        let Value::Dict(module) = module(&silent) else { panic!() };
        let mut state = State::new(&());
        let function = module.get_str(name).unwrap();
        function.call(&mut state, Args::positional(args)).unwrap().repr()
    }

    fn abc() -> Value {
        Value::list(["a", "b", "c"].map(Value::from))
    }

    #[test]
    fn choices_come_in_pythons_order() {
        assert_eq!(
            call("combinations", [abc(), Value::Int(2)]),
            "[('a', 'b'), ('a', 'c'), ('b', 'c')]"
        );
        assert_eq!(
            call("permutations", [Value::list([Value::Int(1), Value::Int(2)])]),
            "[(1, 2), (2, 1)]"
        );
        assert_eq!(
            call("product", [Value::list([Value::Int(1), Value::Int(2)]), abc()]),
            "[(1, 'a'), (1, 'b'), (1, 'c'), (2, 'a'), (2, 'b'), (2, 'c')]"
        );
    }

    #[test]
    fn endless_iterators_can_be_sliced() {
        let count = Value::object(Endless::Count { start: 5, step: 5 });
        assert_eq!(call("islice", [count, Value::Int(3)]), "[5, 10, 15]");
        assert_eq!(call("accumulate", [Value::list([1, 2, 3].map(Value::Int))]), "[1, 3, 6]");
    }
}
