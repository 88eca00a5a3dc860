//! The keys that sign access tokens, and the tokens: `EdDSA` JWTs of ten minutes, made and checked from memory.
//!
//! Access tokens follow RFC 9068, their checking RFC 8725; keys are Ed25519 (RFC 8037), named by
//! their thumbprint (RFC 7638) and published as JWKs (RFC 7517). Rules to keep:
//!
//! - Exactly one algorithm. What the header may say is a closed list of three members, so that
//!   `crit`, `jwk`, `jku` and whatever comes next are refused without being understood.
//! - jsonwebtoken checks the signature and nothing else: its time checks read the system clock and
//!   its `aud` and `iss` checks pass a token without them. Every claim is checked in [`KeyRing::verify`].
//! - A claim may be added (older instances ignore it), a header member may not (they refuse it).

use std::fmt;
use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::SecretSlice;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// How far the clocks of two instances may be apart, in seconds (RFC 7519 section 4.1.4).
const LEEWAY: i64 = 30;

/// The longest token that is looked at, in bytes; ours have about 600.
const MAX_TOKEN: usize = 4096;

/// What an access token says (RFC 9068 section 2.2). `sub` is a user, or the client itself where it
/// acts for nobody; `sid` the session that is looked up to see whether it has been ended; `scope`
/// space-separated (RFC 6749 section 3.3); `exp` and `iat` seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Who issued it: the origin of the service.
    pub iss: String,
    /// What it is for: the API.
    pub aud: String,
    /// The account.
    pub sub: Uuid,
    /// The id of this token.
    pub jti: Uuid,
    /// The session that it ends with.
    pub sid: Uuid,
    /// What the account was when it was issued; rights are read anew with each request.
    pub role: String,
    /// The city of a city user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// What it allows (RFC 6749 section 3.3), separated by spaces.
    pub scope: String,
    /// When it was issued, in Unix seconds.
    pub iat: i64,
    /// When it expires, in Unix seconds.
    pub exp: i64,
    /// The client that it was issued to (RFC 9068 section 2.2).
    pub client_id: String,
    /// Whether it was given to a machine client, which acts for nobody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub machine: bool,
    /// Whether a person asked for less than the session allows: the token reaches as far as `scope` then, else as the role.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub narrowed: bool,
}

/// The claims as received: we set no `nbf`, but one that is there counts (RFC 7519 section 4.1.5).
#[derive(Deserialize)]
struct ReceivedClaims {
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(flatten)]
    claims: AccessClaims,
}

/// All that a header may say (RFC 7515 section 4.1).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceivedHeader {
    typ: String,
    alg: String,
    kid: String,
}

/// An Ed25519 key pair that signs access tokens.
pub struct SigningKey {
    kid: String,
    x: String,
    private: EncodingKey,
    public: DecodingKey,
}

impl SigningKey {
    /// Makes a new key pair.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Failed)?;
        // Version 1 of PKCS#8, the one that the openssl command reads.
        let document = pair.to_pkcs8v1().map_err(|_| KeyError::Failed)?;
        Self::from_pair(&pair, document.as_ref())
    }

    /// Reads a key pair from unencrypted PKCS#8 (RFC 8410 section 7); `kid` is the name under which
    /// it was stored, and has to be its thumbprint.
    pub fn from_pkcs8(kid: &str, bytes: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(bytes).map_err(|_| KeyError::NotEd25519)?;
        let key = Self::from_pair(&pair, bytes)?;
        if key.kid == kid {
            Ok(key)
        } else {
            Err(KeyError::WrongKid)
        }
    }

    fn from_pair(pair: &Ed25519KeyPair, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let x = URL_SAFE_NO_PAD.encode(pair.public_key());
        Ok(Self {
            kid: thumbprint(&x),
            private: EncodingKey::from_ed_der(pkcs8),
            public: DecodingKey::from_ed_components(&x).map_err(|_| KeyError::Failed)?,
            x,
        })
    }

    /// The pair as unencrypted PKCS#8, to be stored where only the server reads.
    pub fn to_pkcs8(&self) -> SecretSlice<u8> {
        self.private.as_bytes().to_vec().into()
    }

    /// The key's name: its thumbprint.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half as a JWK (RFC 8037 section 2).
    pub fn public_jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "x": self.x, "kid": self.kid, "use": "sig", "alg": "EdDSA"})
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// SHA-256 over the required members in order, without spaces (RFC 7638 section 3, RFC 8037 appendix A.3).
fn thumbprint(x: &str) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()))
}

