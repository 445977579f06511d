//! Random moments that can be repeated: set `GDBT_FAULT_SEED` to the number a failure shows.

use std::time::{SystemTime, UNIX_EPOCH};

/// How often to do something that is done so often by default, for 40 kills in all:
/// `GDBT_FAULT_KILLS` chooses how many they are.
pub fn times(by_default: usize) -> usize {
    let wanted = std::env::var("GDBT_FAULT_KILLS").ok().and_then(|text| text.parse().ok());
    by_default * wanted.unwrap_or(40_usize) / 40
}

/// A sequence of numbers that its seed determines (xorshift).
pub struct Chance(u64);

impl Chance {
    /// Says its seed, which the test harness shows when the test fails.
    pub fn new() -> Self {
        let given = std::env::var("GDBT_FAULT_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            u64::from(now.subsec_nanos()) ^ now.as_secs()
        });
        eprintln!("GDBT_FAULT_SEED={seed}");
        Self(seed | 1)
    }

    /// A number from 0 to below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % limit.max(1)
    }
}
