//! People's passwords: which are good enough to be set, and their Argon2id hashes.
//!
//! Passwords are prepared as `OpaqueString` (RFC 8265 section 4.2: spaces made alike, NFC, case kept),
//! hashed by Argon2id (RFC 9106) and stored as PHC strings. Rules to keep:
//!
//! - A hash costs 19 MiB and a core for some 20 ms, so [`Hasher`] runs few at once, lets few wait and
//!   refuses the rest; what it has begun counts until it is done, whether or not the caller still waits.
//! - An account that does not exist costs as much as one that does.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;

use argon2::password_hash::phc::PasswordHash;
use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

use crate::messages::{Args, Language, message, word};

/// The shortest and the longest password, in Unicode scalar values after preparation.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=256;

/// What no password of 256 characters reaches, in bytes as received: not worth the work.
const MAX_RECEIVED: usize = 4096;

/// The list of common passwords and words; its head names sources and licences.
static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("common-passwords.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect()
});

/// Rows, columns and zigzags of the keyboard, and the alphabet: each is followed from any place in
/// either direction, and round the end.
const PATHS: [&str; 9] = [
    "1234567890",
    "1234567890-=",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujmikolp",
];

/// How few runs along a path, repeated or single characters make a password predictable.
const FEWEST_PIECES: usize = 6;

/// How many digits and signs around a common word are still no password.
const MOST_AROUND: usize = 8;

/// Whether `password` may be set as the new one of the account with this `email`.
pub fn check_new(password: &SecretString, email: &str) -> Result<(), WeakPassword> {
    if password.expose_secret().len() > MAX_RECEIVED {
        return Err(WeakPassword::TooLong);
    }
    let prepared = prepare(password);
    let length = prepared.chars().count();
    if length < *LENGTH.start() {
        return Err(WeakPassword::TooShort);
    }
    if length > *LENGTH.end() {
        return Err(WeakPassword::TooLong);
    }
    if prepared.chars().any(char::is_control) {
        return Err(WeakPassword::Unprintable);
    }
    // Full-width letters and capitals make no difference to whoever guesses.
    let folded = Zeroizing::new(prepared.nfkc().collect::<String>().to_lowercase());
    let email = email.trim().nfkc().collect::<String>().to_lowercase();
    if *folded == email
        || email
            .split_once('@')
            .is_some_and(|(local, _)| *folded == local)
    {
        return Err(WeakPassword::IsEmail);
    }
    if is_common(&folded) {
        return Err(WeakPassword::Common);
    }
    let chars = Zeroizing::new(folded.chars().collect::<Vec<_>>());
    if is_repeated(&chars) || pieces(&chars) < FEWEST_PIECES {
        return Err(WeakPassword::Predictable);
    }
    Ok(())
}

/// RFC 8265 section 4.2.2: spaces made alike (also the ideographic one), NFC, case kept.
fn prepare(password: &SecretString) -> Zeroizing<String> {
    let space = |c| {
        matches!(
            c,
            '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
        )
    };
    Zeroizing::new(
        password
            .expose_secret()
            .chars()
            .map(|c| if space(c) { ' ' } else { c })
            .nfc()
            .collect(),
    )
}

/// On the list, or a word of it with a few digits and signs around it or letters written as digits.
fn is_common(folded: &str) -> bool {
    let listed = |text: &str| {
        let letters = text.chars().filter_map(|c| match c {
            '0' => Some('o'),
            '1' | '!' => Some('i'),
            '3' => Some('e'),
            '4' | '@' => Some('a'),
            '5' | '$' => Some('s'),
            '7' => Some('t'),
            c => c.is_alphanumeric().then_some(c),
        });
        COMMON.contains(text)
            || COMMON.contains(Zeroizing::new(letters.collect::<String>()).as_str())
    };
    let sign = |c: char| !c.is_alphabetic();
    let around = |core: &str| folded.chars().count() - core.chars().count();
    listed(folded)
        || [folded.trim_end_matches(sign), folded.trim_matches(sign)]
            .into_iter()
            .any(|core| around(core) <= MOST_AROUND && listed(core))
}

