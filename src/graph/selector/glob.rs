//! Python's `fnmatch` and the path patterns of `pathlib`, which selectors use.

/// Whether a text matches a pattern of `*`, `?`, `[abc]` and `[!a-z]`; `*` also matches
/// dots and slashes. Case counts.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern).matches(text)
}

/// Whether a pattern has wildcards.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', ']'])
}

/// Whether a path matches a path pattern: the parts between slashes match one by one, and
/// `**` stands for any number of them.
pub(super) fn path_matches(pattern: &[Pattern], path: &[&str]) -> bool {
    // `reached[i]`: the pattern's first parts match the path's first `i` parts.
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for part in pattern {
        if part.any_folders {
            for at in 0..path.len() {
                reached[at + 1] |= reached[at];
            }
        } else {
            for at in (0..path.len()).rev() {
                reached[at + 1] = reached[at] && part.matches(path[at]);
            }
            reached[0] = false;
        }
    }
    reached[path.len()]
}

/// The parts of a path; empty parts and `.` do not count.
pub(super) fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".")
}

/// A parsed pattern.
pub(super) struct Pattern {
    tokens: Vec<Token>,
    any_folders: bool,
}

enum Token {
    Star,
    Any,
    One(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Pattern {
    pub(super) fn new(pattern: &str) -> Self {
        let chars: Vec<char> = pattern.chars().collect();
        let mut tokens = Vec::new();
        let mut at = 0;
        while at < chars.len() {
            let token = match chars[at] {
                '*' => Token::Star,
                '?' => Token::Any,
                '[' => match class(&chars[at + 1..]) {
                    Some((token, length)) => {
                        at += length;
                        token
                    }
                    None => Token::One('['),
                },
                other => Token::One(other),
            };
            tokens.push(token);
            at += 1;
        }
        Self { tokens, any_folders: pattern == "**" }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut token, mut at) = (0, 0);
        // Where the last star is, and where what it takes ends.
        let mut star: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.tokens.get(token) {
                Some(Token::Star) => {
                    star = Some((token, at));
                    token += 1;
                    continue;
                }
                Some(one) if one.matches(text[at]) => {
                    token += 1;
                    at += 1;
                    continue;
                }
                _ => {}
            }
            let Some((last, end)) = star else { return false };
            star = Some((last, end + 1));
            token = last + 1;
            at = end + 1;
        }
        self.tokens[token..].iter().all(|token| matches!(token, Token::Star))
    }
}

impl Token {
    fn matches(&self, c: char) -> bool {
        match self {
            Self::Star => false,
            Self::Any => true,
            Self::One(one) => *one == c,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

/// A class after its `[`, and how many characters it has; none when it is not closed.
fn class(chars: &[char]) -> Option<(Token, usize)> {
    let negated = chars.first() == Some(&'!');
    let start = usize::from(negated);
    // A `]` right at the start is a member.
    let end = start + 1 + chars.get(start + 1..)?.iter().position(|c| *c == ']')?;
    let members = &chars[start..end];
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < members.len() {
        if at + 2 < members.len() && members[at + 1] == '-' {
            ranges.push((members[at], members[at + 2]));
            at += 3;
        } else {
            ranges.push((members[at], members[at]));
            at += 1;
        }
    }
    Some((Token::Class { negated, ranges }, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_python() {
        let cases = [
            ("*", "", true),
            ("a*c", "abcabc", true),
            ("a*c", "abcab", false),
            ("?b", "ab", true),
            ("?", "", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]x]", "]", true),
            ("[", "[", true),
            ("[a", "[a", true),
            ("[!]", "[!]", true),
            ("stg_*", "models.stg_a.b", false),
            ("*stg_*", "models.stg_a.b", true),
            ("*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn path_patterns_match_part_by_part() {
        let check = |pattern: &str, path: &str| {
            let pattern: Vec<Pattern> = parts(pattern).map(Pattern::new).collect();
            path_matches(&pattern, &parts(path).collect::<Vec<_>>())
        };
        assert!(check("models/*.sql", "models/a.sql"));
        assert!(!check("models/*.sql", "models/x/a.sql"));
        assert!(check("models/**/a.sql", "models/a.sql"));
        assert!(check("models/**/a.sql", "models/x/y/a.sql"));
        assert!(check("./models/", "models"));
        assert!(!check("models", "models/a.sql"));
        assert!(check(".", ""));
    }
}
