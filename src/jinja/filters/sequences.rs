//! Filters on sequences and dicts. Where Python gives an iterator, these give a list.

// Every filter has the same signature.
#![allow(clippy::needless_pass_by_value)]

use std::any::Any;

use super::super::error::{Error, Result};
use super::super::eval::State;
use super::super::ir::BinaryOp;
use super::super::value::{Args, Object, Reason, Value, arithmetic, methods, ops};
use super::{Getter, call_filter, call_test};

/// The most parts `slice` makes, as many as `range` has numbers.
const MOST_SLICES: usize = 100_000;

fn flag(value: Option<Value>) -> bool {
    value.is_some_and(|value| value.truthy())
}

fn hint(state: &State<'_>, text: &str) -> Value {
    state.undefined_because("", Reason::Hint(text.into()))
}

/// `x | list`
pub fn list(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], []) = args.bind_after(1, "sync_do_list", [], [])?;
    input.iterate(state).map(Value::list)
}

/// `x | items`
pub fn items(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], []) = args.bind_after(1, "do_items", [], [])?;
    match &input {
        Value::Undefined(_) => Ok(Value::list([])),
        Value::Dict(_) => input.call_method(state, "items", Args::none()),
        Value::Object(object) if object.is_mapping() => {
            let pairs = methods::pairs(state, Some(input.clone()))?;
            Ok(Value::list(pairs.into_iter().map(|(key, value)| Value::tuple([key, value]))))
        }
        _ => Err(Error::type_error("Can only get item pairs from a mapping.")),
    }
}

/// `x | first`
pub fn first(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], []) = args.bind_after(2, "sync_do_first", [], [])?;
    let first = input.iterate(state)?.into_iter().next();
    Ok(first.unwrap_or_else(|| hint(state, "No first item, sequence was empty.")))
}

/// `x | last`
pub fn last(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], []) = args.bind_after(2, "do_last", [], [])?;
    if matches!(input, Value::Set(_)) {
        return Err(Error::type_error("'set' object is not reversible"));
    }
    let last = input.iterate(state)?.pop();
    Ok(last.unwrap_or_else(|| hint(state, "No last item, sequence was empty.")))
}

/// `x | random`
pub fn random(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    use std::hash::{BuildHasher, RandomState};
    let ([], []) = args.bind_after(2, "do_random", [], [])?;
    let items = input.iterate(state)?;
    if items.is_empty() {
        return Ok(hint(state, "No random item, sequence was empty."));
    }
    let at = RandomState::new().hash_one(0) % items.len() as u64;
    Ok(items[usize::try_from(at).unwrap_or(0)].clone())
}

/// `x | reverse`
pub fn reverse(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], []) = args.bind_after(1, "do_reverse", [], [])?;
    if let Value::Str(text) = &input {
        return Ok(text.chars().rev().collect::<String>().into());
    }
    let mut items = input.iterate(state)?;
    items.reverse();
    Ok(Value::list(items))
}

/// `x | join(separator, attribute)`
pub fn join(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [separator, attribute]) =
        args.bind_after(2, "sync_do_join", [], ["d", "attribute"])?;
    let separator = separator.map(|separator| separator.to_string()).unwrap_or_default();
    let getter = Getter::new(attribute.as_ref(), None, false);
    let mut out = String::new();
    for (at, item) in input.iterate(state)?.iter().enumerate() {
        if at > 0 {
            out.push_str(&separator);
        }
        out.push_str(&getter.get(state, item)?.to_string());
    }
    Ok(out.into())
}

/// `x | sort(reverse, case_sensitive, attribute)`
pub fn sort(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [reverse, case, attribute]) =
        args.bind_after(2, "do_sort", [], ["reverse", "case_sensitive", "attribute"])?;
    let ignore_case = !flag(case);
    let items = input.iterate(state)?;
    let keyed = match &attribute {
        // Several attributes sort by the first, then the next.
        Some(Value::Str(names)) if names.contains(',') => {
            let getters: Vec<Getter> = names
                .split(',')
                .map(|name| Getter::new(Some(&Value::str(name)), None, ignore_case))
                .collect();
            let mut keyed = Vec::with_capacity(items.len());
            for item in items {
                let key = getters
                    .iter()
                    .map(|getter| getter.get(state, &item))
                    .collect::<Result<Vec<_>>>()?;
                keyed.push((Value::list(key), item));
            }
            keyed
        }
        other => Getter::new(other.as_ref(), None, ignore_case).keyed(state, items)?,
    };
    methods::sort_by_key(keyed, flag(reverse)).map(Value::list)
}