/// The keys in use: one signs, all verify. A new key is published in `others` for a while before it
/// becomes the active one, and the old one stays there until its last token has expired.
#[derive(Debug)]
pub struct KeyRing {
    active: SigningKey,
    others: Vec<SigningKey>,
}

/// The signature alone; [`KeyRing::verify`] does the rest.
static SIGNATURE_ONLY: LazyLock<Validation> = LazyLock::new(|| {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
});

impl KeyRing {
    /// A ring that signs with `active` and verifies with all of them.
    pub fn new(active: SigningKey, others: Vec<SigningKey>) -> Self {
        Self { active, others }
    }

    /// The public keys as a JWK set (RFC 7517 section 5), the active one first.
    pub fn jwks(&self) -> Value {
        json!({"keys": self.all().map(SigningKey::public_jwk).collect::<Vec<_>>()})
    }

    /// Makes an access token with the active key (RFC 9068 section 2.1).
    pub fn sign(&self, claims: &AccessClaims) -> Result<String, KeyError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(self.active.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.active.private).map_err(|_| KeyError::Failed)
    }

    /// Checks an access token (RFC 9068 section 4, RFC 8725 section 3) of issuer `iss` for audience
    /// `aud` at the time `now`, and gives what it says.
    pub fn verify(
        &self,
        token: &str,
        iss: &str,
        aud: &str,
        now: DateTime<Utc>,
    ) -> Result<AccessClaims, TokenError> {
        let header = read_header(token)?;
        let typ = header.typ.to_ascii_lowercase();
        if typ.strip_prefix("application/").unwrap_or(&typ) != "at+jwt" {
            return Err(TokenError::WrongType);
        }
        if header.alg != "EdDSA" {
            return Err(TokenError::WrongAlgorithm);
        }
        let key = self
            .all()
            .find(|key| key.kid == header.kid)
            .ok_or(TokenError::UnknownKey)?;
        let received = jsonwebtoken::decode::<ReceivedClaims>(token, &key.public, &SIGNATURE_ONLY)
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidSignature => TokenError::BadSignature,
                _ => TokenError::Malformed,
            })?;
        let ReceivedClaims { claims, nbf } = received.claims;
        let now = now.timestamp();
        if claims.iss != iss {
            Err(TokenError::WrongIssuer)
        } else if claims.aud != aud {
            Err(TokenError::WrongAudience)
        } else if claims.iat.max(nbf.unwrap_or(claims.iat)) > now.saturating_add(LEEWAY) {
            Err(TokenError::NotYetValid)
        } else if now >= claims.exp.saturating_add(LEEWAY) {
            Err(TokenError::Expired)
        } else {
            Ok(claims)
        }
    }

    fn all(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.active).chain(&self.others)
    }
}

/// The header of a token in compact form: three parts (RFC 7515 section 3.1), where an encrypted
/// token has five (RFC 7516 section 3.1).
fn read_header(token: &str) -> Result<ReceivedHeader, TokenError> {
    if token.len() > MAX_TOKEN || token.split('.').count() != 3 {
        return Err(TokenError::Malformed);
    }
    let (header, _) = token.split_once('.').ok_or(TokenError::Malformed)?;
    let header = URL_SAFE_NO_PAD
        .decode(header)
        .map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&header).map_err(|_| TokenError::Malformed)
}

