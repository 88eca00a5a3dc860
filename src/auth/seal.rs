//! What callers carry back to us, such as the cursors of lists and of the change feed: sealed, so that nobody else reads it
//! or makes one. A place in the feed would tell how many changes others make, one in a list what it is sorted by.
//!
//! AES-256-GCM-SIV (RFC 8452), always with the same nonce, which is what it is made for: the same payload has the same text,
//! so that an answer that holds one keeps its ETag, and two texts tell no more than whether they are equal.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretBox};

use super::secrets::{NoRandomness, random};

/// The longest sealed text, in bytes.
const LONGEST: usize = 2048;

/// The nonce of the examples in RFC 8452.
const NONCE: [u8; NONCE_LEN] = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Seals, and opens what it has sealed: one key for all, the purpose kept apart.
pub struct Seal {
    key: LessSafeKey,
}

impl Seal {
    /// `key` is one of [`Seal::generate_key`].
    pub fn new(key: &SecretBox<[u8; 32]>) -> Result<Self, BadKey> {
        let key = UnboundKey::new(&AES_256_GCM_SIV, key.expose_secret()).map_err(|_| BadKey)?;
        Ok(Self {
            key: LessSafeKey::new(key),
        })
    }

    /// A new key, to be stored where only the server reads.
    pub fn generate_key() -> Result<SecretBox<[u8; 32]>, NoRandomness> {
        Ok(SecretBox::new(Box::new(*random::<32>()?)))
    }

    /// The payload as base64url; the same `purpose` opens it. Fails where it would be longer than 2 KiB.
    pub fn close(&self, purpose: &str, payload: &[u8]) -> Result<String, TooLong> {
        let mut sealed = payload.to_vec();
        let nonce = Nonce::assume_unique_for_key(NONCE);
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(purpose), &mut sealed)
            .map_err(|_| TooLong)?;
        let text = URL_SAFE_NO_PAD.encode(sealed);
        (text.len() <= LONGEST).then_some(text).ok_or(TooLong)
    }

    /// The payload of a text that [`Seal::close`] made for this `purpose`; of any other, nothing. One payload has one
    /// text: base64 with other trailing bits is refused (RFC 4648 section 3.5).
    pub fn open(&self, purpose: &str, text: &str) -> Option<Vec<u8>> {
        if text.len() > LONGEST {
            return None;
        }
        let mut sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let nonce = Nonce::assume_unique_for_key(NONCE);
        let payload = self
            .key
            .open_in_place(nonce, Aad::from(purpose), &mut sealed);
        payload.ok().map(|payload| payload.to_vec())
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").finish_non_exhaustive()
    }
}

/// The key is none of AES-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadKey;

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stored key of cursors is none")
    }
}

impl std::error::Error for BadKey {}

/// The payload is too long to be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the payload is too long to be sealed")
    }
}

impl std::error::Error for TooLong {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seal() -> Seal {
        Seal::new(&SecretBox::new(Box::new([7; 32]))).unwrap()
    }

    fn hex(text: &str) -> String {
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn it_is_that_of_the_specification() {
        // RFC 8452, appendix C.2: a plaintext of 8 bytes without additional data.
        let mut key = [0; 32];
        key[0] = 1;
        let theirs = Seal::new(&SecretBox::new(Box::new(key))).unwrap();
        assert_eq!(
            hex(&theirs.close("", &[1, 0, 0, 0, 0, 0, 0, 0]).unwrap()),
            "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"
        );
        // AESGCMSIV of Python's cryptography, with the purpose as additional data.
        assert_eq!(
            hex(&seal().close("cities", b"abc").unwrap()),
            "aa967086432fcc4a388b631e8c5f6460bab7c4"
        );
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", seal()), "Seal { .. }");
    }

    #[test]
    fn what_is_longer_than_2_kib_is_neither_made_nor_opened() {
        assert_eq!(seal().close("p", &[0; 1520]).unwrap().len(), 2048);
        assert_eq!(seal().close("p", &[0; 1521]).err(), Some(TooLong));
        assert_eq!(seal().open("p", &"A".repeat(2052)), None);
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_for_its_purpose_and_key_alone_and_is_always_the_same(
            payload: Vec<u8>, purpose in "[a-z]{0,8}", other in "[a-z]{0,8}",
        ) {
            let text = seal().close(&purpose, &payload).unwrap();
            prop_assert_eq!(&seal().close(&purpose, &payload).unwrap(), &text);
            prop_assert_eq!(seal().open(&purpose, &text), Some(payload));
            prop_assert_eq!(Seal::new(&Seal::generate_key().unwrap()).unwrap().open(&purpose, &text), None);
            prop_assume!(purpose != other);
            prop_assert_eq!(seal().open(&other, &text), None);
        }

        #[test]
        fn a_text_shows_nothing_of_what_it_seals(payload in prop::collection::vec(any::<u8>(), 4..60), last: u8) {
            let mut next = payload.clone();
            *next.last_mut().unwrap() = last;
            prop_assume!(next != payload);
            let [one, two] = [&payload, &next].map(|payload| {
                URL_SAFE_NO_PAD.decode(seal().close("feed", payload).unwrap()).unwrap()
            });
            prop_assert!(!one.windows(payload.len()).any(|part| part == payload));
            // Two that differ in their last byte have not even their beginnings in common.
            prop_assert_ne!(&one[..4], &two[..4]);
        }

        #[test]
        fn a_changed_byte_a_cut_or_an_addition_does_not_open(payload: Vec<u8>, at: prop::sample::Index, flip in 1u8..128) {
            let text = seal().close("cities", &payload).unwrap();
            let mut bytes = text.clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert_eq!(seal().open("cities", std::str::from_utf8(&bytes).unwrap()), None);
            prop_assert_eq!(seal().open("cities", &text[..at]), None);
            prop_assert_eq!(seal().open("cities", &text[at + 1..]), None);
            prop_assert_eq!(seal().open("cities", &format!("{text}{}", &text[at..])), None);
        }

        #[test]
        fn garbage_never_opens(text: String) {
            prop_assert_eq!(seal().open("cities", &text), None);
        }
    }
}
