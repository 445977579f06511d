//! From minijinja's syntax tree to [`super::ir`]. The only file that knows minijinja.
