//! Compiled templates and macros: shareable, made once, run often.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, Result, Span};

use super::error::Error;
use super::eval::State;
use super::globals::Globals;
use super::ir::{Expr, Function, Stmt};
use super::scope::{expr_mentions, mentions};
use super::trace::Mark;
use super::value::{Args, Value};
use super::{native, syntax};

/// A file of the user's: where spans of templates point.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as messages show it, relative to the project's root where it lies inside it.
    pub path: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
}

impl SourceFile {
    /// A file.
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into() })
    }

    /// A place in the file.
    pub fn span(&self, range: Range<usize>) -> Span {
        Span::from_bytes(self.path.clone(), &self.text, range.start, range.end)
    }
}

/// A compiled template.
#[derive(Debug)]
pub struct Template {
    file: Arc<SourceFile>,
    range: Range<usize>,
    pub(super) function: Function,
}

/// Whether a text has any mark of Jinja's. dbt does not render texts without one, and so
/// their last line end stays.
fn has_marks(text: &str) -> bool {
    text.as_bytes()
        .windows(2)
        .any(|pair| matches!(pair, [b'{', b'{' | b'%' | b'#'] | [b'}' | b'%' | b'#', b'}']))
}

impl Template {
    /// Compiles a part of a file: all of it, or a block's contents.
    ///
    /// # Errors
    /// [`Code::JinjaSyntax`] with Jinja's message and the place.
    pub fn compile(file: &Arc<SourceFile>, range: Range<usize>) -> Result<Arc<Self>> {
        let function = syntax::compile(file, range.clone())?;
        Ok(Arc::new(Self { file: file.clone(), range, function }))
    }

    /// Compiles a text that is not a file, such as a YAML value; `path` says where it is from.
    ///
    /// # Errors
    /// As [`Template::compile`].
    pub fn from_text(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Result<Arc<Self>> {
        let file = SourceFile::new(path, text);
        let end = file.text.len();
        Self::compile(&file, 0..end)
    }

    /// The file this was compiled from.
    pub fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    /// The whole text when there is nothing of Jinja's in it.
    fn plain_text(&self) -> Option<&str> {
        let text = self.file.text.get(self.range.clone()).unwrap_or_default();
        (!has_marks(text)).then_some(text)
    }

    /// Renders to text.
    ///
    /// # Errors
    /// What the template, a macro or a native raised, with its place and the macros that
    /// led there.
    pub fn render(&self, globals: &dyn Globals) -> Result<String> {
        if let Some(text) = self.plain_text() {
            return Ok(text.to_owned());
        }
        State::new(globals).render(&self.function, &self.file).map_err(Error::into_diagnostic)
    }

    /// Renders as the body of a macro: what the template returns is its text.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn render_as_macro(&self, globals: &dyn Globals) -> Result<String> {
        match State::new(globals).render(&self.function, &self.file) {
            Err(Error::Return(value)) => Ok(value.to_string()),
            rendered => rendered.map_err(Error::into_diagnostic),
        }
    }

    /// Renders to text, and tells what wrote which part of it.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn render_traced(&self, globals: &dyn Globals) -> Result<(String, Vec<Mark>)> {
        if let Some(text) = self.plain_text() {
            let mark = Mark { output: 0, template: self.range.clone(), literal: true };
            return Ok((text.to_owned(), vec![mark]));
        }
        State::new(globals)
            .render_traced(&self.function, &self.file)
            .map_err(Error::into_diagnostic)
    }

    /// Renders to a value as dbt's native environment does: a template of one expression
    /// gives that expression's value, anything else gives text; `as_bool`, `as_number`,
    /// `as_native` and `as_text` convert.
    ///
    /// # Errors
    /// As [`Template::render`], and when `as_bool` or `as_number` does not fit.
    pub fn render_native(&self, globals: &dyn Globals) -> Result<Value> {
        let parts = State::new(globals)
            .render_parts(&self.function, &self.file)
            .map_err(Error::into_diagnostic)?;
        native::join(&self.function, parts)
    }
}

/// A parameter of a macro.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name.
    pub name: Arc<str>,
    /// Whether a call may leave it out.
    pub has_default: bool,
}

/// A compiled macro, test or materialization.
#[derive(Debug)]
pub struct MacroDef {
    /// dbt's name: `x`, `test_x` or `materialization_x_default`.
    pub name: Arc<str>,
    /// Its parameters in order.
    pub params: Vec<Param>,
    /// The file it is from.
    pub file: Arc<SourceFile>,
    /// The block in that file, tags included; dbt's `macro_sql` is this text.
    pub range: Range<usize>,
    /// What a materialization's `supported_languages` says; `["sql"]` when it says nothing,
    /// `None` for what is not a materialization.
    pub supported_languages: Option<Vec<String>>,
    pub(super) function: Arc<Function>,
}

impl MacroDef {
    /// Compiles the one macro that a part of a file holds.
    ///
    /// # Errors
    /// [`Code::JinjaSyntax`], also when there is not exactly one macro.
    pub fn compile(file: &Arc<SourceFile>, range: Range<usize>) -> Result<Arc<Self>> {
        let mut macros: Vec<Arc<Function>> = syntax::compile(file, range.clone())?
            .body
            .into_vec()
            .into_iter()
            .filter_map(|stmt| match stmt {
                Stmt::Macro(node) => Some(node.function),
                _ => None,
            })
            .collect();
        let (Some(function), true) = (macros.pop(), macros.is_empty()) else {
            let text = file.text.get(range.clone()).unwrap_or_default();
            let message = format!("Found multiple macros in {text}, expected 1");
            return Err(Diagnostic::new(Code::JinjaSyntax, message).with_span(file.span(range)));
        };
        let name = function.name.strip_prefix("dbt_macro__").unwrap_or(&function.name);
        let params = function
            .params
            .iter()
            .map(|param| Param { name: param.name.clone(), has_default: param.default.is_some() })
            .collect();
        let languages = function.params.iter().find(|param| &*param.name == "supported_languages");
        let supported_languages = languages
            .filter(|_| name.starts_with("materialization_"))
            .and_then(|param| param.default.as_ref())
            .map(|default| match default {
                Expr::List(items) => items
                    .iter()
                    .filter_map(|item| match item {
                        Expr::Const(value) => Some(value.to_string()),
                        _ => None,
                    })
                    .collect(),
                _ => Vec::new(),
            });
        Ok(Arc::new(Self {
            name: name.into(),
            params,
            file: file.clone(),
            range,
            supported_languages,
            function,
        }))
    }

    /// Whether the macro can see what is given for its parameter number `at`: it names the
    /// parameter, or takes what has none as `varargs`.
    pub fn reads_parameter(&self, at: usize) -> bool {
        let name = self.params.get(at).map_or("varargs", |param| &*param.name);
        mentions(&self.function.body, name)
            || self.function.params.iter().any(|param| {
                param.default.as_ref().is_some_and(|default| expr_mentions(default, name))
            })
    }

    /// The block's text, tags included.
    pub fn text(&self) -> &str {
        &self.file.text[self.range.clone()]
    }

    /// Calls the macro from outside a template (`run-operation`, `generate_schema_name`, a
    /// materialization): gives what it returns, or the text it writes.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn call(self: &Arc<Self>, args: Args, globals: &dyn Globals) -> Result<Value> {
        Value::from_macro(self.clone())
            .call(&mut State::new(globals), args)
            .map_err(Error::into_diagnostic)
    }
}
