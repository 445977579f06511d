//! Python values.
//!
//! Values are cheap to clone. Lists, dicts and sets are shared by reference and may be
//! changed from several threads; a lock is never held while other code runs.

mod args;
pub(super) mod arithmetic;
mod bury;
mod containers;
pub(super) mod format;
mod function;
mod key;
pub(super) mod methods;
pub(super) mod number;
mod object;
pub(super) mod ops;
pub(super) mod printf;
pub(super) mod repr;
pub(super) mod text_methods;
mod views;

use std::fmt;
use std::sync::Arc;

use num_bigint::BigInt;

pub use args::Args;
pub use containers::{Dict, List, Set, Tuple};
pub use function::{BoundMethod, MacroValue, NativeFunction};
pub use key::Key;
pub use object::Object;

use super::error::{Error, ExceptionKind, Result};
use super::eval::State;

/// A Python value.
#[derive(Clone)]
pub enum Value {
    /// Jinja's `Undefined`, with what is known for its message.
    Undefined(Arc<Undefined>),
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An int that fits.
    Int(i64),
    /// An int that does not fit in [`Value::Int`]. Never used for smaller ones.
    BigInt(Arc<BigInt>),
    /// A float.
    Float(f64),
    /// A str.
    Str(Arc<str>),
    /// A bytes.
    Bytes(Arc<[u8]>),
    /// A list, shared by reference.
    List(List),
    /// A tuple.
    Tuple(Tuple),
    /// A dict, shared by reference, in order of insertion.
    Dict(Dict),
    /// A set, shared by reference. Unlike Python's it keeps the order of insertion.
    Set(Set),
    /// A native function.
    Function(Arc<NativeFunction>),
    /// A method taken from its value without calling it.
    Method(Arc<BoundMethod>),
    /// A Jinja macro or a `caller`.
    Macro(Arc<MacroValue>),
    /// An instance of a native class.
    Object(Arc<dyn Object>),
}

/// What is known about an undefined value.
#[derive(Debug, Clone)]
pub struct Undefined {
    /// The name that was looked up; empty when there is none.
    pub name: Arc<str>,
    /// What the message says.
    pub reason: Reason,
    /// dbt's parse mode: using it gives an undefined value again.
    pub permissive: bool,
}

/// Why a value is undefined.
#[derive(Debug, Clone)]
pub enum Reason {
    /// No variable has the name.
    Name,
    /// A value of this type (`dict object`) has no such attribute.
    Attribute(String),
    /// A value of this type has no such item; the second is the repr of the key.
    Element(String, String),
    /// A message of its own.
    Hint(Arc<str>),
    /// The sandbox forbids it; the message says what.
    Unsafe(String),
}

impl Undefined {
    /// Jinja's message when the value is used.
    pub fn message(&self) -> String {
        match &self.reason {
            Reason::Hint(hint) => hint.to_string(),
            Reason::Unsafe(message) => message.clone(),
            _ if self.permissive => format!("'{}' is undefined", self.name),
            Reason::Name => format!("'{}' is undefined", self.name),
            Reason::Attribute(of) => format!("'{of}' has no attribute '{}'", self.name),
            Reason::Element(of, key) => format!("{of} has no element {key}"),
        }
    }

    /// The error of using the value.
    pub fn error(&self) -> Error {
        let kind = match self.reason {
            Reason::Unsafe(_) => ExceptionKind::Security,
            _ => ExceptionKind::Undefined,
        };
        Error::new(kind, self.message())
    }
}

impl Value {
    /// An empty tuple.
    pub fn empty_tuple() -> Self {
        Self::Tuple(Tuple::default())
    }

    /// A str.
    pub fn str(text: impl AsRef<str>) -> Self {
        Self::Str(Arc::from(text.as_ref()))
    }

