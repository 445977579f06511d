//! Jinja's filters.

// Every filter has the same signature.
#![allow(clippy::needless_pass_by_value)]

mod numbers;
mod pprint;
mod sequences;
mod text;

use super::error::{Error, Result};
use super::eval::State;
use super::value::{Args, Value};
use super::{is_tests, native};

/// `input | filter(args)`.
pub type Filter = fn(&mut State<'_>, Value, Args) -> Result<Value>;

/// The filter of a name.
pub fn find(name: &str) -> Option<Filter> {
    Some(match name {
        "abs" => numbers::abs,
        "as_bool" | "as_native" | "as_number" | "as_text" => return native::filter(name),
        "attr" => attr,
        "batch" => sequences::batch,
        "capitalize" => text::capitalize,
        "center" => text::center,
        "count" | "length" => length,
        "d" | "default" => default,
        "dictsort" => sequences::dictsort,
        "e" | "escape" | "forceescape" => text::escape,
        "filesizeformat" => numbers::file_size,
        "first" => sequences::first,
        "float" => numbers::float,
        "format" => text::format,
        "groupby" => sequences::group_by,
        "indent" => text::indent,
        "int" => numbers::int,
        "is_list" => |_, input, args| {
            let ([], []) = args.bind("is_list", [], [])?;
            Ok(matches!(input, Value::List(_)).into())
        },
        "items" => sequences::items,
        "join" => sequences::join,
        "last" => sequences::last,
        "list" => sequences::list,
        "lower" => text::lower,
        "map" => sequences::map,
        "max" => sequences::max,
        "min" => sequences::min,
        "pprint" => pprint::pprint,
        "random" => sequences::random,
        "reject" => sequences::reject,
        "rejectattr" => sequences::reject_attr,
        "replace" => text::replace,
        "reverse" => sequences::reverse,
        "round" => numbers::round,
        "safe" | "string" => |_, input, _| Ok(input.to_string().into()),
        "select" => sequences::select,
        "selectattr" => sequences::select_attr,
        "slice" => sequences::slice,
        "sort" => sequences::sort,
        "striptags" => text::strip_tags,
        "sum" => sequences::sum,
        "title" => text::title,
        "tojson" => text::to_json,
        "trim" => text::trim,
        "truncate" => text::truncate,
        "unique" => sequences::unique,
        "upper" => text::upper,
        "urlencode" => text::url_encode,
        "xmlattr" => text::xml_attributes,
        "wordcount" => text::word_count,
        "wordwrap" => text::word_wrap,
        _ => return None,
    })
}

/// `x | default(value, boolean)`.
fn default(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [value, boolean]) =
        args.bind_after(1, "do_default", [], ["default_value", "boolean"])?;
    let falsy = boolean.is_some_and(|boolean| boolean.truthy()) && !input.truthy();
    Ok(if input.is_undefined() || falsy { value.unwrap_or_else(|| Value::str("")) } else { input })
}

fn length(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    args.none_after_input("len")?;
    input.length().map(Value::from)
}

fn attr(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([name], []) = args.bind_after(2, "do_attr", ["name"], [])?;
    let name = name.to_string();
    match &input {
        // An item never stands in for an attribute here.
        Value::Dict(dict) if dict.get_str(&name).is_some() => {
            Value::Dict(super::value::Dict::default()).get_attr(state, &name)
        }
        other => other.get_attr(state, &name),
    }
}

/// What `attribute=` arguments mean: a path of attributes and positions.
struct Getter {
    path: Vec<Value>,
    default: Option<Value>,
    ignore_case: bool,
}

impl Getter {
    fn new(attribute: Option<&Value>, default: Option<Value>, ignore_case: bool) -> Self {
        let path = match attribute {
            None | Some(Value::None) => Vec::new(),
            Some(Value::Str(text)) => text
                .split('.')
                .map(|part| part.parse().map_or_else(|_| Value::str(part), Value::Int))
                .collect(),
            Some(other) => vec![other.clone()],
        };
        Self { path, default, ignore_case }
    }

    fn get(&self, state: &mut State<'_>, item: &Value) -> Result<Value> {
        let mut value = item.clone();
        for part in &self.path {
            value = value.get_item(state, part)?;
            if let (true, Some(default)) = (value.is_undefined(), &self.default) {
                value = default.clone();
            }
        }
        Ok(match &value {
            Value::Str(text) if self.ignore_case => text.to_lowercase().into(),
            _ => value,
        })
    }

    /// The keys of all items, with the items.
    fn keyed(&self, state: &mut State<'_>, items: Vec<Value>) -> Result<Vec<(Value, Value)>> {
        items.into_iter().map(|item| Ok((self.get(state, &item)?, item))).collect()
    }
}

/// Calls the filter or test that `map`, `select` and the like are given by name.
fn call_filter(state: &mut State<'_>, name: &Value, input: Value, args: Args) -> Result<Value> {
    let name = name.to_string();
    match find(&name) {
        Some(filter) => filter(state, input, args),
        None => Err(Error::new(
            super::error::ExceptionKind::TemplateRuntime,
            format!("No filter named '{name}'."),
        )),
    }
}

fn call_test(state: &mut State<'_>, name: &Value, input: &Value, args: Args) -> Result<bool> {
    let name = name.to_string();
    match is_tests::find(&name) {
        Some(test) => test(state, input, args),
        None => Err(Error::new(
            super::error::ExceptionKind::TemplateRuntime,
            format!("No test named '{name}'."),
        )),
    }
}
