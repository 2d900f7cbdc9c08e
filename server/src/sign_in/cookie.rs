//! Cookies of the sign-in (promise D7).

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite};
use domain::{Error, Result};
use jiff::SignedDuration;
use url::Url;

/// A cookie that only the server reads: `__Host-…` and Secure over https; over plain http, which
/// the configuration allows to this machine alone, neither is possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCookie {
    name: String,
    secure: bool,
}

impl ServerCookie {
    /// Holds the secret of the session.
    pub fn session(public_url: &Url) -> Self {
        Self::of(public_url, "__Host-sluice", "sluice_session")
    }

    /// Binds a sign-in that is at the provider to this browser.
    pub fn attempt(public_url: &Url) -> Self {
        Self::of(public_url, "__Host-sluice-sign-in", "sluice_sign_in")
    }

    fn of(public_url: &Url, secure: &str, plain: &str) -> Self {
        match public_url.scheme() {
            "https" => Self { name: secure.to_owned(), secure: true },
            _ => Self { name: plain.to_owned(), secure: false },
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value in a request, if it has one.
    pub fn read(&self, headers: &HeaderMap) -> Option<String> {
        let lines = headers.get_all(header::COOKIE).into_iter();
        let cookies = lines.filter_map(|line| line.to_str().ok()).flat_map(Cookie::split_parse);
        let mut found = cookies.flatten().filter(|cookie| cookie.name() == self.name);
        found.next().map(|cookie| cookie.value().to_owned()).filter(|value| !value.is_empty())
    }

    /// The `Set-Cookie` that gives it a value for a time.
    pub fn set(&self, value: &str, life: SignedDuration) -> Result<HeaderValue> {
        let life = cookie::time::Duration::seconds(life.as_secs());
        let cookie = Cookie::build((self.name.clone(), value.to_owned()))
            .path("/")
            .http_only(true)
            .secure(self.secure)
            // Lax: the way back from GitHub is a navigation from another site.
            .same_site(SameSite::Lax)
            .max_age(life);
        HeaderValue::from_str(&cookie.to_string())
            .map_err(|error| Error::internal(format!("no cookie can be made: {error}")))
    }

    /// The `Set-Cookie` that takes it away.
    pub fn clear(&self) -> Result<HeaderValue> {
        self.set("", SignedDuration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(public_url: &str) -> ServerCookie {
        ServerCookie::session(&Url::parse(public_url).unwrap())
    }

    #[test]
    fn d7_the_session_cookie_is_bound_to_the_host() {
        let life = SignedDuration::from_hours(1);
        assert_eq!(
            cookie("https://lake.example").set("abc", life).unwrap(),
            "__Host-sluice=abc; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=3600"
        );
        assert_eq!(
            cookie("http://127.0.0.1:8340").set("abc", life).unwrap(),
            "sluice_session=abc; HttpOnly; SameSite=Lax; Path=/; Max-Age=3600"
        );
        assert!(cookie("https://a").clear().unwrap().to_str().unwrap().contains("Max-Age=0"));
    }

    #[test]
    fn it_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers
            .append(header::COOKIE, "a=1; __Host-sluice=abc; sluice_session=no".parse().unwrap());
        assert_eq!(cookie("https://lake.example").read(&headers).as_deref(), Some("abc"));
        assert_eq!(cookie("https://lake.example").read(&HeaderMap::new()), None);
    }
}