/// `x | dictsort(case_sensitive, by, reverse)`
pub fn dictsort(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [case, by, reverse]) =
        args.bind_after(1, "do_dictsort", [], ["case_sensitive", "by", "reverse"])?;
    let ignore_case = !flag(case);
    let at = match by.as_ref().map_or("key", |by| by.as_str().unwrap_or_default()) {
        "key" => 0,
        "value" => 1,
        _ => {
            return Err(Error::new(
                super::super::error::ExceptionKind::TemplateRuntime,
                "You can only sort by either \"key\" or \"value\"",
            ));
        }
    };
    let pairs = input.call_method(state, "items", Args::none())?.iterate(state)?;
    let getter = Getter::new(Some(&Value::Int(at)), None, ignore_case);
    let keyed = getter.keyed(state, pairs)?;
    methods::sort_by_key(keyed, flag(reverse)).map(Value::list)
}

/// `x | unique(case_sensitive, attribute)`
pub fn unique(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [case, attribute]) =
        args.bind_after(2, "sync_do_unique", [], ["case_sensitive", "attribute"])?;
    let items = input.iterate(state)?;
    let getter = Getter::new(attribute.as_ref(), None, !flag(case));
    let seen = super::super::value::Set::default();
    let mut kept = Vec::new();
    for (key, item) in getter.keyed(state, items)? {
        if seen.insert(key)? {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

fn extreme(state: &mut State<'_>, input: &Value, args: Args, largest: bool) -> Result<Value> {
    let name = if largest { "do_max" } else { "do_min" };
    let ([], [case, attribute]) = args.bind_after(2, name, [], ["case_sensitive", "attribute"])?;
    let items = input.iterate(state)?;
    let getter = Getter::new(attribute.as_ref(), None, !flag(case));
    let mut best: Option<(Value, Value)> = None;
    for (key, item) in getter.keyed(state, items)? {
        let better = match &best {
            None => true,
            Some((current, _)) => {
                let wanted =
                    if largest { std::cmp::Ordering::Greater } else { std::cmp::Ordering::Less };
                ops::compare(&key, current)? == Some(wanted)
            }
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best
        .map_or_else(|| hint(state, "No aggregated item, sequence was empty."), |(_, item)| item))
}

/// `x | min`
pub fn min(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    extreme(state, &input, args, false)
}

/// `x | max`
pub fn max(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    extreme(state, &input, args, true)
}

/// `x | sum(attribute, start)`
pub fn sum(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [attribute, start]) = args.bind_after(2, "sync_do_sum", [], ["attribute", "start"])?;
    let getter = Getter::new(attribute.as_ref(), None, false);
    let mut total = start.unwrap_or(Value::Int(0));
    if matches!(total, Value::Str(_)) {
        return Err(Error::type_error("sum() can't sum strings [use ''.join(seq) instead]"));
    }
    for item in input.iterate(state)? {
        total = arithmetic::binary(BinaryOp::Add, &total, &getter.get(state, &item)?)?;
    }
    Ok(total)
}

/// Jinja2's `map`, `select` and their like visit nothing in a value that is false, so `none`
/// is fine for them, and so are their arguments then.
fn nothing_to_visit(input: &Value) -> bool {
    !input.truthy()
}

/// `x | map(filter, args)` or `x | map(attribute=name, default=value)`
pub fn map(state: &mut State<'_>, input: Value, mut args: Args) -> Result<Value> {
    if nothing_to_visit(&input) {
        return Ok(Value::list([]));
    }
    if args.positional.is_empty()
        && let Some(attribute) = args.take_keyword("attribute")
    {
        let default = args.take_keyword("default");
        if let Some((name, _)) = args.keyword.first() {
            return Err(Error::type_error(format!("Unexpected keyword argument '{name}'")));
        }
        let getter = Getter::new(Some(&attribute), default, false);
        let items = input.iterate(state)?;
        return items
            .iter()
            .map(|item| getter.get(state, item))
            .collect::<Result<Vec<_>>>()
            .map(Value::list);
    }
    if args.positional.is_empty() {
        return Err(Error::type_error("map requires a filter argument"));
    }
    let filter = args.positional.remove(0);
    let items = input.iterate(state)?;
    items
        .into_iter()
        .map(|item| call_filter(state, &filter, item, args.clone()))
        .collect::<Result<Vec<_>>>()
        .map(Value::list)
}

fn pick(
    state: &mut State<'_>,
    input: &Value,
    mut args: Args,
    by_attribute: bool,
    wanted: bool,
) -> Result<Value> {
    if nothing_to_visit(input) {
        return Ok(Value::list([]));
    }
    let getter = if by_attribute {
        if args.positional.is_empty() {
            return Err(Error::type_error("Missing parameter for attribute name"));
        }
        let attribute = args.positional.remove(0);
        Getter::new(Some(&attribute), None, false)
    } else {
        Getter::new(None, None, false)
    };
    let test = (!args.positional.is_empty()).then(|| args.positional.remove(0));
    let mut kept = Vec::new();
    for item in input.iterate(state)? {
        let subject = getter.get(state, &item)?;
        let holds = match &test {
            Some(test) => call_test(state, test, &subject, args.clone())?,
            None => subject.truthy(),
        };
        if holds == wanted {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

/// `x | select(test, args)`
pub fn select(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    pick(state, &input, args, false, true)
}

/// `x | reject(test, args)`
pub fn reject(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    pick(state, &input, args, false, false)
}

/// `x | selectattr(name, test, args)`
pub fn select_attr(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    pick(state, &input, args, true, true)
}

/// `x | rejectattr(name, test, args)`
pub fn reject_attr(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    pick(state, &input, args, true, false)
}

/// `x | batch(count, fill)`
pub fn batch(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([count], [fill]) = args.bind_after(1, "do_batch", ["linecount"], ["fill_with"])?;
    let count = count.as_int().and_then(|count| usize::try_from(count).ok()).unwrap_or(0).max(1);
    let fill = fill.filter(|fill| !fill.is_none());
    let items = input.iterate(state)?;
    Ok(Value::list(items.chunks(count).map(|chunk| {
        let mut chunk = chunk.to_vec();
        if let Some(fill) = &fill
            && count <= 1 << 20
        {
            chunk.resize(count, fill.clone());
        }
        Value::list(chunk)
    })))
}

/// `x | slice(count, fill)`
pub fn slice(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([count], [fill]) = args.bind_after(1, "sync_do_slice", ["slices"], ["fill_with"])?;
    let count = count.as_int().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    if count == 0 {
        return Err(Error::new(
            super::super::error::ExceptionKind::ZeroDivisionError,
            "integer division or modulo by zero",
        ));
    }
    if count > MOST_SLICES {
        return Err(Error::new(
            super::super::error::ExceptionKind::OverflowError,
            "too many slices",
        ));
    }
    let fill = fill.filter(|fill| !fill.is_none());
    let items = input.iterate(state)?;
    let (each, longer) = (items.len() / count, items.len() % count);
    let mut slices = Vec::new();
    let mut at = 0;
    for number in 0..count {
        let length = each + usize::from(number < longer);
        let mut slice = items[at..at + length].to_vec();
        at += length;
        if let Some(fill) = &fill
            && number >= longer
            && longer > 0
        {
            slice.push(fill.clone());
        }
        slices.push(Value::list(slice));
    }
    Ok(Value::list(slices))
}

/// A group of `groupby`: a pair with named parts.
#[derive(Debug)]
struct Group {
    grouper: Value,
    list: Value,
}

impl Object for Group {
    fn type_name(&self) -> &'static str {
        "_GroupTuple"
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(match name {
            "grouper" => Some(self.grouper.clone()),
            "list" => Some(self.list.clone()),
            _ => None,
        })
    }

    fn get_item(&self, _: &mut State<'_>, key: &Value) -> Result<Option<Value>> {
        Ok(match key.as_int() {
            Some(0 | -2) => Some(self.grouper.clone()),
            Some(1 | -1) => Some(self.list.clone()),
            _ => None,
        })
    }

    fn iterate(&self, _: &mut State<'_>) -> Result<Option<Vec<Value>>> {
        Ok(Some(vec![self.grouper.clone(), self.list.clone()]))
    }

    fn length(&self) -> Option<usize> {
        Some(2)
    }

    fn repr(&self) -> String {
        format!("({}, {})", self.grouper.repr(), self.list.repr())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `x | groupby(attribute, default, case_sensitive)`
pub fn group_by(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([attribute], [default, case]) =
        args.bind_after(2, "sync_do_groupby", ["attribute"], ["default", "case_sensitive"])?;
    let getter = Getter::new(Some(&attribute), default.clone(), !flag(case));
    let shown = Getter::new(Some(&attribute), default, false);
    let items = input.iterate(state)?;
    let keyed = getter.keyed(state, items)?;
    let keyed = keyed.into_iter().map(|(key, item)| (key.clone(), Value::tuple([key, item])));
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for pair in methods::sort_by_key(keyed.collect(), false)? {
        let Value::Tuple(pair) = pair else { continue };
        match groups.last_mut() {
            Some((key, items)) if *key == pair[0] => items.push(pair[1].clone()),
            _ => groups.push((pair[0].clone(), vec![pair[1].clone()])),
        }
    }
    let mut out = Vec::with_capacity(groups.len());
    for (_, items) in groups {
        let grouper = shown.get(state, &items[0])?;
        out.push(Value::object(Group { grouper, list: Value::list(items) }));
    }
    Ok(Value::list(out))
}
