//! Random moments that can be repeated: set `GDBT_FAULT_SEED` to the number a failure shows.

use std::time::{SystemTime, UNIX_EPOCH};

/// A kind of build that is killed at random moments, by its share of all kills.
#[derive(Clone, Copy)]
pub enum Kills {
    FirstBuild,
    Incremental,
    FullRefresh,
    LongQuery,
}

impl Kills {
    /// How often to kill a build of this kind. There are 40 kills in all, or as many as
    /// `GDBT_FAULT_KILLS` says, exactly. 200 take some minutes:
    ///
    /// ```text
    /// GDBT_FAULT_KILLS=200 cargo test --test fault -- kill::
    /// ```
    pub fn times(self) -> usize {
        const ALL: usize = 40;
        let wanted = std::env::var("GDBT_FAULT_KILLS").ok().and_then(|text| text.parse().ok());
        let wanted = wanted.unwrap_or(ALL);
        let (from, to) = match self {
            Self::FirstBuild => (0, 12),
            Self::Incremental => (12, 30),
            Self::FullRefresh => (30, 38),
            Self::LongQuery => (38, ALL),
        };
        // Rounded at the borders between the kinds, so that nothing is lost between them.
        to * wanted / ALL - from * wanted / ALL
    }
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
