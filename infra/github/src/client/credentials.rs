//! Who Sluice is on GitHub: a fine-grained token, or an app that is installed on the repository.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::{Error, Result};
use infra::secrets::SecretValue;
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

/// An app's own token is valid for ten minutes at most; clocks differ.
const VALID: SignedDuration = SignedDuration::from_mins(9);
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// How Sluice proves who it is.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A fine-grained personal access token.
    Token(SecretValue),
    /// A GitHub App.
    App {
        /// Its number, or its client id.
        app: String,
        /// Its private key, as GitHub gives it: PEM.
        key: SecretValue,
    },
}

impl Credentials {
    /// Whether they can be used at all. Invalid, without repeating anything secret.
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Token(token) if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err(Error::invalid("the token has letters that no token has: copy it again"))
            }
            Self::Token(_) => Ok(()),
            Self::App { key, .. } => key_pair(key).map(drop),
        }
    }
}

/// The token with which an app asks for an installation's: a JSON Web Token, signed with its key.
pub(super) fn app_token(app: &str, key: &SecretValue, now: Timestamp) -> Result<String> {
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let (issued, expires) = ((now - SKEW).as_second(), (now + VALID).as_second());
    let header = part(serde_json::json!({ "alg": "RS256", "typ": "JWT" }));
    let claims = part(serde_json::json!({ "iat": issued, "exp": expires, "iss": app }));
    let signed = format!("{header}.{claims}");
    let pair = key_pair(key)?;
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| Error::internal("the app's key signs nothing"))?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn key_pair(key: &SecretValue) -> Result<RsaKeyPair> {
    let wrong = || {
        Error::invalid(
            "the app's private key is no RSA key in PEM: download a new one from the app's settings",
        )
    };
    let text = key.expose().trim();
    let body = |label: &str| {
        let inner = text.strip_prefix(&format!("-----BEGIN {label}-----"))?;
        let inner = inner.strip_suffix(&format!("-----END {label}-----"))?;
        let inner: String = inner.split_whitespace().collect();
        STANDARD.decode(inner).ok()
    };
    let pair = match (body("RSA PRIVATE KEY"), body("PRIVATE KEY")) {
        (Some(der), _) => RsaKeyPair::from_der(&der),
        (None, Some(der)) => RsaKeyPair::from_pkcs8(&der),
        (None, None) => return Err(wrong()),
    };
    pair.map_err(|_| wrong())
}
