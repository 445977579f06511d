//! `cargo +nightly fuzz run jinja --features libfuzzer`
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| {
    gdbt_fuzz::exercise(input);
});
