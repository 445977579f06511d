//! Filters on text.

// Every filter has the same signature.
#![allow(clippy::needless_pass_by_value)]

use std::fmt::Write;

use super::super::error::{Error, Result};
use super::super::eval::State;
use super::super::json;
use super::super::value::{Args, Value, printf, text_methods};

/// `x | lower`
pub fn lower(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], []) = args.bind_after(1, "do_lower", [], [])?;
    Ok(input.to_string().to_lowercase().into())
}

/// `x | upper`
pub fn upper(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], []) = args.bind_after(1, "do_upper", [], [])?;
    Ok(input.to_string().to_uppercase().into())
}

/// `x | capitalize`
pub fn capitalize(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], []) = args.bind_after(1, "do_capitalize", [], [])?;
    Ok(text_methods::capitalize(&input.to_string()).into())
}

/// `x | title`: a word starts after white space, a hyphen or an opening bracket.
pub fn title(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], []) = args.bind_after(1, "do_title", [], [])?;
    let mut out = String::new();
    let mut start = true;
    for c in input.to_string().chars() {
        let divides = c.is_whitespace() || matches!(c, '-' | '(' | '{' | '[' | '<');
        if start {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        start = divides;
    }
    Ok(out.into())
}

/// `x | trim(chars)`
pub fn trim(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [chars]) = args.bind_after(1, "do_trim", [], ["chars"])?;
    Value::from(input.to_string()).call_method(state, "strip", Args::positional(chars))
}

/// `x | replace(old, new, count)`
pub fn replace(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([old, new], [count]) = args.bind_after(2, "do_replace", ["old", "new"], ["count"])?;
    let (text, old, new) = (input.to_string(), old.to_string(), new.to_string());
    text_methods::check_replaced(&text, &old, &new)?;
    Ok(match count.and_then(|count| count.as_int()).and_then(|count| usize::try_from(count).ok()) {
        Some(count) => text.replacen(&old, &new, count),
        None => text.replace(&old, &new),
    }
    .into())
}

/// `x | format(values)`
pub fn format(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    if !args.positional.is_empty() && !args.keyword.is_empty() {
        return Err(Error::type_error(
            "can't handle positional and keyword arguments at the same time",
        ));
    }
    let values = if args.keyword.is_empty() {
        Value::tuple(args.positional)
    } else {
        Value::dict(args.keyword)
    };
    printf::format(&input.to_string(), &values).map(Value::from)
}

/// `x | center(width)`
pub fn center(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [width]) = args.bind_after(1, "do_center", [], ["width"])?;
    let width = width.unwrap_or(Value::Int(80));
    Value::from(input.to_string()).call_method(state, "center", Args::positional([width]))
}

/// `x | indent(width, first, blank)`
pub fn indent(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [width, first, blank]) =
        args.bind_after(1, "do_indent", [], ["width", "first", "blank"])?;
    let indention = match width {
        None => "    ".to_owned(),
        Some(Value::Str(text)) => text.to_string(),
        Some(width) => {
            let width = width.as_int().and_then(|width| usize::try_from(width).ok()).unwrap_or(0);
            " ".repeat(width.min(1 << 16))
        }
    };
    let flag = |flag: Option<Value>| flag.is_some_and(|flag| flag.truthy());
    let (first, blank) = (flag(first), flag(blank));
    let text = input.to_string() + "\n";
    let mut out = String::with_capacity(text.len() * 2);
    for (at, line) in text_methods::lines(&text, false).into_iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if (at == 0 && first) || (at > 0 && (blank || !line.is_empty())) {
            out.push_str(&indention);
        }
        out.push_str(line);
    }
    Ok(out.into())
}

/// `x | truncate(length, killwords, end, leeway)`
pub fn truncate(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [length, kill, end, leeway]) =
        args.bind_after(2, "do_truncate", [], ["length", "killwords", "end", "leeway"])?;
    let number = |value: Option<Value>, default: usize| {
        value.and_then(|v| v.as_int()).and_then(|v| usize::try_from(v).ok()).unwrap_or(default)
    };
    let (length, leeway) = (number(length, 255), number(leeway, 5));
    let end = end.map_or_else(|| "...".to_owned(), |end| end.to_string());
    let text: Vec<char> = input.to_string().chars().collect();
    let end_length = end.chars().count();
    if length < end_length {
        return Err(Error::value_error(format!("expected length >= {end_length}, got {length}")));
    }
    if text.len() <= length.saturating_add(leeway) {
        return Ok(input.to_string().into());
    }
    let cut: String = text[..length - end_length].iter().collect();
    if kill.is_some_and(|kill| kill.truthy()) {
        return Ok((cut + &end).into());
    }
    let kept = cut.rsplit_once(' ').map_or(&*cut, |(before, _)| before);
    Ok(format!("{kept}{end}").into())
}

