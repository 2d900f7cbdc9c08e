//! Who asks: a token, or an app that proves with its key who it is.

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use super::{Answer, Asked, REPOSITORY, StandIn, TOKEN, World};

/// The client id of the app.
pub const APP: &str = "Iv23liExample";
/// The number of the app.
pub const APP_NUMBER: u64 = 4711;
/// The key of the app. It was made for tests and opens nothing.
pub const KEY: &str = include_str!("app_key.pem");
const INSTALLATION: u64 = 815;

/// Tokens of the installation.
#[derive(Default)]
pub(super) struct Tokens {
    valid: Vec<String>,
    pub(super) given: usize,
    lifetime: Option<SignedDuration>,
}

impl StandIn {
    /// Takes all tokens of the installation back.
    pub fn revoke(&self) {
        self.world.app.lock().unwrap().valid.clear();
    }

    /// How many tokens were given.
    pub fn given(&self) -> usize {
        self.world.app.lock().unwrap().given
    }

    /// Tokens that are given from now on are valid for so long.
    pub fn tokens_last(&self, lifetime: SignedDuration) {
        self.world.app.lock().unwrap().lifetime = Some(lifetime);
    }
}

impl World {
    /// What an app asks with its own token; `None` for everything else.
    pub(super) fn of_app(&self, asked: &Asked<'_>) -> Option<Answer> {
        let installation = format!("repos/{REPOSITORY}/installation");
        let path = asked.path.join("/");
        let known = path == installation || path.starts_with("app");
        if !known {
            return None;
        }
        if let Err(why) = check(bearer(asked).unwrap_or_default()) {
            return Some(Answer::refused(401, why));
        }
        Some(match (&asked.method, asked.path.as_slice()) {
            (&Method::GET, ["app"]) => Answer::ok(json!({ "id": APP_NUMBER, "slug": "sluice" })),
            (&Method::GET, ["repos", ..]) => Answer::ok(json!({ "id": INSTALLATION })),
            (&Method::POST, ["app", "installations", number, "access_tokens"]) => {
                assert_eq!(*number, INSTALLATION.to_string());
                self.give(&asked.body)
            }
            _ => Answer::not_found(),
        })
    }

    fn give(&self, scope: &Value) -> Answer {
        assert_eq!(scope["repositories"], json!(["lake"]), "no more than the one repository");
        assert!(scope["permissions"].get("administration").is_none());
        let mut tokens = self.app.lock().unwrap();
        tokens.given += 1;
        let token = format!("ghs_installation{}", tokens.given);
        tokens.valid.push(token.clone());
        let lifetime = tokens.lifetime.unwrap_or(SignedDuration::from_hours(1));
        let until = (Timestamp::now() + lifetime).to_string();
        Answer::made(json!({ "token": token, "expires_at": until }))
    }

    pub(super) fn accepts(&self, asked: &Asked<'_>) -> bool {
        bearer(asked) == Some(TOKEN) || self.is_app(asked)
    }

    pub(super) fn is_app(&self, asked: &Asked<'_>) -> bool {
        let tokens = self.app.lock().unwrap();
        bearer(asked).is_some_and(|token| tokens.valid.iter().any(|valid| valid == token))
    }
}

fn bearer<'a>(asked: &'a Asked<'_>) -> Option<&'a str> {
    asked.headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Checks a JSON Web Token as GitHub does.
fn check(token: &str) -> Result<(), &'static str> {
    let (signed, signature) =
        token.rsplit_once('.').ok_or("A JSON web token could not be decoded")?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "not base64url")?;
    let public = key_pair().public_key().as_ref().to_vec();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| "A JSON web token could not be decoded")?;
    let (header, claims) = signed.split_once('.').ok_or("no claims")?;
    let json = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let (header, claims, now) = (json(header), json(claims), Timestamp::now().as_second());
    let (issued, expires) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
    match () {
        () if header["alg"] != "RS256" => Err("'alg' is not RS256"),
        () if claims["iss"] != APP => Err("'Issuer' claim ('iss') must be the app"),
        () if issued > now => Err("'Issued at' claim ('iat') must be in the past"),
        () if expires <= now || expires > now + 600 => Err("'Expiration time' is too far"),
        () => Ok(()),
    }
}

fn key_pair() -> RsaKeyPair {
    let inner: String = KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    RsaKeyPair::from_der(&STANDARD.decode(inner).unwrap()).unwrap()
}
