//! The lake at a glance.

use app::api::overview::Overview;
use jiff::Timestamp;

use crate::runs::overview;
use crate::web::{Answer, InEnvironment, Json};

/// What an environment holds, what happened lately, what failed, what waits.
#[utoipa::path(get, path = "/environments/{environment}/overview", tag = "overview",
    params(("environment" = String, Path)), responses((status = 200, body = Overview)))]
pub(crate) async fn show_overview(at: InEnvironment) -> Answer<Overview> {
    let folder = at.raw_zone.name();
    Ok(Json(overview(&at.lake, folder, Timestamp::now()).await?))
}