/// Why a key could not be made, read or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// The stored bytes are no Ed25519 key.
    NotEd25519,
    /// The stored key is another one than its name says.
    WrongKid,
    /// The cryptographic library failed.
    Failed,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotEd25519 => "the stored signing key is not an Ed25519 key in PKCS#8",
            Self::WrongKid => "the stored signing key is not the one that its kid names",
            Self::Failed => "the cryptographic library failed",
        })
    }
}

impl std::error::Error for KeyError {}

/// Why a token was refused. For the log; whoever sent it learns only that it is invalid (RFC 6750
/// section 3.1), or that it has expired. No variant and no text carries anything of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// Not a JWT with all claims.
    Malformed,
    /// `typ` is not `at+jwt`.
    WrongType,
    /// `alg` is not EdDSA.
    WrongAlgorithm,
    /// `kid` names none of our keys.
    UnknownKey,
    /// The signature is not by the key that it names.
    BadSignature,
    /// `iss` is somebody else.
    WrongIssuer,
    /// `aud` is something else.
    WrongAudience,
    /// Its time has not come.
    NotYetValid,
    /// Its time is over.
    Expired,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the token is malformed",
            Self::WrongType => "the token is not an access token",
            Self::WrongAlgorithm => "the token is signed with another algorithm",
            Self::UnknownKey => "the token is signed with an unknown key",
            Self::BadSignature => "the token's signature is wrong",
            Self::WrongIssuer => "the token is from another issuer",
            Self::WrongAudience => "the token is for another audience",
            Self::NotYetValid => "the token is not valid yet",
            Self::Expired => "the token has expired",
        })
    }
}

impl std::error::Error for TokenError {}

#[cfg(test)]
mod tests {
    use super::*;

    const ISS: &str = "https://api.example.jp";
    const AUD: &str = "https://api.example.jp/v1";

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn claims() -> AccessClaims {
        AccessClaims {
            iss: ISS.into(),
            aud: AUD.into(),
            sub: Uuid::from_u128(1),
            jti: Uuid::from_u128(2),
            sid: Uuid::from_u128(3),
            role: "city_editor".into(),
            city: Some("kyoto".into()),
            scope: "read plans:write".into(),
            iat: now().timestamp(),
            exp: now().timestamp() + 600,
            client_id: "web".into(),
            machine: false,
            narrowed: false,
        }
    }

    fn ring() -> KeyRing {
        KeyRing::new(
            SigningKey::generate().unwrap(),
            vec![SigningKey::generate().unwrap()],
        )
    }

    fn check(ring: &KeyRing, token: &str) -> Result<AccessClaims, TokenError> {
        ring.verify(token, ISS, AUD, now())
    }

    /// A token with any header and payload, signed rightly by `key`: what our own mistake could make.
    fn forge(key: &SigningKey, header: &Value, payload: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(payload));
        let pair = Ed25519KeyPair::from_pkcs8(key.private.as_bytes()).unwrap();
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn header(key: &SigningKey) -> Value {
        json!({"typ": "at+jwt", "alg": "EdDSA", "kid": key.kid()})
    }

    fn payload() -> Value {
        serde_json::to_value(claims()).unwrap()
    }

    fn with(mut object: Value, name: &str, value: impl Into<Value>) -> Value {
        object[name] = value.into();
        object
    }

    fn without(mut object: Value, name: &str) -> Value {
        object.as_object_mut().unwrap().remove(name);
        object
    }

    #[test]
    fn a_token_says_what_was_signed_whichever_key_of_the_ring_signed_it() {
        let mut ring = ring();
        let token = ring.sign(&claims()).unwrap();
        assert_eq!(check(&ring, &token), Ok(claims()));
        std::mem::swap(&mut ring.active, &mut ring.others[0]);
        assert_eq!(check(&ring, &token), Ok(claims()));
        ring.others.clear();
        assert_eq!(check(&ring, &token), Err(TokenError::UnknownKey));
    }

