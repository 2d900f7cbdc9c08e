//! How a page reaches the API: by fetch in the browser, in-process on the server.

#[cfg(not(feature = "ssr"))]
mod browser;
#[cfg(feature = "ssr")]
mod in_process;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::Problem;
#[cfg(not(feature = "ssr"))]
pub(crate) use browser::me_of_document;
#[cfg(not(feature = "ssr"))]
use browser::{fetch, fetch_json};
#[cfg(not(feature = "ssr"))]
pub use browser::{say_alive, tell_panics};
#[cfg(feature = "ssr")]
pub use in_process::{ApiAnswer, InProcess, NotFound};
#[cfg(feature = "ssr")]
use in_process::{fetch, fetch_json};

/// Asks for `path`, which begins with `/api/v1/`.
pub fn get<T: DeserializeOwned + 'static>(
    path: impl Into<String>,
) -> impl Future<Output = Result<T, Problem>> + Send + 'static {
    let answer = fetch(path.into());
    async move { read(&answer.await?) }
}

/// Asks for `path` if there is one.
pub fn get_some<T: DeserializeOwned + 'static>(
    path: Option<String>,
) -> impl Future<Output = Option<Result<T, Problem>>> + Send + 'static {
    let answer = path.map(get);
    async move {
        match answer {
            Some(answer) => Some(answer.await),
            None => None,
        }
    }
}

/// Sends a change. `method` is `POST`, `PUT` or `DELETE`; only the browser sends changes.
pub fn send<B: Serialize, T: DeserializeOwned + 'static>(
    method: &'static str,
    path: impl Into<String>,
    body: &B,
) -> impl Future<Output = Result<T, Problem>> + Send + 'static {
    let body = serde_json::to_string(body);
    let path = path.into();
    async move {
        let body = body.map_err(|error| Problem::unreachable(error.to_string()))?;
        read(&fetch_json(method, path, body).await?)
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    // An answer without content reads as `null`, which `()` accepts.
    let text = if text.is_empty() { "null" } else { text };
    serde_json::from_str(text).map_err(|error| {
        Problem::unreachable(format!(
            "the answer could not be read ({error}); reload the page: the server may be newer"
        ))
    })
}
