//! The `gdbt` program.

use std::process::ExitCode;

/// Parsing makes and frees millions of small pieces on all threads; the C library's allocator
/// took a quarter of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    gdbt::cli::run(std::env::args_os().collect()).into()
}
