//! The tokens of a template.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text outside of tags.
    Data,
    /// `{{`
    VariableBegin,
    /// `}}`
    VariableEnd,
    /// `{%`
    BlockBegin,
    /// `%}`
    BlockEnd,
    /// A name or keyword.
    Name,
    /// A string literal.
    Text,
    /// An int.
    Integer,
    /// A float.
    Float,
    /// The end of the template.
    End,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `//`
    FloorDiv,
    /// `%`
    Mod,
    /// `**`
    Pow,
    /// `~`
    Tilde,
    /// `|`
    Pipe,
    /// `.`
    Dot,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `;`
    Semicolon,
    /// `=`
    Assign,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `(`
    LeftParen,
    /// `)`
    RightParen,
    /// `[`
    LeftBracket,
    /// `]`
    RightBracket,
    /// `{`
    LeftBrace,
    /// `}`
    RightBrace,
}

impl Kind {
    /// What Jinja2's messages call it.
    pub fn description(self) -> &'static str {
        match self {
            Self::Data => "template data / text",
            Self::VariableBegin => "begin of print statement",
            Self::VariableEnd => "end of print statement",
            Self::BlockBegin => "begin of statement block",
            Self::BlockEnd => "end of statement block",
            Self::Name => "name",
            Self::Text => "string",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::End => "end of template",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::FloorDiv => "//",
            Self::Mod => "%",
            Self::Pow => "**",
            Self::Tilde => "~",
            Self::Pipe => "|",
            Self::Dot => ".",
            Self::Comma => ",",
            Self::Colon => ":",
            Self::Semicolon => ";",
            Self::Assign => "=",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::LeftParen => "(",
            Self::RightParen => ")",
            Self::LeftBracket => "[",
            Self::RightBracket => "]",
            Self::LeftBrace => "{",
            Self::RightBrace => "}",
        }
    }

    /// The operator at the start of `rest`: the longest that fits.
    pub fn operator(rest: &[u8]) -> Option<(Self, usize)> {
        let two = match rest.get(..2) {
            Some(b"//") => Some(Self::FloorDiv),
            Some(b"**") => Some(Self::Pow),
            Some(b"==") => Some(Self::Eq),
            Some(b"!=") => Some(Self::Ne),
            Some(b"<=") => Some(Self::Le),
            Some(b">=") => Some(Self::Ge),
            _ => None,
        };
        if let Some(kind) = two {
            return Some((kind, 2));
        }
        let one = match rest.first()? {
            b'+' => Self::Add,
            b'-' => Self::Sub,
            b'*' => Self::Mul,
            b'/' => Self::Div,
            b'%' => Self::Mod,
            b'~' => Self::Tilde,
            b'|' => Self::Pipe,
            b'.' => Self::Dot,
            b',' => Self::Comma,
            b':' => Self::Colon,
            b';' => Self::Semicolon,
            b'=' => Self::Assign,
            b'<' => Self::Lt,
            b'>' => Self::Gt,
            b'(' => Self::LeftParen,
            b')' => Self::RightParen,
            b'[' => Self::LeftBracket,
            b']' => Self::RightBracket,
            b'{' => Self::LeftBrace,
            b'}' => Self::RightBrace,
            _ => return None,
        };
        Some((one, 1))
    }
}

/// A token and where it is in the file.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its first byte.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

impl Token {
    /// As a range of the file's text.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}