    /// A new list.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self::List(List::new(items.into_iter().collect()))
    }

    /// A tuple.
    pub fn tuple(items: impl IntoIterator<Item = Value>) -> Self {
        Self::Tuple(items.into_iter().collect())
    }

    /// A new dict with string keys.
    pub fn dict<K: Into<Arc<str>>>(items: impl IntoIterator<Item = (K, Value)>) -> Self {
        let dict = Dict::default();
        for (key, value) in items {
            dict.insert_str(key, value);
        }
        Self::Dict(dict)
    }

    /// An int of any size.
    pub fn big_int(number: BigInt) -> Self {
        i64::try_from(&number).map_or_else(|_| Self::BigInt(Arc::new(number)), Self::Int)
    }

    /// An instance of a native class.
    pub fn object(object: impl Object) -> Self {
        Self::Object(Arc::new(object))
    }

    /// An undefined value of this name.
    pub fn undefined(name: impl Into<Arc<str>>) -> Self {
        Self::Undefined(Arc::new(Undefined {
            name: name.into(),
            reason: Reason::Name,
            permissive: false,
        }))
    }

    /// An undefined value with its own message.
    pub fn undefined_hint(hint: impl Into<Arc<str>>) -> Self {
        Self::Undefined(Arc::new(Undefined {
            name: Arc::default(),
            reason: Reason::Hint(hint.into()),
            permissive: false,
        }))
    }

    /// A native function; the name shows in its repr.
    pub fn function(
        name: &'static str,
        call: impl Fn(&mut State<'_>, Args) -> Result<Value> + Send + Sync + 'static,
    ) -> Self {
        Self::Function(Arc::new(NativeFunction::new(name, call)))
    }

    /// Python's `None`-ness; undefined is not `None`.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether this is Jinja's `Undefined`.
    pub fn is_undefined(&self) -> bool {
        matches!(self, Self::Undefined(_))
    }

    /// The text of a str.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The value of an int that fits, or of a bool.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bool(truth) => Some(i64::from(*truth)),
            _ => None,
        }
    }

    /// The native class behind an object.
    pub fn downcast<T: Object>(&self) -> Option<&T> {
        match self {
            Self::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// `type(x).__name__`.
    pub fn type_name(&self) -> &str {
        match self {
            Self::Undefined(_) => "Undefined",
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::BigInt(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Dict(_) => "dict",
            Self::Set(_) => "set",
            Self::Function(_) => "function",
            Self::Method(_) => "method",
            Self::Macro(_) => "Macro",
            Self::Object(object) => object.type_name(),
        }
    }

    /// Python's truth of a value.
    pub fn truthy(&self) -> bool {
        match self {
            Self::Undefined(_) | Self::None => false,
            Self::Bool(truth) => *truth,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Tuple(items) => !items.is_empty(),
            Self::Dict(dict) => !dict.is_empty(),
            Self::Set(set) => !set.is_empty(),
            Self::Object(object) => object.truthy(),
            Self::BigInt(_) | Self::Function(_) | Self::Method(_) | Self::Macro(_) => true,
        }
    }

    /// `repr(x)`.
    pub fn repr(&self) -> String {
        let mut text = String::new();
        repr::write_repr(&mut text, self);
        text
    }
}

/// `str(x)`, which is what `{{ x }}` writes.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Str(text) => f.write_str(text),
            Self::Undefined(_) => Ok(()),
            Self::Object(object) => f.write_str(&object.to_str()),
            other => {
                let mut text = String::new();
                repr::write_repr(&mut text, other);
                f.write_str(&text)
            }
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}

/// Python's `==`.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        ops::equals(self, other)
    }
}

macro_rules! from_into {
    ($($from:ty => |$value:ident| $into:expr;)*) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $into
            }
        })*
    };
}

from_into! {
    () => |_value| Self::None;
    bool => |value| Self::Bool(value);
    i64 => |value| Self::Int(value);
    i32 => |value| Self::Int(value.into());
    u32 => |value| Self::Int(value.into());
    usize => |value| Self::big_int(value.into());
    u64 => |value| Self::big_int(value.into());
    f64 => |value| Self::Float(value);
    BigInt => |value| Self::big_int(value);
    &str => |value| Self::Str(value.into());
    String => |value| Self::Str(value.into());
    &String => |value| Self::Str(value.as_str().into());
    Arc<str> => |value| Self::Str(value);
    List => |value| Self::List(value);
    Dict => |value| Self::Dict(value);
    Set => |value| Self::Set(value);
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::list(values.into_iter().map(Into::into))
    }
}