/// `x | wordcount`
pub fn word_count(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], []) = args.bind_after(1, "do_wordcount", [], [])?;
    let text = input.to_string();
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    Ok(words.filter(|word| !word.is_empty()).count().into())
}

/// `x | wordwrap(width)`: lines are broken at spaces, and inside words that are too long.
pub fn word_wrap(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [width, break_long, wrap, _hyphens]) = args.bind_after(
        2,
        "do_wordwrap",
        [],
        ["width", "break_long_words", "wrapstring", "break_on_hyphens"],
    )?;
    let width = width.and_then(|w| w.as_int()).and_then(|w| usize::try_from(w).ok()).unwrap_or(79);
    if width == 0 {
        return Err(Error::value_error("invalid width 0 (must be > 0)"));
    }
    let break_long = break_long.is_none_or(|flag| flag.truthy());
    let wrap =
        wrap.filter(|wrap| !wrap.is_none()).map_or_else(|| "\n".to_owned(), |w| w.to_string());
    let text = input.to_string();
    let wrapped: Vec<String> = text_methods::lines(&text, false)
        .into_iter()
        .map(|line| wrap_line(line, width, break_long).join(&wrap))
        .collect();
    Ok(wrapped.join(&wrap).into())
}

fn wrap_line(line: &str, width: usize, break_long: bool) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in line.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        let space = usize::from(used > 0);
        if used + space + word.len() > width && used > 0 {
            lines.push(String::new());
            used = 0;
        }
        while break_long && word.len() > width {
            let rest = word.split_off(width);
            if let Some(last) = lines.last_mut() {
                last.extend(word);
            }
            lines.push(String::new());
            word = rest;
        }
        if let Some(last) = lines.last_mut() {
            if used > 0 {
                last.push(' ');
                used += 1;
            }
            used += word.len();
            last.extend(word);
        }
    }
    lines
}

/// `x | escape`
pub fn escape(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    args.none_after_input("escape")?;
    Ok(escaped(&input.to_string()).into())
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            c => out.push(c),
        }
    }
    out
}

/// `x | xmlattr(autospace)`
pub fn xml_attributes(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [space]) = args.bind_after(2, "do_xmlattr", [], ["autospace"])?;
    let items = input.call_method(state, "items", Args::none())?.iterate(state)?;
    let mut parts = Vec::new();
    for item in items {
        let Value::Tuple(item) = &item else { continue };
        let [key, value] = &**item else { continue };
        if value.is_none() || value.is_undefined() {
            continue;
        }
        let key = key.to_string();
        if key.contains(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=')) {
            let shown = Value::from(key).repr();
            return Err(Error::value_error(format!(
                "Invalid character in attribute name: {shown}"
            )));
        }
        parts.push(format!("{}=\"{}\"", escaped(&key), escaped(&value.to_string())));
    }
    let text = parts.join(" ");
    let lead = !text.is_empty() && space.is_none_or(|space| space.truthy());
    Ok(if lead { format!(" {text}") } else { text }.into())
}

/// `x | striptags`: tags go, runs of white space become one space.
pub fn strip_tags(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], []) = args.bind_after(1, "do_striptags", [], [])?;
    let text = input.to_string();
    let mut plain = String::new();
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        let Some((_, after)) = after.split_once('>') else {
            plain.push('<');
            rest = after;
            break;
        };
        rest = after;
    }
    plain.push_str(rest);
    Ok(plain.split_whitespace().collect::<Vec<_>>().join(" ").into())
}

/// `x | urlencode`: a text, or pairs as a query.
pub fn url_encode(state: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], []) = args.bind_after(1, "do_urlencode", [], [])?;
    let pairs = match &input {
        Value::Dict(dict) => dict.items(),
        Value::List(_) | Value::Tuple(_) => {
            super::super::value::methods::pairs(state, Some(input.clone()))?
        }
        other => return Ok(quote(&other.to_string(), true).into()),
    };
    let encoded: Vec<String> = pairs
        .iter()
        .map(|(key, value)| {
            format!("{}={}", quote(&key.to_string(), false), quote(&value.to_string(), false))
        })
        .collect();
    Ok(encoded.join("&").into())
}

fn quote(text: &str, keep_slash: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                out.push(char::from(byte));
            }
            b'/' if keep_slash => out.push('/'),
            b' ' if !keep_slash => out.push('+'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// `x | tojson(indent)`: keys are sorted, and what HTML could misread is escaped.
pub fn to_json(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [indent]) = args.bind_after(2, "do_tojson", [], ["indent"])?;
    let style = json::Style {
        sort_keys: true,
        indent: indent.and_then(|i| i.as_int()).and_then(|i| usize::try_from(i).ok()),
    };
    let text = json::to_text(&input, &style)?;
    Ok(text
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\'', "\\u0027")
        .into())
}
