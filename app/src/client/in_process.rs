//! On the server: requests of a page go through the API's own router, as the reader, without a
//! socket.

use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::use_context;

use crate::api::Problem;

/// What a request in-process ends with: the text of the answer, or the problem.
pub type ApiAnswer = Pin<Box<dyn Future<Output = Result<String, Problem>> + Send>>;

/// Sends GET requests to the API as the reader of the page. The server provides it as context.
#[derive(Clone)]
pub struct InProcess(pub Arc<dyn Fn(String) -> ApiAnswer + Send + Sync>);

impl std::fmt::Debug for InProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InProcess")
    }
}

/// Tells the server that the page being rendered is about nothing. The server provides it.
#[derive(Clone)]
pub struct NotFound(Arc<dyn Fn() + Send + Sync>);

impl NotFound {
    /// Calls `tell`.
    pub fn new(tell: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Tells it for the page being rendered.
    pub(crate) fn tell() {
        if let Some(found) = use_context::<Self>() {
            (found.0)();
        }
    }
}

impl std::fmt::Debug for NotFound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NotFound")
    }
}

/// The context must be asked before the first await: it belongs to the page being rendered.
pub(super) fn fetch(path: String) -> ApiAnswer {
    match use_context::<InProcess>() {
        Some(api) => (api.0)(path),
        None => Box::pin(async { Err(Problem::unreachable("the page has no API to ask")) }),
    }
}

/// Pages are rendered without changing anything.
pub(super) async fn fetch_json(
    _method: &'static str,
    _path: String,
    _body: String,
) -> Result<String, Problem> {
    Err(Problem::unreachable("a page cannot send changes while it is rendered"))
}
