//! What ends an evaluation early: a Python-like exception or dbt's `return`.

use crate::diagnostic::{Code, Diagnostic, Span};

use super::value::Value;

/// The result of evaluating something.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What dbt adds to the message when a template uses something undefined.
const MISSING_MACRO: &str = ". This can happen when calling a macro that does not exist. Check \
                             for typos and/or install package dependencies with \"dbt deps\".";

/// Why an evaluation stopped.
#[derive(Debug, Clone)]
pub enum Error {
    /// `{{ return(x) }}`: not a failure, the macro being called gives `x`.
    Return(Value),
    /// A failure.
    Exception(Box<Exception>),
}

/// The Python class of an exception; dbt and templates tell some of them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExceptionKind {
    /// A value of the wrong type.
    TypeError,
    /// A value out of its domain.
    ValueError,
    /// A missing key of a dict.
    KeyError,
    /// A missing position of a sequence.
    IndexError,
    /// A missing attribute.
    AttributeError,
    /// A division by zero.
    ZeroDivisionError,
    /// A number that is too large.
    OverflowError,
    /// Jinja's `UndefinedError`: an undefined value was used.
    Undefined,
    /// Jinja's `SecurityError`: the sandbox forbids it.
    Security,
    /// Jinja's `TemplateRuntimeError`.
    TemplateRuntime,
    /// Python's `RecursionError`.
    RecursionError,
    /// One of dbt's own errors; the diagnostic says which.
    Dbt,
}

/// A failure and where it happened.
#[derive(Debug, Clone)]
pub struct Exception {
    /// Python's class.
    pub kind: ExceptionKind,
    /// `str(e)` in Python.
    pub message: String,
    /// The innermost known place.
    pub span: Option<Span>,
    /// The macros that led here, innermost first: where each is and `in macro x (path)`.
    pub trace: Vec<(Span, String)>,
    /// dbt's own error, when this is one.
    pub diagnostic: Option<Box<Diagnostic>>,
}

impl Error {
    /// An exception of a kind.
    pub fn new(kind: ExceptionKind, message: impl Into<String>) -> Self {
        Self::Exception(Box::new(Exception {
            kind,
            message: message.into(),
            span: None,
            trace: Vec::new(),
            diagnostic: None,
        }))
    }

    /// A `TypeError`.
    pub fn type_error(message: impl Into<String>) -> Self {
        Self::new(ExceptionKind::TypeError, message)
    }

    /// A `ValueError`.
    pub fn value_error(message: impl Into<String>) -> Self {
        Self::new(ExceptionKind::ValueError, message)
    }

    /// A `KeyError`; Python shows the repr of the key.
    pub fn key_error(key: &Value) -> Self {
        Self::new(ExceptionKind::KeyError, key.repr())
    }

    /// An `AttributeError` in Python's words.
    pub fn attribute_error(type_name: &str, name: &str) -> Self {
        Self::new(
            ExceptionKind::AttributeError,
            format!("'{type_name}' object has no attribute '{name}'"),
        )
    }

    /// An `UndefinedError`.
    pub fn undefined(message: impl Into<String>) -> Self {
        Self::new(ExceptionKind::Undefined, message)
    }

    /// Python's error for a template or macro that recurses too deeply.
    pub fn recursion() -> Self {
        Self::new(ExceptionKind::RecursionError, "maximum recursion depth exceeded")
    }

    /// The class of the exception; `None` for a return.
    pub fn kind(&self) -> Option<ExceptionKind> {
        match self {
            Self::Return(_) => None,
            Self::Exception(exception) => Some(exception.kind),
        }
    }

    /// `str(e)` in Python; empty for a return.
    pub fn message(&self) -> &str {
        match self {
            Self::Return(_) => "",
            Self::Exception(exception) => &exception.message,
        }
    }

    /// Says where, unless a more exact place is known.
    #[must_use]
    pub fn at(mut self, span: impl FnOnce() -> Span) -> Self {
        if let Self::Exception(exception) = &mut self
            && exception.span.is_none()
        {
            exception.span = Some(span());
        }
        self
    }

    /// Adds the macro that was running.
    #[must_use]
    pub fn in_macro(mut self, span: impl FnOnce() -> Span, note: String) -> Self {
        if let Self::Exception(exception) = &mut self {
            exception.trace.push((span(), note));
        }
        self
    }

    /// The user's view of the error.
    pub fn into_diagnostic(self) -> Box<Diagnostic> {
        let exception = match self {
            Self::Exception(exception) => *exception,
            Self::Return(_) => {
                return Diagnostic::new(Code::JinjaRuntime, "'return' was called outside a macro");
            }
        };
        let mut diagnostic = exception.diagnostic.unwrap_or_else(|| {
            let code = match exception.kind {
                ExceptionKind::RecursionError => Code::JinjaDepth,
                _ => Code::JinjaRuntime,
            };
            let mut message = exception.message;
            // dbt says so outside of macros only.
            if exception.kind == ExceptionKind::Undefined && exception.trace.is_empty() {
                message.push_str(MISSING_MACRO);
            }
            Diagnostic::new(code, message)
        });
        if let Some(span) = exception.span {
            diagnostic = diagnostic.with_span(span);
        }
        for (span, note) in exception.trace {
            diagnostic = diagnostic.with_related(span, note);
        }
        diagnostic
    }
}

impl From<Box<Diagnostic>> for Error {
    fn from(diagnostic: Box<Diagnostic>) -> Self {
        Self::Exception(Box::new(Exception {
            kind: ExceptionKind::Dbt,
            message: diagnostic.message.clone(),
            span: None,
            trace: Vec::new(),
            diagnostic: Some(diagnostic),
        }))
    }
}
