//! `/notifications` and `/retention`: what is configured, and how it works out.

use std::sync::Arc;

use app::api::settings::{Delivery, DeliveryState, NotificationTarget, Notifications, Retention};
use axum::extract::State;
use domain::notification::{NotificationRoute, USUAL_TARGET};
use etl_engine::notify;

use crate::console::Console;
use crate::delivery::routes::unknown_targets;
use crate::open_lake::OpenLake;
use crate::retention;
use crate::web::{Answer, InEnvironment, Json};

/// Notifications that are shown.
const SHOWN: usize = 50;

/// Where notifications of an environment go, and how the latest went.
#[utoipa::path(get, path = "/environments/{environment}/notifications",
    params(("environment" = String, Path)),
    responses((status = 200, body = Notifications)), tag = "settings")]
pub(crate) async fn notifications(at: InEnvironment) -> Answer<Notifications> {
    let deliveries = at.lake.outbox.recent(SHOWN).await?.into_iter().map(|found| Delivery {
        id: found.id,
        subject: found.subject,
        state: state(found.state),
        failed_attempts: found.failed_attempts,
        last_error: found.last_error,
        created_at: found.created_at,
        delivered_at: found.delivered_at,
    });
    let routes = at.lake.outbox.routes().await?;
    Ok(Json(Notifications {
        routed: routes.is_some(),
        targets: targets(&at, routes.as_deref()),
        deliveries: deliveries.collect(),
    }))
}

/// Every target that is configured, and those that only routes know.
fn targets(at: &OpenLake, routes: Option<&[NotificationRoute]>) -> Vec<NotificationTarget> {
    let told = |target: Option<&str>| match (target, routes) {
        (None, _) | (Some(USUAL_TARGET), None) => vec!["everything".to_owned()],
        (Some(_), None) => Vec::new(),
        (Some(target), Some(routes)) => {
            let own = routes.iter().filter(|route| route.target == target);
            own.map(NotificationRoute::in_words).collect()
        }
    };
    let configured = at.notifiers.iter().map(|notifier| NotificationTarget {
        name: notifier.name().to_owned(),
        target: notifier.target().map(str::to_owned),
        told: told(notifier.target()),
        configured: true,
    });
    let unknown = unknown_targets(routes.unwrap_or_default(), at).into_iter();
    let unknown = unknown.map(|target| NotificationTarget {
        told: told(Some(&target)),
        name: "nowhere".to_owned(),
        target: Some(target),
        configured: false,
    });
    configured.chain(unknown).collect()
}

/// What is kept, and how long.
#[utoipa::path(get, path = "/retention", responses((status = 200, body = Retention)), tag = "settings")]
pub(crate) async fn retention(State(console): State<Arc<Console>>) -> Answer<Retention> {
    let engine = console.lakes.first().map(|lake| lake.settings.clone()).unwrap_or_default();
    Ok(Json(Retention { rules: retention::rules(&engine, console.sign_in.config()) }))
}

fn state(state: notify::DeliveryState) -> DeliveryState {
    match state {
        notify::DeliveryState::Waiting => DeliveryState::Waiting,
        notify::DeliveryState::Delivered => DeliveryState::Delivered,
        notify::DeliveryState::GivenUp => DeliveryState::GivenUp,
    }
}
