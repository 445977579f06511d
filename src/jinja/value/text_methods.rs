//! The methods of str.

use std::sync::Arc;

use super::super::error::{Error, Result};
use super::super::eval::State;
use super::{Args, Value, arithmetic, format};

/// The names of all methods.
pub const NAMES: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "translate",
    "upper",
    "zfill",
];

/// Calls a method; `None` when str has no method of this name.
pub fn call(
    state: &mut State<'_>,
    text: &Arc<str>,
    name: &str,
    args: Args,
) -> Result<Option<Value>> {
    if !args.keyword.is_empty()
        && !matches!(name, "format" | "split" | "rsplit" | "splitlines" | "encode" | "expandtabs")
    {
        return Err(Error::type_error(format!("str.{name}() takes no keyword arguments")));
    }
    let same = || Value::Str(text.clone());
    Ok(Some(match name {
        "format" => format::format_text_with(state, text, &args)?.into(),
        "format_map" => {
            let ([mapping], []) = args.bind(name, ["mapping"], [])?;
            let mut named = Args::none();
            if let Value::Dict(dict) = mapping {
                for (key, value) in dict.items() {
                    named = named.with(key.to_string(), value);
                }
            }
            format::format_text_with(state, text, &named)?.into()
        }
        "join" => {
            let ([items], []) = args.bind(name, ["iterable"], [])?;
            join(state, text, &items)?
        }
        "split" | "rsplit" => split(text, name, args)?,
        "splitlines" => {
            let ([], [keep]) = args.bind(name, [], ["keepends"])?;
            let keep = keep.is_some_and(|keep| keep.truthy());
            Value::list(lines(text, keep).into_iter().map(Value::str))
        }
        "replace" => replace(text, args)?,
        "strip" | "lstrip" | "rstrip" => {
            let ([], [set]) = args.bind(name, [], ["chars"])?;
            strip(text, name, set)?
        }
        "startswith" | "endswith" => affix(text, name, &args)?.into(),
        "find" | "rfind" | "index" | "rindex" => find(text, name, args)?,
        "count" => {
            let (inside, needle, _) = window(text, name, args)?;
            let found = if needle.is_empty() {
                inside.chars().count() + 1
            } else {
                inside.matches(&*needle).count()
            };
            found.into()
        }
        "partition" | "rpartition" => {
            let ([separator], []) = args.bind(name, ["sep"], [])?;
            partition(text, name, expect_text(name, &separator)?)?
        }
        "removeprefix" | "removesuffix" => {
            let ([affix], []) = args.bind(name, ["affix"], [])?;
            let affix = expect_text(name, &affix)?;
            let rest = if name == "removeprefix" {
                text.strip_prefix(affix)
            } else {
                text.strip_suffix(affix)
            };
            rest.map_or_else(same, Value::str)
        }
        "center" | "ljust" | "rjust" => pad(text, name, args)?,
        "zfill" => {
            let ([width], []) = args.bind(name, ["width"], [])?;
            zfill(text, expect_width(&width)?)
        }
        "encode" => {
            let ([], [_encoding, _errors]) = args.bind(name, [], ["encoding", "errors"])?;
            Value::Bytes(text.as_bytes().into())
        }
        "expandtabs" => {
            let ([], [size]) = args.bind(name, [], ["tabsize"])?;
            expand_tabs(text, size.and_then(|size| size.as_int()).unwrap_or(8))
        }
        "translate" => {
            let ([table], []) = args.bind(name, ["table"], [])?;
            translate(text, &table)
        }
        _ => return plain(text, name, args),
    }))
}

