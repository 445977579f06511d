//! Our own syntax tree: compact, owned and shareable. [`super::lower`] makes it.