/// A block over and over, too short to be a password by itself.
fn is_repeated(chars: &[char]) -> bool {
    let longest = (chars.len() / 2).min(LENGTH.start() - 1);
    (1..=longest).any(|block| chars.iter().skip(block).zip(chars).all(|(a, b)| a == b))
}

/// Of how many runs and single characters the password is made.
fn pieces(chars: &[char]) -> usize {
    let (mut rest, mut count) = (chars, 0);
    while let Some((first, others)) = rest.split_first() {
        let run = longest_run(*first, rest);
        rest = if run < 3 {
            others
        } else {
            rest.get(run..).unwrap_or_default()
        };
        count += 1;
    }
    count
}

/// How far `chars` repeats its `first` or follows a path from it.
fn longest_run(first: char, chars: &[char]) -> usize {
    fn along(path: &(impl Iterator<Item = char> + Clone), first: char, chars: &[char]) -> usize {
        let from = path.clone().cycle().skip_while(move |c| *c != first);
        from.zip(chars).take_while(|(a, b)| a == *b).count()
    }
    let repeated = chars.iter().take_while(|c| **c == first).count();
    let paths = PATHS.iter().filter(|path| path.contains(first));
    paths
        .map(|path| {
            along(&path.chars(), first, chars).max(along(&path.chars().rev(), first, chars))
        })
        .fold(repeated, usize::max)
}

/// What a hash costs (RFC 9106 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes, computed one after the other.
    pub lanes: u32,
}

impl Cost {
    /// What OWASP's Password Storage Cheat Sheet asks for at the least.
    pub const OWASP: Self = Self {
        memory_kib: 19_456,
        passes: 2,
        lanes: 1,
    };

    /// For tests of everything but the hashing.
    pub const CHEAPEST: Self = Self {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    /// Whether a hash of this cost may run here: at most 64 MiB and 16 passes.
    fn is_bearable(self) -> bool {
        self.memory_kib <= 65_536 && self.passes <= 16
    }

    fn of(params: &Params) -> Self {
        Self {
            memory_kib: params.m_cost(),
            passes: params.t_cost(),
            lanes: params.p_cost(),
        }
    }
}

/// Hashes and checks passwords, a few at a time, off the async threads. A clone shares the limits.
#[derive(Clone)]
pub struct Hasher {
    argon2: Argon2<'static>,
    /// The hash of a password that nobody knows, for accounts that do not exist.
    dummy: PasswordHash,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

impl Hasher {
    /// As many hashes at once as there are cores, but at most two; 64 may wait.
    pub fn new(cost: Cost) -> Result<Self, HashError> {
        Self::with_limits(
            cost,
            available_parallelism().map_or(1, usize::from).min(2),
            64,
        )
    }

