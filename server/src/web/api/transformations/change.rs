//! Changing a transformation: save, restore, merge.

use std::sync::Arc;

use app::api::transformations::{
    FixtureReport, MergeRequest, Merged, TransformationSaved, TransformationToSave,
    VersionToRestore,
};
use axum::extract::{Path, State};
use domain::Error;
use domain::dataset::DatasetId;
use domain::transformation::Transformation;
use serde_json::json;

use super::DatasetPath;
use crate::accounts::Caller;
use crate::console::Console;
use crate::transformations::save::{Outcome, ToSave, save as save_version};
use crate::transformations::{merge as merging, saved as shown, standing};
use crate::web::problem::Refusal;
use crate::web::{Answer, InEnvironment, Json};

/// Saves SQL as the next version. 409 when another version was saved since `base`: ask for a merge.
/// 422 when the SQL is wrong; `fields` name each place.
#[utoipa::path(put, path = "/environments/{environment}/transformations/{system}/{table}",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    request_body = TransformationToSave,
    responses((status = 200, body = TransformationSaved)), tag = "transformations")]
pub(crate) async fn save(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<DatasetPath>,
    Json(new): Json<TransformationToSave>,
) -> Answer<TransformationSaved> {
    let TransformationToSave { sql, message, base, .. } = &new;
    let new = ToSave { sql, author: caller.login(), message, base: *base };
    change(&console, &at, &caller, &path.dataset()?, "transformation.save", new).await
}

/// Saves an earlier version again as the newest, under the same conditions.
#[utoipa::path(post, path = "/environments/{environment}/transformations/{system}/{table}/restore",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    request_body = VersionToRestore,
    responses((status = 200, body = TransformationSaved)), tag = "transformations")]
pub(crate) async fn restore(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<DatasetPath>,
    Json(asked): Json<VersionToRestore>,
) -> Answer<TransformationSaved> {
    let (dataset, version) = (path.dataset()?, asked.version);
    let old = at.lake.transformations.version(&dataset, version).await?.ok_or_else(|| {
        Error::not_found(format!("the transformation of {dataset} has no version {version}"))
    })?;
    let message = asked.message.unwrap_or_else(|| format!("restore version {version}"));
    let author = caller.login();
    let new = ToSave { sql: &old.sql, author, message: &message, base: asked.base };
    change(&console, &at, &caller, &dataset, "transformation.restore", new).await
}

/// Puts an edit together with what was saved meanwhile. Nothing is saved.
#[utoipa::path(post, path = "/environments/{environment}/transformations/{system}/{table}/merge",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    request_body = MergeRequest,
    responses((status = 200, body = Merged)), tag = "transformations")]
pub(crate) async fn merge(
    at: InEnvironment,
    Path(path): Path<DatasetPath>,
    Json(asked): Json<MergeRequest>,
) -> Answer<Merged> {
    let dataset = path.dataset()?;
    Ok(Json(merging::merge(&at.lake, &dataset, asked.base, &asked.mine).await?))
}

async fn change(
    console: &Console,
    at: &InEnvironment,
    caller: &Caller,
    dataset: &DatasetId,
    action: &str,
    new: ToSave<'_>,
) -> Answer<TransformationSaved> {
    match save_version(&at.lake, dataset, new).await? {
        Outcome::Stale(current) => Err(stale(&current, new.base)),
        Outcome::Unsound(findings) => {
            let refusal = Refusal::unprocessable("The SQL is wrong; nothing was saved.");
            Err(findings.into_iter().fold(refusal, |refusal, found| {
                let place = format!("sql:{}:{}", found.place.line, found.place.column);
                refusal.with_field(place, found.message)
            }))
        }
        Outcome::Saved { saved, before, checked } => {
            let version =
                |saved: &Transformation| json!({"version": saved.version, "sql": saved.sql});
            let (before, after) = (before.as_ref().map(version), Some(version(&saved)));
            let (object, environment) = (dataset.to_string(), Some(&at.lake.environment));
            let audit = &console.audit;
            audit
                .record(caller, action, environment, &object, before.as_ref(), after.as_ref())
                .await?;
            Ok(Json(TransformationSaved {
                saved: shown(saved),
                standing: standing(&checked),
                tests: FixtureReport::default(),
            }))
        }
    }
}

fn stale(current: &Transformation, base: u64) -> Refusal {
    Refusal::conflict(format!(
        "{} saved version {} of {} at {}, after the version {base} that you started from. Nothing \
         is lost: merge both, then save.",
        current.author, current.version, current.dataset, current.saved_at
    ))
}
