//! The `gdbt` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    gdbt::cli::run(std::env::args_os().collect()).into()
}