    /// `at_once` hashes run, `waiting` more wait, the rest is [`HashError::Busy`].
    pub fn with_limits(cost: Cost, at_once: usize, waiting: usize) -> Result<Self, HashError> {
        if !cost.is_bearable() {
            return Err(HashError::Failed);
        }
        let params = Params::new(
            cost.memory_kib,
            cost.passes,
            cost.lanes,
            Some(Params::DEFAULT_OUTPUT_LEN),
        )
        .map_err(|_| HashError::Failed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut unknown = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(unknown.as_mut()).map_err(|_| HashError::Failed)?;
        let dummy = argon2
            .hash_password(unknown.as_ref())
            .map_err(|_| HashError::Failed)?;
        let running = Arc::new(Semaphore::new(at_once.max(1)));
        let admitted = Arc::new(Semaphore::new(
            at_once
                .max(1)
                .saturating_add(waiting)
                .min(Semaphore::MAX_PERMITS),
        ));
        Ok(Self {
            argon2,
            dummy,
            running,
            admitted,
        })
    }

    /// The PHC string to store for `password`, which [`check_new`] has passed.
    pub async fn hash(&self, password: SecretString) -> Result<String, HashError> {
        let argon2 = self.argon2.clone();
        self.run(move || {
            let prepared = prepare(&password);
            let hash = argon2
                .hash_password(prepared.as_bytes())
                .map_err(|_| HashError::Failed)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether `password` is the one whose hash is `stored`; `None` stands for an account that does
    /// not exist or has no password: never right, and no faster.
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<&str>,
    ) -> Result<bool, HashError> {
        if password.expose_secret().len() > MAX_RECEIVED {
            return Ok(false);
        }
        let hash = stored.map(parse).transpose()?;
        let exists = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy.clone());
        let argon2 = self.argon2.clone();
        self.run(move || {
            let prepared = prepare(&password);
            match argon2.verify_password(prepared.as_bytes(), &hash) {
                Ok(()) => Ok(exists),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(_) => Err(HashError::Stored),
            }
        })
        .await
    }

    /// Whether `stored` was made with other parameters, so that the next right sign-in hashes anew.
    pub fn needs_rehash(&self, stored: &str) -> bool {
        parse(stored).is_ok_and(|hash| {
            hash.version != self.dummy.version
                || hash.params != self.dummy.params
                || hash.hash.map(|output| output.len())
                    != self.dummy.hash.map(|output| output.len())
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let admitted = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|_| HashError::Busy)?;
        let running = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|_| HashError::Failed)?;
        // The permits go with the work: it goes on when the caller has hung up.
        let permits = (admitted, running);
        let task = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permits);
            result
        });
        task.await.map_err(|_| HashError::Failed)?
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("cost", &Cost::of(self.argon2.params()))
            .finish_non_exhaustive()
    }
}

/// A stored hash: complete, Argon2id, and of a cost that we can bear.
fn parse(stored: &str) -> Result<PasswordHash, HashError> {
    let hash = PasswordHash::new(stored).map_err(|_| HashError::Stored)?;
    let cost = Cost::of(&Params::try_from(&hash).map_err(|_| HashError::Stored)?);
    let complete = hash.algorithm == ARGON2ID_IDENT && hash.salt.is_some() && hash.hash.is_some();
    if complete && cost.is_bearable() {
        Ok(hash)
    } else {
        Err(HashError::Stored)
    }
}

/// Why a password may not be set; the text is for whoever chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeakPassword {
    /// Fewer than 12 characters.
    TooShort,
    /// More than 256 characters.
    TooLong,
    /// Holds control characters.
    Unprintable,
    /// Is the e-mail address.
    IsEmail,
    /// Is on the list of common ones, or a dressed-up entry of it.
    Common,
    /// Is a repetition or a row.
    Predictable,
}

impl fmt::Display for WeakPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = message(Language::En, &self.word(), None, &Args::new());
        f.write_str(&text.unwrap_or_default())
    }
}

impl WeakPassword {
    /// The id of the message that tells it.
    pub fn word(self) -> String {
        let reason = match self {
            Self::TooShort => "too-short",
            Self::TooLong => "too-long",
            Self::Unprintable => "unprintable",
            Self::IsEmail => "is-email",
            Self::Common => "common",
            Self::Predictable => "predictable",
        };
        word("password", reason)
    }
}

impl std::error::Error for WeakPassword {}

/// Why a password could not be hashed or checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashError {
    /// Too many wait already: try again later.
    Busy,
    /// What is stored is not a hash of ours.
    Stored,
    /// The library or its task failed.
    Failed,
}

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "too many passwords are being checked",
            Self::Stored => "the stored password hash cannot be read",
            Self::Failed => "hashing a password failed",
        })
    }
}

