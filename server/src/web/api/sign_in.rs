//! `/sign-in`: how people sign in.

use std::sync::Arc;

use app::api::sign_in::SignInWay;
use axum::extract::State;

use crate::console::Console;
use crate::sign_in::SignInMode;
use crate::web::{Answer, Json};

/// How people sign in here.
#[utoipa::path(get, path = "/sign-in", responses((status = 200, body = SignInWay)), tag = "account")]
pub(crate) async fn show(State(console): State<Arc<Console>>) -> Answer<SignInWay> {
    let config = console.sign_in.config();
    Ok(Json(match config.mode {
        Some(SignInMode::GitHub) => {
            SignInWay::Github { organisation: config.github.organisation.clone() }
        }
        _ => SignInWay::Link { minutes: config.link_minutes },
    }))
}
