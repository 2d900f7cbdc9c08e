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
use crate::delivery::edit::Edit;
use crate::transformations::save::{Outcome, Saved, ToSave, save as save_version};
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
    let TransformationToSave { sql, message, base, accept_failing_tests } = &new;
    let accepted = reason(accept_failing_tests.as_deref());
    let new = ToSave {
        sql,
        author: caller.login(),
        message,
        base: *base,
        accept_failing_tests: accepted.is_some(),
    };
    let dataset = path.dataset()?;
    change(&console, &at, &caller, &dataset, ("transformation.save", accepted), new).await
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
    let accepted = reason(asked.accept_failing_tests.as_deref());
    let new = ToSave {
        sql: &old.sql,
        author: caller.login(),
        message: &message,
        base: asked.base,
        accept_failing_tests: accepted.is_some(),
    };
    change(&console, &at, &caller, &dataset, ("transformation.restore", accepted), new).await
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
    (action, accepted): (&str, Option<&str>),
    new: ToSave<'_>,
) -> Answer<TransformationSaved> {
    let edit = Edit::of(caller.person(), new.message);
    let edit = match accepted {
        Some(reason) => edit.accepting(dataset, new.sql, reason),
        None => edit,
    };
    match save_version(at, &console.delivery, &edit, dataset, new).await? {
        Outcome::Stale(current) => Err(stale(&current, new.base)),
        Outcome::Unsound(findings) => {
            let refusal = Refusal::unprocessable("The SQL is wrong; nothing was saved.");
            Err(findings.into_iter().fold(refusal, |refusal, found| {
                let place = format!("sql:{}:{}", found.place.line, found.place.column);
                refusal.with_field(place, found.message)
            }))
        }
        Outcome::FailsTests(tests) => Err(failing(&tests)),
        Outcome::Saved(saved) => {
            let Saved { saved, before, checked, tests } = *saved;
            let before = before.map(|old| json!({"version": old.version, "sql": old.sql}));
            let mut after = json!({"version": saved.version, "sql": saved.sql});
            if let Some(reason) = accepted.filter(|_| tests.failures() > 0) {
                after["failing_tests_accepted"] = reason.into();
            }
            let (object, environment) = (dataset.to_string(), Some(&at.lake.environment));
            let audit = &console.audit;
            audit
                .record(caller, action, environment, &object, before.as_ref(), Some(&after))
                .await?;
            Ok(Json(TransformationSaved {
                saved: shown(saved),
                standing: standing(&checked),
                tests,
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

/// The reason for accepting failing tests, if it says anything.
fn reason(given: Option<&str>) -> Option<&str> {
    given.map(str::trim).filter(|reason| !reason.is_empty())
}

fn failing(tests: &FixtureReport) -> Refusal {
    let failing = tests.cases.iter().filter(|case| !case.passed);
    let names: Vec<_> = failing.map(|case| case.name.as_str()).collect();
    let detail = format!(
        "Fixture tests fail: {}. Nothing was saved. Correct the SQL or the tests, or say why it is \
         to be saved all the same.",
        names.join(", ")
    );
    let field = "accept_failing_tests";
    Refusal::unprocessable(detail).with_field(field, "say why, to save although tests fail")
}