    #[test]
    fn a_city_that_is_not_there_is_left_out() {
        let (ring, claims) = (
            ring(),
            AccessClaims {
                city: None,
                ..claims()
            },
        );
        let token = ring.sign(&claims).unwrap();
        let payload = URL_SAFE_NO_PAD
            .decode(token.split('.').nth(1).unwrap())
            .unwrap();
        assert!(!String::from_utf8(payload).unwrap().contains("city\""));
        assert_eq!(check(&ring, &token), Ok(claims));
    }

    #[test]
    fn the_key_of_rfc_8037_has_its_thumbprint_and_signature() {
        let seed = URL_SAFE_NO_PAD
            .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .unwrap();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let key = SigningKey::from_pair(&pair, pair.to_pkcs8v1().unwrap().as_ref()).unwrap();
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(
            key.public_jwk(),
            json!({
                "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid": key.kid(), "use": "sig", "alg": "EdDSA",
            })
        );
    }

    #[test]
    fn a_key_is_stored_and_read_back_under_its_own_name_only() {
        use secrecy::ExposeSecret as _;
        let (key, other) = (
            SigningKey::generate().unwrap(),
            SigningKey::generate().unwrap(),
        );
        let stored = key.to_pkcs8();
        let read = SigningKey::from_pkcs8(key.kid(), stored.expose_secret()).unwrap();
        assert_eq!(read.public_jwk(), key.public_jwk());
        assert_eq!(
            SigningKey::from_pkcs8(other.kid(), stored.expose_secret()).err(),
            Some(KeyError::WrongKid)
        );
        assert_eq!(
            SigningKey::from_pkcs8(key.kid(), b"garbage").err(),
            Some(KeyError::NotEd25519)
        );
    }

    #[test]
    fn nothing_private_is_published_or_printed() {
        let ring = ring();
        let jwks = ring.jwks();
        assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
        assert_eq!(jwks["keys"][0]["kid"], ring.active.kid());
        assert!(
            jwks["keys"]
                .as_array()
                .unwrap()
                .iter()
                .all(|key| key.get("d").is_none())
        );
        assert_eq!(
            format!("{:?}", ring.active),
            format!("SigningKey {{ kid: {:?}, .. }}", ring.active.kid())
        );
    }

    #[test]
    fn no_signature_and_a_signature_made_with_the_public_key_are_refused() {
        let ring = ring();
        let token = ring.sign(&claims()).unwrap();
        let (message, _) = token.rsplit_once('.').unwrap();
        assert_eq!(
            check(&ring, &format!("{message}.")),
            Err(TokenError::BadSignature)
        );

        for alg in ["none", "None", "HS256", "ES256", "eddsa", "Ed25519", ""] {
            let token = forge(
                &ring.active,
                &with(header(&ring.active), "alg", alg),
                &payload(),
            );
            let (message, _) = token.rsplit_once('.').unwrap();
            assert_eq!(
                check(&ring, &token),
                Err(TokenError::WrongAlgorithm),
                "{alg}"
            );
            assert_eq!(
                check(&ring, &format!("{message}.")),
                Err(TokenError::WrongAlgorithm),
                "{alg}"
            );
        }

        let mut hmac = Header::new(Algorithm::HS256);
        (hmac.typ, hmac.kid) = (Some("at+jwt".into()), Some(ring.active.kid.clone()));
        for secret in [
            ring.active.x.as_bytes(),
            &URL_SAFE_NO_PAD.decode(&ring.active.x).unwrap(),
        ] {
            let token =
                jsonwebtoken::encode(&hmac, &claims(), &EncodingKey::from_secret(secret)).unwrap();
            assert_eq!(check(&ring, &token), Err(TokenError::WrongAlgorithm));
        }
    }

