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

/// What the server does when there is no page at the address. The server provides it as context.
#[derive(Debug, Clone, Copy)]
pub struct NoPage(pub fn());

/// Tells the server that there is no page at the address.
pub(crate) fn say_no_page() {
    if let Some(NoPage(tell)) = use_context::<NoPage>() {
        tell();
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
