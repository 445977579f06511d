//! Makes an input out of the corpus.

use crate::corpus::Corpus;
use crate::rng::Rng;

/// What Python and Jinja programs trip over.
const HARD: [&str; 40] = [
    "0",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "1e308",
    "1e999",
    "0.1",
    "''",
    "[]",
    "()",
    "{}",
    "none",
    "[::-1]",
    "[-9:9]",
    "|",
    "~",
    "**",
    "//",
    "%",
    "'%s%d%(a)s'",
    "'{0!r:>9}'",
    "é",
    "\u{1F600}",
    "\0",
    "\"",
    "'",
    "(",
    ")",
    "[",
    "]",
    "{%",
    "%}",
    "{{",
    "}}",
    "{#",
    "#}",
    "-",
    "loop",
    "caller",
    "\\",
];

/// The longest input, in tokens.
const LONGEST: usize = 600;

/// Input number `number` of the run with this seed.
pub fn input(corpus: &Corpus, seed: u64, number: u64) -> String {
    let mut rng = Rng::new(seed, number);
    let mut text = rng.pick(&corpus.texts).cloned().unwrap_or_default();
    for _ in 0..=rng.below(6) {
        mutate(&mut text, corpus, &mut rng);
    }
    text.truncate(LONGEST);
    let mut text = text.concat();
    // Sometimes a character is lost, too.
    if rng.below(4) == 0 && !text.is_empty() {
        let at = rng.below(text.len());
        if text.is_char_boundary(at) {
            text.remove(at);
        }
    }
    text
}

fn mutate(text: &mut Vec<Box<str>>, corpus: &Corpus, rng: &mut Rng) {
    let at = rng.below(text.len() + 1);
    let length = rng.below(8).min(text.len() - at);
    match rng.below(8) {
        0 => drop(text.drain(at..at + length)),
        1 => {
            let copy = text[at..at + length].to_vec();
            let to = rng.below(text.len() + 1);
            text.splice(to..to, copy);
        }
        2 => {
            let token = rng.pick(&corpus.tokens).cloned();
            text.splice(at..at, token);
        }
        3 => {
            let token = rng.pick(&HARD).map(|token| (*token).into());
            text.splice(at..at, token);
        }
        4 | 5 => {
            // One word for another keeps most inputs valid.
            let words: Vec<usize> =
                (0..text.len()).filter(|at| text[*at].starts_with(char::is_alphanumeric)).collect();
            let word = (0..8)
                .filter_map(|_| rng.pick(&corpus.tokens))
                .find(|token| token.starts_with(char::is_alphanumeric));
            let at = rng.below(words.len());
            if let (Some(at), Some(word)) = (words.get(at), word) {
                text[*at] = word.clone();
            }
        }
        6 => {
            let other = rng.pick(&corpus.texts).map_or(&[][..], Vec::as_slice);
            let from = rng.below(other.len() + 1);
            let to = (from + rng.below(40)).min(other.len());
            text.splice(at..at + length, other[from..to].iter().cloned());
        }
        _ => {
            let deep = 1 + rng.below(40);
            let copied = text[at..at + length.min(3)].to_vec();
            let copies: Vec<_> = std::iter::repeat_n(copied, deep).flatten().collect();
            text.splice(at..at, copies);
        }
    }
    text.truncate(LONGEST);
}
