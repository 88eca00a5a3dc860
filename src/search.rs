//! What lists are searched by: the words of texts in any script.
//!
//! Japanese and Chinese are written without spaces, so of a run of their characters every two that stand together count as
//! a word, and the last one alone: who looks for 都市 finds 都市計画. Everything else is parted into words, which are found
//! by how they begin, also Thai and its like, in which nothing parts them. Case, width and the marks on Latin, Greek and
//! Cyrillic letters make no difference: `umea` finds Umeå.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Characters of a word that count: longer ones are the same when they begin alike.
const LONGEST_WORD: usize = 40;

/// Bytes of words by which one thing is found: what is added after them is not, and later texts are not looked at.
/// PostgreSQL takes eight times as many.
const MOST_BYTES: usize = 128 * 1024;

/// The words by which something is found. What matters most is added first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    words: BTreeSet<String>,
    bytes: usize,
    /// Whether one did not fit any more.
    is_full: bool,
}

impl Words {
    /// Those of a text, too.
    pub fn add(&mut self, text: &str) {
        if self.is_full {
            return;
        }
        for run in runs(text) {
            match run {
                Run::Word(word) => self.insert(word),
                Run::Signs(signs) => {
                    let last = signs.last().map(char::to_string);
                    pairs(&signs).chain(last).for_each(|word| self.insert(word));
                }
            }
        }
    }

    fn insert(&mut self, word: String) {
        if self.is_full || self.words.contains(&word) {
            return;
        }
        let bytes = self.bytes + word.len();
        self.is_full = bytes > MOST_BYTES;
        if !self.is_full {
            self.bytes = bytes;
            self.words.insert(word);
        }
    }

    /// Those of each language of a text, too.
    pub fn add_all<'a>(&mut self, texts: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (_, text) in texts {
            self.add(text);
        }
    }

    /// As PostgreSQL reads a `tsvector`. Words are letters and digits, so nothing in them needs escaping.
    pub fn to_tsvector(&self) -> String {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        words.join(" ")
    }
}

/// What a list is searched for: things that have all of these words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search(String);

impl Search {
    /// The words of `text`; `None` when there is none in it.
    pub fn of(text: &str) -> Option<Self> {
        let mut terms = BTreeSet::new();
        for run in runs(text) {
            match run {
                Run::Word(word) => drop(terms.insert(format!("{word}:*"))),
                Run::Signs(signs) if signs.len() == 1 => {
                    terms.extend(signs.first().map(|sign| format!("{sign}:*")));
                }
                Run::Signs(signs) => terms.extend(pairs(&signs)),
            }
        }
        let terms: Vec<String> = terms.into_iter().collect();
        (!terms.is_empty()).then(|| Self(terms.join(" & ")))
    }

    /// As PostgreSQL reads a `tsquery`.
    pub fn as_tsquery(&self) -> &str {
        &self.0
    }
}

/// What stands together in a text.
enum Run {
    /// A word.
    Word(String),
    /// Characters that are written without spaces.
    Signs(Vec<char>),
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut ended = true;
    for c in folded(text) {
        let last = runs.last_mut().filter(|_| !ended);
        ended = false;
        match (is_sign(c), last) {
            (true, Some(Run::Signs(signs))) => signs.push(c),
            (true, _) => runs.push(Run::Signs(vec![c])),
            (false, Some(Run::Word(word))) if c.is_alphanumeric() => word.push(c),
            (false, _) if c.is_alphanumeric() => runs.push(Run::Word(c.to_string())),
            (false, _) => ended = true,
        }
    }
    for run in &mut runs {
        if let Run::Word(word) = run
            && let Some((end, _)) = word.char_indices().nth(LONGEST_WORD)
        {
            word.truncate(end);
        }
    }
    runs
}

fn pairs(signs: &[char]) -> impl Iterator<Item = String> {
    signs.windows(2).map(|pair| pair.iter().collect())
}

