//! `/me`: who is asking.

use std::sync::Arc;

use app::api::me::Me;
use axum::extract::State;

use crate::accounts::Caller;
use crate::console::Console;
use crate::web::{Answer, Json, pages};

/// Who is asking, and what they may do.
#[utoipa::path(get, path = "/me", responses((status = 200, body = Me)), tag = "account")]
pub(crate) async fn show(State(console): State<Arc<Console>>, caller: Caller) -> Answer<Me> {
    Ok(Json(pages::me(&console, &caller).await))
}
