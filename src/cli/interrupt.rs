//! Ctrl-C: once to cancel what runs and end with a summary, twice to quit at once.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The exit code of a process that was interrupted, as shells have it.
const EXIT_CODE: i32 = 130;

/// Begins to listen. The flag is set by the first interruption; the second ends the process.
pub fn listen() -> Arc<AtomicBool> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // Without a handler the signal ends the process, which is what it did before. The
        // shutdown goes first, so that only the second signal finds the flag set.
        let _ =
            signal_hook::flag::register_conditional_shutdown(signal, EXIT_CODE, Arc::clone(&flag));
        let _ = signal_hook::flag::register(signal, Arc::clone(&flag));
    }
    flag
}