/// Whether Python takes a character for white space.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// The methods without arguments.
fn plain(text: &str, name: &str, args: Args) -> Result<Option<Value>> {
    let value: Value = match name {
        "lower" => text.to_lowercase().into(),
        "upper" => text.to_uppercase().into(),
        "casefold" => text.to_lowercase().replace('ß', "ss").into(),
        "capitalize" => capitalize(text).into(),
        "title" => title(text).into(),
        "swapcase" => swap_case(text).into(),
        "isalnum" => all(text, char::is_alphanumeric),
        "isalpha" => all(text, char::is_alphabetic),
        "isascii" => text.is_ascii().into(),
        "isdecimal" => all(text, |c| c.is_ascii_digit()),
        "isdigit" | "isnumeric" => all(text, char::is_numeric),
        "isspace" => all(text, is_space),
        "isprintable" => (!text.chars().any(char::is_control)).into(),
        "isidentifier" => is_identifier(text).into(),
        "islower" => has_case(text, char::is_lowercase, char::is_uppercase),
        "isupper" => has_case(text, char::is_uppercase, char::is_lowercase),
        "istitle" => (text.chars().any(char::is_alphabetic) && title(text) == text).into(),
        _ => return Ok(None),
    };
    let ([], []) = args.bind(name, [], [])?;
    Ok(Some(value))
}

fn all(text: &str, test: impl Fn(char) -> bool) -> Value {
    (!text.is_empty() && text.chars().all(test)).into()
}

fn has_case(text: &str, wanted: impl Fn(char) -> bool, other: impl Fn(char) -> bool) -> Value {
    (text.chars().any(wanted) && !text.chars().any(other)).into()
}

fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && characters.all(|c| c == '_' || c.is_alphanumeric())
}

/// First character upper, the others lower.
pub fn capitalize(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => {
            first.to_uppercase().chain(characters.flat_map(char::to_lowercase)).collect()
        }
        None => String::new(),
    }
}

fn title(text: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        inside = c.is_alphabetic();
    }
    out
}

fn swap_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_uppercase() { out.extend(c.to_lowercase()) } else { out.extend(c.to_uppercase()) }
    }
    out
}

fn expect_text<'a>(method: &str, value: &'a Value) -> Result<&'a str> {
    match value {
        Value::Str(text) => Ok(text),
        Value::Undefined(undefined) => Err(undefined.error()),
        other => Err(Error::type_error(format!(
            "{method}() argument must be str, not {}",
            other.type_name()
        ))),
    }
}

fn expect_width(value: &Value) -> Result<usize> {
    let width = value.as_int().ok_or_else(|| {
        Error::type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            value.type_name()
        ))
    })?;
    let width = usize::try_from(width).unwrap_or(0);
    if width > 1 << 24 {
        return Err(Error::value_error("width too big"));
    }
    Ok(width)
}

fn join(state: &mut State<'_>, separator: &str, items: &Value) -> Result<Value> {
    let mut out = String::new();
    for (at, item) in items.iterate(state)?.iter().enumerate() {
        let Value::Str(item) = item else {
            return Err(Error::type_error(format!(
                "sequence item {at}: expected str instance, {} found",
                item.type_name()
            )));
        };
        if at > 0 {
            out.push_str(separator);
        }
        out.push_str(item);
    }
    Ok(out.into())
}

fn limit(most: Option<Value>) -> usize {
    most.and_then(|most| most.as_int())
        .map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX))
}

fn split(text: &str, name: &str, args: Args) -> Result<Value> {
    let ([], [separator, most]) = args.bind(name, [], ["sep", "maxsplit"])?;
    let most = limit(most);
    let from_right = name == "rsplit";
    let Some(separator) = separator.filter(|separator| !separator.is_none()) else {
        return Ok(split_spaces(text, most, from_right));
    };
    let separator = expect_text(name, &separator)?;
    if separator.is_empty() {
        return Err(Error::value_error("empty separator"));
    }
    let most = most.saturating_add(1);
    Ok(if from_right {
        collect(text.rsplitn(most, separator).collect(), true)
    } else {
        collect(text.splitn(most, separator).collect(), false)
    })
}

fn collect(mut parts: Vec<&str>, reverse: bool) -> Value {
    if reverse {
        parts.reverse();
    }
    Value::list(parts.into_iter().map(Value::str))
}

