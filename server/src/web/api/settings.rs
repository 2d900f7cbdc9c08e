//! `/notifications` and `/retention`: what is configured, and how it works out.

use std::sync::Arc;

use app::api::settings::{Delivery, DeliveryState, Notifications, Retention};
use axum::extract::State;

use crate::console::Console;
use crate::retention;
use crate::web::{Answer, InEnvironment, Json};

/// Notifications that are shown.
const SHOWN: u32 = 50;

/// Where notifications of an environment go, and how the latest went.
#[utoipa::path(get, path = "/environments/{environment}/notifications",
    params(("environment" = String, Path)),
    responses((status = 200, body = Notifications)), tag = "settings")]
pub(crate) async fn notifications(at: InEnvironment) -> Answer<Notifications> {
    let deliveries = at.deliveries(SHOWN).await?.into_iter().map(|found| Delivery {
        id: found.id,
        subject: found.subject,
        state: state(found.state),
        failed_attempts: found.failed_attempts,
        last_error: found.last_error,
        created_at: found.created_at,
        delivered_at: found.delivered_at,
    });
    let targets = at.notifiers.iter().map(|notifier| notifier.name().to_owned());
    Ok(Json(Notifications { targets: targets.collect(), deliveries: deliveries.collect() }))
}

/// What is kept, and how long.
#[utoipa::path(get, path = "/retention", responses((status = 200, body = Retention)), tag = "settings")]
pub(crate) async fn retention(State(console): State<Arc<Console>>) -> Answer<Retention> {
    let engine = console.lakes.first().map(|lake| lake.settings.clone()).unwrap_or_default();
    Ok(Json(Retention { rules: retention::rules(&engine, console.sign_in.config()) }))
}

fn state(state: etl_embedded::DeliveryState) -> DeliveryState {
    match state {
        etl_embedded::DeliveryState::Waiting => DeliveryState::Waiting,
        etl_embedded::DeliveryState::Delivered => DeliveryState::Delivered,
        etl_embedded::DeliveryState::GivenUp => DeliveryState::GivenUp,
    }
}
