//! Deciding on a plan.

use std::sync::Arc;

use app::api::delivery::{DecisionAsked, PlanShown};
use axum::extract::{Path, State};
use domain::approval::Decision;
use jiff::Timestamp;
use serde_json::json;

use super::path::ExecutionPath;
use crate::accounts::Caller;
use crate::console::Console;
use crate::delivery::shown;
use crate::web::{Answer, InEnvironment, Json};

/// Approves or rejects the plan of a digest. 409 when the plan is another one by now, or is not to be
/// decided on any more; 403 with all reasons when the caller may not.
#[utoipa::path(post, path = "/environments/{environment}/executions/{execution}/decisions",
    tag = "delivery", operation_id = "decide",
    params(("environment" = String, Path), ("execution" = String, Path)),
    request_body = DecisionAsked, responses((status = 200, body = PlanShown)))]
pub(crate) async fn decide(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<ExecutionPath>,
    Json(asked): Json<DecisionAsked>,
) -> Answer<PlanShown> {
    let delivery = &console.delivery;
    let execution = path.find(delivery, &at.lake.environment).await?;
    let now = Timestamp::now();
    let decision = Decision {
        plan: asked.digest.parse()?,
        by: caller.person(),
        verdict: asked.verdict,
        reason: asked.reason.trim().to_owned(),
        typed: asked.typed,
        break_glass: asked.break_glass,
        at: now,
    };
    let decided = delivery.decide(&execution, &decision, now).await?;
    let (environment, object) = (Some(&at.lake.environment), execution.id.to_string());
    let after = json!({
        "plan": decision.plan, "verdict": decision.verdict, "reason": decision.reason,
        "typed": decision.typed, "break_glass": decision.break_glass,
    });
    let audit = &console.audit;
    audit.record(&caller, "plan.decide", environment, &object, None::<&()>, Some(&after)).await?;
    Ok(Json(shown::plan_shown(delivery, &decided, &caller.person()).await?))
}