fn split_spaces(text: &str, most: usize, from_right: bool) -> Value {
    let mut parts = Vec::new();
    let strip = |rest: &'_ str| -> usize {
        if from_right {
            rest.trim_end_matches(is_space).len()
        } else {
            rest.len() - rest.trim_start_matches(is_space).len()
        }
    };
    let mut rest = text;
    loop {
        // What is left after the last split keeps its spaces on the far side.
        rest = if from_right { &rest[..strip(rest)] } else { &rest[strip(rest)..] };
        if rest.is_empty() {
            break;
        }
        let at = if from_right { rest.rfind(is_space) } else { rest.find(is_space) };
        let Some(at) = at.filter(|_| parts.len() < most) else {
            parts.push(rest);
            break;
        };
        let (before, after) = rest.split_at(at);
        if from_right {
            parts.push(after.trim_start_matches(is_space));
            rest = before;
        } else {
            parts.push(before);
            rest = after;
        }
    }
    collect(parts, from_right)
}

/// The lines of a text as `str.splitlines` finds them.
pub fn lines(text: &str, keep_ends: bool) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    let is_end = |c: char| {
        matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'
                ..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    while let Some(at) = rest.find(is_end) {
        let width = if rest[at..].starts_with("\r\n") {
            2
        } else {
            rest[at..].chars().next().map_or(1, char::len_utf8)
        };
        lines.push(&rest[..if keep_ends { at + width } else { at }]);
        rest = &rest[at + width..];
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

fn replace(text: &str, args: Args) -> Result<Value> {
    let ([old, new], [count]) = args.bind("replace", ["old", "new"], ["count"])?;
    let (old, new) = (expect_text("replace", &old)?, expect_text("replace", &new)?);
    check_replaced(text, old, new)?;
    Ok(match count.and_then(|count| count.as_int()) {
        Some(count) if count >= 0 => {
            text.replacen(old, new, usize::try_from(count).unwrap_or(usize::MAX))
        }
        _ => text.replace(old, new),
    }
    .into())
}

/// Whether replacing everything gives a text of a size that can be.
///
/// # Errors
/// An `OverflowError` when it is too long.
pub fn check_replaced(text: &str, old: &str, new: &str) -> Result<()> {
    let most = text.len() / old.len().max(1) + 1;
    match new.len().checked_mul(most) {
        Some(length) if length <= arithmetic::LONGEST => Ok(()),
        _ if text.matches(old).count().saturating_mul(new.len()) <= arithmetic::LONGEST => Ok(()),
        _ => Err(arithmetic::too_large()),
    }
}

fn strip(text: &str, name: &str, set: Option<Value>) -> Result<Value> {
    let set: Option<Vec<char>> = match set {
        None | Some(Value::None) => None,
        Some(set) => Some(expect_text(name, &set)?.chars().collect()),
    };
    let test = |c: char| set.as_ref().map_or_else(|| is_space(c), |set| set.contains(&c));
    Ok(Value::str(match name {
        "lstrip" => text.trim_start_matches(test),
        "rstrip" => text.trim_end_matches(test),
        _ => text.trim_matches(test),
    }))
}

/// A part of a text by optional positions in characters; also where it starts.
fn window(text: &str, name: &str, args: Args) -> Result<(String, String, usize)> {
    let ([needle], [start, stop]) = args.bind(name, ["sub"], ["start", "end"])?;
    let needle = expect_text(name, &needle)?.to_owned();
    if start.is_none() && stop.is_none() {
        return Ok((text.to_owned(), needle, 0));
    }
    let length = text.chars().count();
    let at = |value: Option<Value>, default: usize| match value.and_then(|value| value.as_int()) {
        None => default,
        Some(at) if at < 0 => {
            length.saturating_sub(usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX))
        }
        Some(at) => usize::try_from(at).unwrap_or(usize::MAX),
    };
    let (start, stop) = (at(start, 0), at(stop, length).min(length));
    let inside = text.chars().skip(start).take(stop.saturating_sub(start)).collect();
    Ok((inside, needle, start))
}

fn find(text: &str, name: &str, args: Args) -> Result<Value> {
    let (inside, needle, start) = window(text, name, args)?;
    let at = if name.starts_with('r') { inside.rfind(&*needle) } else { inside.find(&*needle) };
    match at {
        Some(at) => Ok((start + inside[..at].chars().count()).into()),
        None if name.ends_with("index") => Err(Error::value_error("substring not found")),
        None => Ok(Value::Int(-1)),
    }
}

fn affix(text: &str, name: &str, args: &Args) -> Result<bool> {
    let wanted = match args.positional.first() {
        Some(Value::Tuple(items)) => items.to_vec(),
        Some(other) => vec![other.clone()],
        None => {
            return Err(Error::type_error(format!("{name}() takes at least 1 argument (0 given)")));
        }
    };
    for affix in wanted {
        if !matches!(affix, Value::Str(_)) {
            return Err(Error::type_error(format!(
                "{name} first arg must be str or a tuple of str, not {}",
                affix.type_name()
            )));
        }
        let mut one = args.clone();
        one.positional[0] = affix;
        let (inside, affix, _) = window(text, name, one)?;
        let found = if name == "startswith" {
            inside.starts_with(&affix)
        } else {
            inside.ends_with(&affix)
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

fn partition(text: &str, name: &str, separator: &str) -> Result<Value> {
    if separator.is_empty() {
        return Err(Error::value_error("empty separator"));
    }
    let from_right = name == "rpartition";
    let found = if from_right { text.rsplit_once(separator) } else { text.split_once(separator) };
    let parts = match found {
        Some((before, after)) => [before, separator, after],
        None if from_right => ["", "", text],
        None => [text, "", ""],
    };
    Ok(Value::tuple(parts.map(Value::str)))
}

fn pad(text: &str, name: &str, args: Args) -> Result<Value> {
    let ([width], [fill]) = args.bind(name, ["width"], ["fillchar"])?;
    let fill = fill.map_or_else(|| " ".to_owned(), |fill| fill.to_string());
    if fill.chars().count() != 1 {
        return Err(Error::type_error("The fill character must be exactly one character long"));
    }
    let width = expect_width(&width)?;
    let missing = width.saturating_sub(text.chars().count());
    let (left, right) = match name {
        "ljust" => (0, missing),
        "rjust" => (missing, 0),
        // CPython rounds so that odd widths lean left and even ones right.
        _ => {
            let left = missing / 2 + (missing & width & 1);
            (left, missing - left)
        }
    };
    Ok(format!("{}{text}{}", fill.repeat(left), fill.repeat(right)).into())
}

fn zfill(text: &str, width: usize) -> Value {
    let zeros = "0".repeat(width.saturating_sub(text.chars().count()));
    match text.strip_prefix(['-', '+']) {
        Some(digits) => format!("{}{zeros}{digits}", &text[..1]).into(),
        None => format!("{zeros}{text}").into(),
    }
}

fn expand_tabs(text: &str, size: i64) -> Value {
    let size = usize::try_from(size).unwrap_or(0).min(1 << 10);
    let mut column = 0;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => {
                let width = if size == 0 { 0 } else { size - column % size };
                out.extend(std::iter::repeat_n(' ', width));
                column += width;
            }
            '\n' | '\r' => {
                out.push(c);
                column = 0;
            }
            _ => {
                out.push(c);
                column += 1;
            }
        }
    }
    out.into()
}

fn translate(text: &str, table: &Value) -> Value {
    let Value::Dict(table) = table else { return Value::str(text) };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match table.get(&Value::Int(u32::from(c).into())) {
            None => out.push(c),
            Some(Value::None) => {}
            Some(Value::Int(code)) => {
                out.extend(u32::try_from(code).ok().and_then(char::from_u32));
            }
            Some(other) => out.push_str(&other.to_string()),
        }
    }
    out.into()
}