/// The text in one case and width, without marks on letters of alphabets; those of kana stay, for they make another sound.
fn folded(text: &str) -> impl Iterator<Item = char> {
    let bare = text.nfkd().filter(|c| !is_mark(*c));
    let lower = bare.nfc().flat_map(char::to_lowercase);
    let plain = lower.flat_map(|c| {
        let letters = match c {
            'ß' => "ss",
            'æ' => "ae",
            'œ' => "oe",
            'ø' => "o",
            'đ' | 'ð' => "d",
            'ł' => "l",
            'þ' => "th",
            'ħ' => "h",
            'ı' => "i",
            'ς' => "σ",
            _ => return [Some(c), None],
        };
        let mut letters = letters.chars();
        [letters.next(), letters.next()]
    });
    // İ becomes an i with a mark.
    plain.flatten().filter(|c| !is_mark(*c))
}

/// Marks on letters, and what shows nothing of its own: soft hyphens, joiners, and which form of a character is meant.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Whether the character is of a script that is written without spaces between words.
fn is_sign(c: char) -> bool {
    let ranges = matches!(c,
        '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{309D}'..='\u{309F}' | '\u{30A1}'..='\u{30FA}'
        | '\u{30FC}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}');
    ranges && !is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Words {
        let mut words = Words::default();
        words.add(text);
        words
    }

    /// As PostgreSQL would.
    fn finds(query: &str, text: &str) -> bool {
        let words = words(text);
        let Some(search) = Search::of(query) else {
            return false;
        };
        search
            .as_tsquery()
            .split(" & ")
            .all(|term| match term.strip_suffix(":*") {
                Some(begin) => words.words.iter().any(|word| word.starts_with(begin)),
                None => words.words.contains(term),
            })
    }

    #[test]
    fn words_are_found_in_any_script_by_how_they_begin() {
        for (query, text) in [
            ("都市", "持続可能な都市計画について"),
            ("計画", "都市計画"),
            ("画", "都市計画"),
            ("都", "都市計画"),
            ("スマートシティ", "スマートシティの取り組み"),
            ("ｽﾏｰﾄ", "スマートシティ"),
            ("ガ", "ガス"),
            ("umea", "City of Umeå"),
            ("UMEÅ", "umea"),
            ("strasse", "Lange Straße"),
            ("lodz", "Łódź"),
            ("Ιωάννινα", "ΙΩΑΝΝΙΝΑ"),
            ("Σχεδιασμός", "ΣΧΕΔΙΑΣΜΌΣ"),
            ("istanbul", "İstanbul"),
            ("energ saving", "Saving of energy"),
            ("sdgs 目標", "SDGs目標11"),
            ("11", "SDGs目標11"),
            ("2019", "2019-04"),
            ("서울", "서울특별시"),
            ("葛城", "葛\u{E0100}城市"),
            ("hamrun", "Ħamrun"),
            ("zusammen", "zu\u{AD}sammen"),
            ("ПЛАН", "план"),
        ] {
            assert!(
                finds(query, text),
                "{query} in {text}: {:?} {:?}",
                Search::of(query),
                words(text)
            );
        }
        for (query, text) in [
            ("都心", "都市の中心"),
            ("か", "がす"),
            ("nergy", "energy"),
            ("energy saving", "energy"),
            ("!?…", "anything"),
            ("", "anything"),
        ] {
            assert!(!finds(query, text), "{query} in {text}");
        }
    }

    #[test]
    fn a_word_of_any_length_is_found_by_the_whole_of_it() {
        let long = "a".repeat(3000);
        assert!(finds(&long, &long));
        assert!(words(&long).to_tsvector().len() < 100);
    }

    #[test]
    fn of_more_words_than_can_be_kept_the_first_are() {
        let mut words = Words::default();
        words.add("Lighthouse");
        for text in 0..40 {
            let signs =
                (0..20_000_u32).map(|place| char::from_u32(0x4E00 + (place * (text + 7)) % 20_000));
            words.add(&signs.flatten().collect::<String>());
        }
        assert!((MOST_BYTES - 10..=MOST_BYTES).contains(&words.bytes));
        assert!(words.words.contains("lighthouse"));
        assert!(words.to_tsvector().len() < 2 * MOST_BYTES);
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_found_by_itself_and_needs_no_escaping(text in "\\PC{0,60}") {
            let vector = words(&text).to_tsvector();
            prop_assert!(vector.chars().all(|c| c == ' ' || c.is_alphanumeric() || is_sign(c)), "{vector}");
            if Search::of(&text).is_some() {
                prop_assert!(finds(&text, &text));
            }
        }
    }
}