    #[test]
    fn a_kid_other_than_the_signers_is_refused() {
        let (ring, stranger) = (ring(), SigningKey::generate().unwrap());
        let claiming =
            |kid: &str| forge(&stranger, &with(header(&stranger), "kid", kid), &payload());
        assert_eq!(
            check(&ring, &claiming(stranger.kid())),
            Err(TokenError::UnknownKey)
        );
        assert_eq!(
            check(&ring, &claiming(ring.active.kid())),
            Err(TokenError::BadSignature)
        );
        assert_eq!(
            check(&ring, &claiming("../../etc/passwd")),
            Err(TokenError::UnknownKey)
        );
        let swapped = forge(&ring.active, &header(&ring.others[0]), &payload());
        assert_eq!(check(&ring, &swapped), Err(TokenError::BadSignature));
    }

    #[test]
    fn a_header_that_says_more_or_less_is_refused_although_signed() {
        let ring = ring();
        let key = &ring.active;
        let refused = |header: Value| check(&ring, &forge(key, &header, &payload()));
        for (name, value) in [
            ("crit", json!(["exp"])),
            ("crit", json!([])),
            ("crit", json!(null)),
            ("b64", json!(false)),
            ("jwk", key.public_jwk()),
            ("jku", json!("https://evil.example/jwks.json")),
            ("zip", json!("DEF")),
            ("kid", json!(null)),
        ] {
            assert_eq!(
                refused(with(header(key), name, value)),
                Err(TokenError::Malformed),
                "{name}"
            );
        }
        for name in ["typ", "alg", "kid"] {
            assert_eq!(
                refused(without(header(key), name)),
                Err(TokenError::Malformed),
                "{name}"
            );
        }
    }

    #[test]
    fn only_access_tokens_are_taken() {
        let ring = ring();
        let typed = |typ: &str| {
            check(
                &ring,
                &forge(
                    &ring.active,
                    &with(header(&ring.active), "typ", typ),
                    &payload(),
                ),
            )
        };
        for typ in [
            "at+jwt",
            "AT+JWT",
            "application/at+jwt",
            "Application/At+Jwt",
        ] {
            assert_eq!(typed(typ), Ok(claims()), "{typ}");
        }
        for typ in [
            "JWT",
            "jwt",
            "",
            "logout+jwt",
            "application/application/at+jwt",
            "at+jwt ",
        ] {
            assert_eq!(typed(typ), Err(TokenError::WrongType), "{typ}");
        }
    }

    #[test]
    fn missing_and_foreign_claims_are_refused_although_signed() {
        let ring = ring();
        let refused =
            |payload: Value| check(&ring, &forge(&ring.active, &header(&ring.active), &payload));
        for name in [
            "exp",
            "iat",
            "iss",
            "aud",
            "sub",
            "jti",
            "sid",
            "role",
            "scope",
            "client_id",
        ] {
            assert_eq!(
                refused(without(payload(), name)),
                Err(TokenError::Malformed),
                "{name}"
            );
            assert_eq!(
                refused(with(payload(), name, Value::Null)),
                Err(TokenError::Malformed),
                "{name}"
            );
        }
        assert_eq!(
            refused(with(payload(), "iss", "https://evil.example")),
            Err(TokenError::WrongIssuer)
        );
        assert_eq!(
            refused(with(payload(), "iss", "")),
            Err(TokenError::WrongIssuer)
        );
        assert_eq!(
            refused(with(payload(), "iss", json!([ISS, "x"]))),
            Err(TokenError::Malformed)
        );
        assert_eq!(
            refused(with(payload(), "aud", "https://other.example")),
            Err(TokenError::WrongAudience)
        );
        assert_eq!(
            refused(with(
                payload(),
                "aud",
                json!([AUD, "https://other.example"])
            )),
            Err(TokenError::Malformed)
        );
        assert_eq!(
            refused(with(payload(), "exp", "1800000600")),
            Err(TokenError::Malformed)
        );
        assert_eq!(
            refused(with(payload(), "exp", 1e300)),
            Err(TokenError::Malformed)
        );
        assert_eq!(
            refused(with(payload(), "sub", "admin")),
            Err(TokenError::Malformed)
        );
        assert_eq!(refused(json!([])), Err(TokenError::Malformed));
        assert_eq!(refused(with(payload(), "later", true)), Ok(claims()));
    }

