//! The `gdbt` program.

fn main() {}
