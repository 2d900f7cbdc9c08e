//! Changes of runs as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use app::api::runs::RunEvent;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::access::Permission;
use futures::{Stream, StreamExt, stream};

use crate::accounts::Caller;
use crate::console::Console;
use crate::live::{Changes, Listener};
use crate::web::{InEnvironment, Refusal, authenticate};

/// A comment that keeps proxies from closing the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The right to listen is looked at again this often, and before every event.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Tells of runs that change until the session ends: events `run`; and `sync` when anything may have
/// changed, which is the first one.
#[utoipa::path(get, path = "/environments/{environment}/events", tag = "runs",
    params(("environment" = String, Path)),
    responses((status = 200, body = RunEvent, content_type = "text/event-stream"),
        (status = 429, description = "The caller listens too often at the same time")))]
pub(crate) async fn listen(
    at: InEnvironment,
    State(console): State<Arc<Console>>,
    caller: Caller,
    headers: HeaderMap,
) -> Response {
    let Some(listener) = console.live.listen(&at.lake, &caller.user.id) else {
        return too_many_places().into_response();
    };
    told(events(Ear { at, console, headers, listener }))
}

/// For who listens too often already.
pub(super) fn too_many_places() -> Refusal {
    let detail = "You listen in too many places at the same time: close some tabs.";
    Refusal::of_status(StatusCode::TOO_MANY_REQUESTS, detail)
}

/// The answer that tells of events as they come.
pub(super) fn told(
    events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> Response {
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    let mut answer = Sse::new(events).keep_alive(keep_alive).into_response();
    // Proxies that buffer would hold events back.
    let no_buffer = axum::http::HeaderValue::from_static("no");
    answer.headers_mut().insert("x-accel-buffering", no_buffer);
    answer
}

/// One who listens.
struct Ear {
    at: InEnvironment,
    console: Arc<Console>,
    headers: HeaderMap,
    listener: Listener,
}

fn events(ear: Ear) -> impl Stream<Item = Result<Event, Infallible>> {
    let first = stream::iter([Ok(Event::default().event("sync").data("{}"))]);
    let later = stream::unfold(ear, async |mut ear| {
        loop {
            let heard = tokio::time::timeout(LOOK_AGAIN, ear.listener.next()).await;
            if !ear.may_listen().await {
                return None;
            }
            match heard {
                Ok(Some(changes)) => return Some((stream::iter(as_events(&changes)), ear)),
                Ok(None) => return None,
                Err(_) => {}
            }
        }
    });
    first.chain(later.flatten())
}

impl Ear {
    /// Whether session or token still holds, with the right to see.
    async fn may_listen(&self) -> bool {
        let environment = Some(&self.at.lake.environment);
        match authenticate::again(&self.console, &self.headers).await {
            Some(caller) => caller.rights.allow(Permission::ViewLake, environment),
            None => false,
        }
    }
}

fn as_events(changes: &Changes) -> Vec<Result<Event, Infallible>> {
    let Changes::Runs(runs) = changes else {
        return vec![Ok(Event::default().event("sync").data("{}"))];
    };
    let event = |change: &etl_engine::run::RunChange| {
        let event =
            RunEvent { id: change.run, dataset: change.dataset.clone(), status: change.status };
        let data = serde_json::to_string(&event).unwrap_or_default();
        Ok(Event::default().event("run").data(data))
    };
    runs.iter().map(event).collect()
}
