//! Opaque secrets (refresh tokens, client secrets and their like) and first passwords.
//!
//! Rules to keep: a secret is 256 random bits that only its holder has; the database has its SHA-256
//! and finds it by that (no salt or slow hash is needed at that entropy, RFC 9700 asks for no more).
//! Alone what deliveries to webhooks are signed with is kept itself: without it nothing could be signed.
//! The prefix lets secret scanners find one that has leaked.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

/// What a secret is for; its prefix says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An authorization code, to be exchanged for tokens once (RFC 6749 section 4.1).
    AuthorizationCode,
    /// The secret of a machine client (RFC 6749 section 2.3.1).
    ClientSecret,
    /// A refresh token (RFC 6749 section 1.5).
    RefreshToken,
    /// What deliveries to a webhook are signed with, in the form of Standard Webhooks: base64 of 384 bits.
    WebhookSecret,
}

impl Kind {
    /// What its secrets begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "iuc_ac_",
            Self::ClientSecret => "iuc_cs_",
            Self::RefreshToken => "iuc_rt_",
            Self::WebhookSecret => "whsec_",
        }
    }
}

/// An opaque secret: its kind's prefix and 256 random bits in base64url without padding (RFC 4648
/// section 5), 50 characters in all; that of a webhook has a form of its own.
pub struct Secret {
    kind: Kind,
    text: SecretString,
}

impl Secret {
    /// A new one.
    pub fn generate(kind: Kind) -> Result<Self, NoRandomness> {
        let bits = match kind {
            Kind::WebhookSecret => STANDARD.encode(random::<48>()?),
            _ => URL_SAFE_NO_PAD.encode(random::<32>()?),
        };
        let text = Zeroizing::new(kind.prefix().to_owned() + &Zeroizing::new(bits));
        Ok(Self {
            kind,
            text: text.as_str().into(),
        })
    }

    /// A received secret of the kind expected here; what cannot be one never gets to the database.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, MalformedSecret> {
        let bits = text
            .strip_prefix(kind.prefix())
            .filter(|bits| bits.len() == 43)
            .ok_or(MalformedSecret)?;
        let mut decoded = Zeroizing::new([0; 33]);
        match URL_SAFE_NO_PAD.decode_slice(bits, decoded.as_mut()) {
            Ok(32) => Ok(Self {
                kind,
                text: text.into(),
            }),
            _ => Err(MalformedSecret),
        }
    }

    /// What it is for.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// SHA-256 of the whole text: what is stored, and looked up.
    pub fn digest(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let digest = digest(&SHA256, self.text.expose_secret().as_bytes());
        bytes
            .iter_mut()
            .zip(digest.as_ref())
            .for_each(|(to, from)| *to = *from);
        bytes
    }

    /// Whether `stored` is this secret's digest, in constant time.
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.digest().as_slice().ct_eq(stored).into()
    }

    /// The text, to be shown to its holder, once.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A password for an account made at the first start, to be printed once: 20 random characters of
/// Crockford's base32, 100 bits, in four groups, such as `3k9xw-p2m7c-0fzq4-h8tvd`.
pub fn random_password() -> Result<SecretString, NoRandomness> {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let random = random::<20>()?;
    let mut text = Zeroizing::new(String::with_capacity(23));
    for (place, byte) in random.iter().enumerate() {
        if place > 0 && place % 5 == 0 {
            text.push('-');
        }
        text.extend(
            ALPHABET
                .get(usize::from(byte % 32))
                .copied()
                .map(char::from),
        );
    }
    Ok(text.as_str().into())
}

pub(super) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, NoRandomness> {
    let mut bytes = Zeroizing::new([0; N]);
    rand::fill(bytes.as_mut()).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// The system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRandomness;

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the system gave no random bytes")
    }
}

impl std::error::Error for NoRandomness {}

/// What was received is not a secret of the kind expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedSecret;

impl fmt::Display for MalformedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a secret of this service")
    }
}

impl std::error::Error for MalformedSecret {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KINDS: [Kind; 3] = [
        Kind::AuthorizationCode,
        Kind::ClientSecret,
        Kind::RefreshToken,
    ];

    fn hex(bytes: &[u8]) -> String {
        bytes
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    #[test]
    fn a_secret_has_its_prefix_and_256_bits_and_is_read_back() {
        for kind in KINDS {
            let secret = Secret::generate(kind).unwrap();
            assert_eq!(secret.expose().len(), 50);
            let read = Secret::parse(kind, secret.expose()).unwrap();
            assert_eq!((read.kind(), read.digest()), (kind, secret.digest()));
            for other in KINDS.into_iter().filter(|other| *other != kind) {
                assert_eq!(
                    Secret::parse(other, secret.expose()).err(),
                    Some(MalformedSecret)
                );
            }
        }
    }

    #[test]
    fn what_deliveries_are_signed_with_has_the_form_of_standard_webhooks() {
        let secret = Secret::generate(Kind::WebhookSecret).unwrap();
        let key = secret.expose().strip_prefix("whsec_").unwrap();
        assert_eq!(STANDARD.decode(key).unwrap().len(), 48);
        assert!(!key.contains('='));
        assert!(Secret::parse(Kind::WebhookSecret, secret.expose()).is_err());
    }

    #[test]
    fn a_digest_is_the_sha_256_of_the_text_and_matches_no_other() {
        // printf iuc_rt_AAA…A (43) | sha256sum
        let text = format!("iuc_rt_{}", "A".repeat(43));
        let digest = Secret::parse(Kind::RefreshToken, &text).unwrap().digest();
        assert_eq!(
            hex(&digest),
            "2fa63a4e80dec276c330245b8f96c9c87a7dfbac2b455ed0ed957a8bc3c14fb1"
        );

        let (one, two) = (
            Secret::generate(Kind::RefreshToken).unwrap(),
            Secret::generate(Kind::RefreshToken).unwrap(),
        );
        assert!(one.matches(&one.digest()));
        assert!(
            !one.matches(&two.digest()) && !one.matches(&[]) && !one.matches(&one.digest()[..31])
        );
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused() {
        let good = format!("iuc_rt_{}", "A".repeat(43));
        assert!(Secret::parse(Kind::RefreshToken, &good).is_ok());
        let bad = [
            "",
            "iuc_rt_",
            &good[..49],
            &format!("{good}A"),
            &format!("{good}="),
            &good.to_uppercase(),
            &format!(" {}", &good[..49]),
            &good.replace("rt", "cs"),
            &good.replacen("AA", "+/", 1),
            &format!("{}B", &good[..49]),
            &format!("{}é", &good[..48]),
            &format!("{}\0", &good[..49]),
        ];
        for text in bad {
            assert_eq!(
                Secret::parse(Kind::RefreshToken, text).err(),
                Some(MalformedSecret),
                "{text:?}"
            );
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let secret = Secret::generate(Kind::ClientSecret).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret { kind: ClientSecret, .. }");
        assert!(!format!("{:?}", random_password().unwrap()).contains('-'));
    }

    #[test]
    fn a_first_password_has_20_characters_and_may_be_set() {
        let password = random_password().unwrap();
        let text = password.expose_secret();
        assert_eq!(
            text.split('-').map(str::len).collect::<Vec<_>>(),
            [5, 5, 5, 5]
        );
        assert_eq!(
            crate::auth::passwords::check_new(&password, "admin@example.org"),
            Ok(())
        );
        assert_ne!(text, random_password().unwrap().expose_secret());
    }

    proptest! {
        #[test]
        fn garbage_is_never_a_secret(text: String) {
            prop_assert!(Secret::parse(Kind::ClientSecret, &text).is_err());
        }
    }
}
