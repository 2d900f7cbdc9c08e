//! One query as server-sent events, until it has ended.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::api::queries::QueryInfo;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use domain::access::Permission;
use domain::query::QueryId;
use futures::{Stream, stream};

use super::{QueryPath, workbench};
use crate::accounts::Caller;
use crate::console::Console;
use crate::live::Seat;
use crate::queries::{Workbench, info};
use crate::web::api::events::{told, too_many_places};
use crate::web::{InEnvironment, Refusal, authenticate};

/// How often a query is looked at that this server computes: its state lies in memory.
const LOOK: Duration = Duration::from_millis(100);
/// How often one is looked at that another server computes.
const LOOK_ELSEWHERE: Duration = Duration::from_millis(700);
/// The right to see it is looked at again this often.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Tells of a query whenever it stands otherwise than before: events `query`. The first one comes at
/// once, the last one when it has ended.
#[utoipa::path(get, path = "/environments/{environment}/queries/{query}/events", tag = "queries",
    operation_id = "follow_query", params(("environment" = String, Path), ("query" = String, Path)),
    responses((status = 200, body = QueryInfo, content_type = "text/event-stream"),
        (status = 429, description = "The caller listens too often at the same time")))]
pub(crate) async fn follow(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<QueryPath>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (id, owner) = (path.id()?, caller.user.id.clone());
    let workbench = workbench(&console, &at)?;
    // Whose query it is not hears so before anything is sent.
    workbench.find(id, &owner).await?;
    let Some(seat) = console.live.seat(&owner) else {
        return Err(too_many_places());
    };
    let follower = Follower {
        at,
        console,
        headers,
        workbench,
        id,
        owner,
        told: None,
        checked: Instant::now(),
        _seat: seat,
    };
    Ok(told(events(follower)))
}

/// One who follows a query.
struct Follower {
    at: InEnvironment,
    console: Arc<Console>,
    headers: HeaderMap,
    workbench: Arc<Workbench>,
    id: QueryId,
    owner: String,
    /// What was told last.
    told: Option<QueryInfo>,
    /// When the right to see it was looked at last.
    checked: Instant,
    _seat: Seat,
}

fn events(follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(follower, async |mut follower| {
        let news = follower.news().await?;
        let data = serde_json::to_string(&news).unwrap_or_default();
        follower.told = Some(news);
        Some((Ok(Event::default().event("query").data(data)), follower))
    })
}

impl Follower {
    /// How the query stands, once that is otherwise than was told; `None` when there is no more to
    /// tell.
    async fn news(&mut self) -> Option<QueryInfo> {
        if self.told.as_ref().is_some_and(|told| told.state.is_terminal()) {
            return None;
        }
        loop {
            if !self.may_listen().await {
                return None;
            }
            let found = info(self.workbench.find(self.id, &self.owner).await.ok()?);
            if self.told.as_ref() != Some(&found) {
                return Some(found);
            }
            let pause = if self.workbench.computes(self.id) { LOOK } else { LOOK_ELSEWHERE };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.console.live.stopped() => return None,
            }
        }
    }

    /// Whether session or token still holds, with the right to query.
    async fn may_listen(&mut self) -> bool {
        if self.checked.elapsed() < LOOK_AGAIN {
            return true;
        }
        self.checked = Instant::now();
        let environment = Some(&self.at.lake.environment);
        match authenticate::again(&self.console, &self.headers).await {
            Some(caller) => caller.rights.allow(Permission::RunQueries, environment),
            None => false,
        }
    }
}