    #[test]
    fn time_is_the_given_one_with_30_seconds_of_leeway() {
        let ring = ring();
        let at = |payload: &Value, offset: i64| {
            let token = forge(&ring.active, &header(&ring.active), payload);
            ring.verify(&token, ISS, AUD, now() + chrono::Duration::seconds(offset))
                .map(|_| ())
        };
        for (offset, expected) in [
            (0, Ok(())),
            (629, Ok(())),
            (630, Err(TokenError::Expired)),
            (1 << 32, Err(TokenError::Expired)),
            (-30, Ok(())),
            (-31, Err(TokenError::NotYetValid)),
        ] {
            assert_eq!(at(&payload(), offset), expected, "{offset}");
        }
        let later = with(payload(), "nbf", now().timestamp() + 100);
        assert_eq!(at(&later, 69), Err(TokenError::NotYetValid));
        assert_eq!(at(&later, 70), Ok(()));
        assert_eq!(at(&with(payload(), "exp", i64::MAX), 0), Ok(()));
        assert_eq!(
            at(&with(payload(), "exp", i64::MIN), 0),
            Err(TokenError::Expired)
        );
        assert_eq!(
            at(&with(payload(), "iat", i64::MAX), 0),
            Err(TokenError::NotYetValid)
        );
    }

    #[test]
    fn any_changed_character_is_refused() {
        let ring = ring();
        let token = ring.sign(&claims()).unwrap();
        for at in 0..token.len() {
            for other in ["A", "B", "_", ".", "="] {
                let mut changed = token.clone();
                changed.replace_range(at..=at, other);
                assert_eq!(
                    check(&ring, &changed).is_ok(),
                    changed == token,
                    "{at} {other}"
                );
            }
        }
    }

    #[test]
    fn a_payload_of_another_token_is_refused() {
        let ring = ring();
        let admin = AccessClaims {
            role: "admin".into(),
            ..claims()
        };
        let (mine, theirs) = (ring.sign(&claims()).unwrap(), ring.sign(&admin).unwrap());
        let (mine, theirs): (Vec<_>, Vec<_>) =
            (mine.split('.').collect(), theirs.split('.').collect());
        assert_eq!(
            check(&ring, &[mine[0], theirs[1], mine[2]].join(".")),
            Err(TokenError::BadSignature)
        );
    }

    #[test]
    fn what_has_not_three_parts_or_is_too_long_is_refused() {
        let ring = ring();
        let token = ring.sign(&claims()).unwrap();
        let (message, _) = token.rsplit_once('.').unwrap();
        for text in [
            "",
            ".",
            "..",
            "....",
            "a.b.c",
            message,
            &format!("{token}.{message}"),
            &format!("{token}."),
            &format!(".{token}"),
        ] {
            assert_eq!(check(&ring, text), Err(TokenError::Malformed), "{text}");
        }
        let of_length = |length: usize| {
            let padding = with(payload(), "role", "r".repeat(length));
            forge(&ring.active, &header(&ring.active), &padding)
        };
        let longest = (0..4096)
            .map(of_length)
            .take_while(|token| token.len() <= MAX_TOKEN)
            .last()
            .unwrap();
        assert!(longest.len() > MAX_TOKEN - 2 && check(&ring, &longest).is_ok());
        assert_eq!(check(&ring, &of_length(3500)), Err(TokenError::Malformed));
    }

    #[test]
    fn errors_show_nothing_of_the_token() {
        let ring = ring();
        let token = forge(
            &ring.active,
            &with(header(&ring.active), "kid", "hunter2"),
            &payload(),
        );
        let error = check(&ring, &token).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
