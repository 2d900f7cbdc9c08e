//! In the browser: fetch, with the session's cookie.

use gloo_net::http::{Request, Response};
use send_wrapper::SendWrapper;

use crate::api::Problem;
use crate::api::me::Me;
use crate::place::ME_ELEMENT;

pub(super) fn fetch(path: String) -> impl Future<Output = Result<String, Problem>> + Send {
    SendWrapper::new(async move {
        let answer = Request::get(&path).header("Accept", "application/json").send().await;
        text(answer).await
    })
}

pub(super) fn fetch_json(
    method: &'static str,
    path: String,
    body: String,
) -> impl Future<Output = Result<String, Problem>> + Send {
    SendWrapper::new(async move {
        let request = match method {
            "PUT" => Request::put(&path),
            "PATCH" => Request::patch(&path),
            "DELETE" => Request::delete(&path),
            _ => Request::post(&path),
        };
        let request = request.header("Content-Type", "application/json").body(body);
        let request = request.map_err(|error| Problem::unreachable(error.to_string()))?;
        text(request.send().await).await
    })
}

async fn text(answer: Result<Response, gloo_net::Error>) -> Result<String, Problem> {
    let answer = answer.map_err(|_| {
        Problem::unreachable("Is the server running, and are you online? Then try again.")
    })?;
    let text = answer.text().await.unwrap_or_default();
    if answer.ok() {
        return Ok(text);
    }
    if answer.status() == 401 {
        go_to_sign_in();
    }
    Err(serde_json::from_str(&text).unwrap_or_else(|_| {
        Problem::new(answer.status(), answer.status_text(), "The server gave no reason.")
    }))
}

/// The session has ended: sign in, then come back to this page.
fn go_to_sign_in() {
    let location = leptos::prelude::window().location();
    let here = location.pathname().unwrap_or_default() + &location.search().unwrap_or_default();
    if !here.starts_with("/sign-in") {
        let next = String::from(js_sys::encode_uri_component(&here));
        let _ = location.set_href(&format!("/sign-in?next={next}"));
    }
}

/// What the server wrote into the document about the reader.
pub(crate) fn me_of_document() -> Me {
    let element = leptos::prelude::document().get_element_by_id(ME_ELEMENT);
    let text = element.and_then(|element| element.text_content()).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Marks the document as answering to clicks: for measurements, and for style that must wait.
pub fn say_alive() {
    if let Some(root) = leptos::prelude::document().document_element() {
        let _ = root.set_attribute("data-alive", "true");
    }
}

/// Sends the message of a panic to the browser's console.
pub fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&panic.to_string().into());
    }));
}

/// The browser has its answer already.
pub(crate) fn say_no_page() {}
