//! Version requirements, as in `require-dbt-version`: semantic versions with one comparison
//! each, all of which must hold.

use crate::diagnostic::{Code, Diagnostic, Result};
use regex::Regex;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// The dbt-core version that gdbt is compatible with. It is what `dbt_version` shows and
/// what packages compare `require-dbt-version` with.
pub const DBT_VERSION: &str = "1.11.16";

/// A semantic version (<https://semver.org>). The build part takes no part in comparisons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    release: [u64; 3],
    prerelease: Vec<Identifier>,
}

/// A part of a prerelease; numbers are lower than words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(u64),
    Word(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Greater,
    AtLeast,
    Less,
    AtMost,
    Exactly,
}

/// One comparison, such as `>=1.0.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    comparison: Comparison,
    version: Version,
}

static REQUIREMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let pattern = r"^(>=|>|<=|<|=)?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-?([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]*)?$";
    Regex::new(pattern).ok()
});

/// Which side of the versions a requirement bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Versions from one on.
    Lower,
    /// Versions up to one.
    Upper,
    /// One version.
    Exact,
}

impl Requirement {
    /// Which side it bounds.
    pub fn bound(&self) -> Bound {
        match self.comparison {
            Comparison::Greater | Comparison::AtLeast => Bound::Lower,
            Comparison::Less | Comparison::AtMost => Bound::Upper,
            Comparison::Exactly => Bound::Exact,
        }
    }

    /// Whether the bound itself does not count.
    pub fn is_strict(&self) -> bool {
        matches!(self.comparison, Comparison::Greater | Comparison::Less)
    }

    /// The version it names.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Reads the requirements of a text; commas separate them.
    ///
    /// # Errors
    /// When one is not a semantic version.
    pub fn parse_list(text: &str) -> Result<Vec<Self>> {
        text.split(',').map(str::parse).collect()
    }

    /// Whether a version meets it.
    pub fn accepts(&self, version: &Version) -> bool {
        let order = version.cmp(&self.version);
        match self.comparison {
            Comparison::Greater => order.is_gt(),
            Comparison::AtLeast => order.is_ge(),
            // A prerelease of the bound itself is still not below it.
            Comparison::Less => order.is_lt() && version.release != self.version.release,
            Comparison::AtMost => order.is_le(),
            Comparison::Exactly => order.is_eq(),
        }
    }
}

impl FromStr for Requirement {
    type Err = Box<Diagnostic>;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            let message = format!("\"{text}\" is not a valid semantic version.");
            Diagnostic::new(Code::ProjectInvalid, message)
                .with_help("Write it as >=1.8.0, or as a list: [\">=1.8.0\", \"<2.0.0\"].")
        };
        let found = REQUIREMENT.as_ref().and_then(|re| re.captures(text.trim())).ok_or_else(bad)?;
        let part = |at: usize| found.get(at).map(|part| part.as_str());
        let number = |at| part(at).and_then(|digits| digits.parse().ok()).ok_or_else(bad);
        let comparison = match part(1) {
            Some(">=") => Comparison::AtLeast,
            Some(">") => Comparison::Greater,
            Some("<=") => Comparison::AtMost,
            Some("<") => Comparison::Less,
            _ => Comparison::Exactly,
        };
        let prerelease = part(5).map_or_else(Vec::new, |text| {
            let word = |part: &str| Identifier::Word(part.to_owned());
            text.split('.')
                .map(|p| p.parse().map_or_else(|_| word(p), Identifier::Number))
                .collect()
        });
        let version = Version { release: [number(2)?, number(3)?, number(4)?], prerelease };
        Ok(Self { comparison, version })
    }
}

impl Version {
    /// Whether it comes before a release.
    pub fn is_prerelease(&self) -> bool {
        !self.prerelease.is_empty()
    }
}

impl FromStr for Version {
    type Err = Box<Diagnostic>;

    fn from_str(text: &str) -> Result<Self> {
        text.parse::<Requirement>().map(|requirement| requirement.version)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        // A prerelease comes before its release.
        let rank = |version: &Self| version.prerelease.is_empty();
        self.release
            .cmp(&other.release)
            .then_with(|| rank(self).cmp(&rank(other)))
            .then_with(|| self.prerelease.cmp(&other.prerelease))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.comparison {
            Comparison::Greater => ">",
            Comparison::AtLeast => ">=",
            Comparison::Less => "<",
            Comparison::AtMost => "<=",
            Comparison::Exactly => "=",
        })?;
        let [major, minor, patch] = self.version.release;
        write!(f, "{major}.{minor}.{patch}")?;
        for (at, part) in self.version.prerelease.iter().enumerate() {
            f.write_str(if at == 0 { "-" } else { "." })?;
            match part {
                Identifier::Number(number) => write!(f, "{number}")?,
                Identifier::Word(word) => f.write_str(word)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meets(version: &str, requirements: &str) -> bool {
        let version: Version = version.parse().unwrap();
        Requirement::parse_list(requirements).unwrap().iter().all(|r| r.accepts(&version))
    }

    #[test]
    fn requirements_compare_as_semantic_versions() {
        assert!(meets(DBT_VERSION, ">=1.3.0,<2.0.0"));
        assert!(meets("1.10.0", ">1.9.9"));
        assert!(!meets("2.0.0-rc1", "<2.0.0"));
        assert!(meets("2.0.0-rc1", "<2.0.1"));
        assert!(!meets("1.11.0-b2", ">=1.11.0"));
        assert!(meets("1.11.0-b10", ">1.11.0-b2.0") == ("b10" > "b2"));
        assert!(!meets("1.0.0", "1.0.1"));
        assert_eq!(">=1.0.0-rc.1".parse::<Requirement>().unwrap().to_string(), ">=1.0.0-rc.1");
        assert!("1.0".parse::<Requirement>().is_err());
    }
}