impl std::error::Error for HashError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn weakness(password: &str) -> Option<WeakPassword> {
        check_new(&password.into(), "mayor.office@city.example.jp").err()
    }

    fn hasher() -> Hasher {
        Hasher::new(Cost::CHEAPEST).unwrap()
    }

    #[test]
    fn length_is_counted_in_characters_after_composing() {
        assert_eq!(weakness("kx9-Qv4!zTb"), Some(WeakPassword::TooShort));
        assert_eq!(weakness("kx9-Qv4!zTbw"), None);
        assert_eq!(weakness("雨上がりの坂道を歩く夕方"), None);
        assert_eq!(weakness("e\u{301}kx9-Qv4!zT"), Some(WeakPassword::TooShort));
        let long: String = (0..257)
            .filter_map(|i| char::from_u32(0x4e00 + i * 7))
            .collect();
        assert_eq!(weakness(&long), Some(WeakPassword::TooLong));
        assert_eq!(weakness(&long.chars().skip(1).collect::<String>()), None);
        assert_eq!(weakness(&"x".repeat(1 << 20)), Some(WeakPassword::TooLong));
        assert_eq!(
            weakness("kx9-Qv4!zTb\u{7}w"),
            Some(WeakPassword::Unprintable)
        );
    }

    #[test]
    fn common_passwords_and_words_with_trimmings_are_refused() {
        for password in [
            "Manchesterunited",
            "1QAZ2wsx3edc4rfv",
            "password1234",
            "P@ssw0rd!2026",
            "ｐａｓｓｗｏｒｄ１２３４",
            "Sunshine#2024!",
            "!!Yokohama2026",
            "international urban cooperation",
            "iloveyou 12345",
        ] {
            assert_eq!(weakness(password), Some(WeakPassword::Common), "{password}");
        }
    }

    #[test]
    fn repetitions_and_rows_of_keys_are_refused() {
        for password in [
            "aaaaaaaaaaaa",
            "ああああああああああああ",
            "passwordpassword",
            "xk4xk4xk4xk4",
            "Zq8-Zq8-Zq8-Z",
            "123456789012",
            "qwertyuiop12",
            "098765432109",
            "zyxwvutsrqpo",
            "aaaabbbbcccc",
            "1q2w3e4r5t6y7u",
            "Asdfghjkl;12!",
            "qweasdzxc!23",
            "            ",
        ] {
            assert!(
                matches!(
                    weakness(password),
                    Some(WeakPassword::Predictable | WeakPassword::Common)
                ),
                "{password}"
            );
        }
    }

    #[test]
    fn the_email_address_is_refused() {
        for password in [
            "mayor.office@city.example.jp",
            "Mayor.Office@City.Example.JP",
            "mayor.office",
        ] {
            assert_eq!(
                weakness(password),
                Some(WeakPassword::IsEmail),
                "{password}"
            );
        }
    }

    #[test]
    fn long_plain_phrases_are_welcome() {
        for password in [
            "correct horse battery staple",
            "first-tram-from-harbour",
            "correcthorsetcorrecthorset",
            "3k9xw-p2m7c-0fzq4-h8tvd",
            "わたしのすきなさかなはあゆ",
            "dragon8391774211907",
            "Zwölf Boxkämpfer jagen",
        ] {
            assert_eq!(weakness(password), None, "{password}");
        }
    }

    #[test]
    fn the_list_is_in_the_form_that_is_looked_up() {
        assert!(COMMON.len() > 3000);
        assert!(
            COMMON.iter().all(|word| word.trim() == *word
                && word.to_lowercase() == *word
                && !word.is_empty())
        );
    }

    #[tokio::test]
    async fn a_password_is_verified_against_its_own_hash_alone() {
        let hash = hasher().hash("kx9-Qv4!zTbw".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert_eq!(
            hasher().verify("kx9-Qv4!zTbw".into(), Some(&hash)).await,
            Ok(true)
        );
        assert_eq!(
            hasher().verify("kx9-Qv4!zTbW".into(), Some(&hash)).await,
            Ok(false)
        );
        assert_eq!(
            hasher().verify("kx9-Qv4!zTbw".into(), None).await,
            Ok(false)
        );
        assert_eq!(
            hasher()
                .verify("x".repeat(1 << 20).into(), Some(&hash))
                .await,
            Ok(false)
        );
        assert_ne!(hash, hasher().hash("kx9-Qv4!zTbw".into()).await.unwrap());
    }

    #[tokio::test]
    async fn the_same_characters_typed_otherwise_are_the_same_password() {
        let hash = hasher().hash("Zw\u{f6}lf Boxkämpfer".into()).await.unwrap();
        assert_eq!(
            hasher()
                .verify("Zwo\u{308}lf\u{3000}Boxkämpfer".into(), Some(&hash))
                .await,
            Ok(true)
        );
        assert_eq!(
            hasher()
                .verify("zw\u{f6}lf boxkämpfer".into(), Some(&hash))
                .await,
            Ok(false)
        );
        assert_eq!(
            hasher()
                .verify("Ｚw\u{f6}lf Boxkämpfer".into(), Some(&hash))
                .await,
            Ok(false)
        );
    }

    #[tokio::test]
    async fn a_stored_hash_that_is_not_ours_is_an_error_and_not_a_match() {
        let hash = hasher().hash("kx9-Qv4!zTbw".into()).await.unwrap();
        let bare = hash.rsplit_once('$').unwrap().0;
        for stored in [
            "",
            "kx9-Qv4!zTbw",
            bare,
            &hash.replace("argon2id", "argon2i"),
            &hash.replace("argon2id", "scrypt"),
            &hash.replace("m=8", "m=4000000000"),
            &hash.replace("t=1", "t=4000000000"),
            &hash.replace("v=19", "v=99"),
        ] {
            assert_eq!(
                hasher().verify("kx9-Qv4!zTbw".into(), Some(stored)).await,
                Err(HashError::Stored),
                "{stored}"
            );
        }
    }

    #[tokio::test]
    async fn only_other_parameters_need_a_new_hash() {
        let hash = hasher().hash("kx9-Qv4!zTbw".into()).await.unwrap();
        assert!(!hasher().needs_rehash(&hash));
        let stronger = Hasher::new(Cost {
            passes: 2,
            ..Cost::CHEAPEST
        })
        .unwrap();
        assert!(stronger.needs_rehash(&hash));
        assert_eq!(
            stronger.verify("kx9-Qv4!zTbw".into(), Some(&hash)).await,
            Ok(true)
        );
    }

    #[tokio::test]
    async fn an_unknown_account_costs_what_a_known_one_does() {
        let hasher = Hasher::new(Cost::OWASP).unwrap();
        let stored = hasher.hash("kx9-Qv4!zTbw".into()).await.unwrap();
        let parameters = |hash: &str| {
            hash.split('$')
                .take(4)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(parameters(&stored), parameters(&hasher.dummy.to_string()));
        let mut times = [Duration::MAX; 2];
        for _ in 0..5 {
            for (time, stored) in times.iter_mut().zip([Some(stored.as_str()), None]) {
                let start = Instant::now();
                assert_eq!(
                    hasher.verify("kx9-Qv4!zTbW".into(), stored).await,
                    Ok(false)
                );
                *time = start.elapsed().min(*time);
            }
        }
        assert!(
            times[1] > times[0] / 3 && times[1] < times[0] * 3,
            "{times:?}"
        );
    }

    #[tokio::test]
    async fn those_beyond_the_queue_are_turned_away_at_once() {
        let hasher = Hasher::with_limits(Cost::CHEAPEST, 1, 1).unwrap();
        let held = (
            hasher.admitted.clone().acquire_owned().await,
            hasher.running.clone().acquire_owned().await,
        );
        let waiting = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.verify("a".into(), None).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(hasher.verify("b".into(), None).await, Err(HashError::Busy));
        drop(held);
        assert_eq!(waiting.await.unwrap(), Ok(false));
        assert_eq!(hasher.verify("c".into(), None).await, Ok(false));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_still_counts_until_it_is_done() {
        let hasher = Hasher::with_limits(
            Cost {
                passes: 16,
                ..Cost::OWASP
            },
            1,
            0,
        )
        .unwrap();
        tokio::select! {
            biased;
            _ = hasher.verify("a".into(), None) => panic!("too fast"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(hasher.verify("b".into(), None).await, Err(HashError::Busy));
        let _free = hasher.running.acquire().await.unwrap();
        assert_eq!(hasher.admitted.available_permits(), 1);
    }
}
