//! Quality rules: list, show, save, try; what came of them in a run.

use std::sync::Arc;

use app::api::Page;
use app::api::quality::{
    QualityQuery, QualitySummary, RulesToSave, RulesToTry, RulesTried, TableQuality,
};
use axum::extract::{Path, Query, State};
use domain::access::Permission;
use domain::quality::{Judgement, RuleFault, SavedRules};
use domain::run::RunId;
use domain::table::TableName;
use domain::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::json;

use crate::accounts::Caller;
use crate::console::Console;
use crate::delivery::edit::Edit;
use crate::quality::{self, Saved, ToSave};
use crate::runs;
use crate::web::problem::Refusal;
use crate::web::{Answer, InEnvironment, Json};

/// The table of the path.
#[derive(Debug, Deserialize)]
pub(crate) struct TablePath {
    database: String,
    table: String,
}

impl TablePath {
    fn name(self) -> TableName {
        TableName::new(self.database, self.table)
    }
}

/// The run of the path.
#[derive(Debug, Deserialize)]
pub(crate) struct RunPath {
    run: String,
}

/// Tables with their quality rules and what came of them the last time, by name.
#[utoipa::path(get, path = "/environments/{environment}/quality",
    operation_id = "list_quality", params(("environment" = String, Path), QualityQuery),
    responses((status = 200, body = Page<QualitySummary>)), tag = "quality")]
pub(crate) async fn list(
    at: InEnvironment,
    Query(query): Query<QualityQuery>,
) -> Answer<Page<QualitySummary>> {
    let (items, next) = quality::list(&at.lake, &query).await?;
    Ok(Json(Page { items, next }))
}

/// The quality rules of a table and what came of them. Failing rows are shown to who may run
/// queries.
#[utoipa::path(get, path = "/environments/{environment}/tables/{database}/{table}/quality",
    operation_id = "show_quality",
    params(("environment" = String, Path), ("database" = String, Path), ("table" = String, Path)),
    responses((status = 200, body = TableQuality)), tag = "quality")]
pub(crate) async fn show(
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<TablePath>,
) -> Answer<TableQuality> {
    Ok(Json(quality::detail(&at.lake, &path.name(), sees_rows(&at, &caller)).await?))
}

/// Saves all quality rules of a table as the next version. 409 when another version was saved since
/// `base`. 422 when a rule is wrong; `fields` name each place, as `rules.2.column`.
#[utoipa::path(put, path = "/environments/{environment}/tables/{database}/{table}/quality",
    operation_id = "save_quality",
    params(("environment" = String, Path), ("database" = String, Path), ("table" = String, Path)),
    request_body = RulesToSave, responses((status = 200, body = SavedRules)), tag = "quality")]
pub(crate) async fn save(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<TablePath>,
    Json(new): Json<RulesToSave>,
) -> Answer<SavedRules> {
    let (name, message) = (path.name(), new.message.trim());
    let edit = Edit::of(caller.person(), message);
    let to_save = ToSave { rules: &new.rules, author: caller.login(), message, base: new.base };
    let saved = quality::save(&at.lake, &console.delivery, &edit, &name, to_save).await?;
    let (saved, before) = match saved {
        Saved::Done(saved) => *saved,
        Saved::Wrong(faults) => return Err(refused(faults)),
    };
    let document = |saved: &SavedRules| json!({"version": saved.version, "rules": saved.rules});
    let (before, after) = (before.as_ref().map(document), document(&saved));
    let (object, environment) = (name.to_string(), Some(&at.lake.environment));
    let audit = &console.audit;
    audit
        .record(&caller, "quality.save", environment, &object, before.as_ref(), Some(&after))
        .await?;
    Ok(Json(saved))
}

/// What quality rules would say about what the table holds now. Nothing is written.
#[utoipa::path(post, path = "/environments/{environment}/tables/{database}/{table}/quality/trial",
    operation_id = "try_quality",
    params(("environment" = String, Path), ("database" = String, Path), ("table" = String, Path)),
    request_body = RulesToTry, responses((status = 200, body = RulesTried)), tag = "quality")]
pub(crate) async fn try_rules(
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<TablePath>,
    Json(asked): Json<RulesToTry>,
) -> Answer<RulesTried> {
    let name = path.name();
    let table = quality::find_table(&at.lake, &name).await?;
    let faults = quality::faults(&at.lake, &table, &asked.rules).await?;
    if !faults.is_empty() {
        return Err(refused(faults));
    }
    let mut tried = quality::try_rules(&at, &name, &asked.rules, asked.all_days).await?;
    if !sees_rows(&at, &caller) {
        tried.outcomes.iter_mut().for_each(|outcome| outcome.examples.clear());
    }
    Ok(Json(tried))
}

/// What came of the quality rules in each hop of a run. Failing rows are shown to who may run
/// queries.
#[utoipa::path(get, path = "/environments/{environment}/runs/{run}/quality",
    operation_id = "quality_of_run",
    params(("environment" = String, Path), ("run" = String, Path)),
    responses((status = 200, body = Vec<Judgement>)), tag = "quality")]
pub(crate) async fn of_run(
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<RunPath>,
) -> Answer<Vec<Judgement>> {
    let id: RunId = path
        .run
        .parse()
        .map_err(|_| Error::new(ErrorKind::NotFound, format!("there is no run {:?}", path.run)))?;
    let run = runs::find(&at.lake, id).await?;
    let found = at.lake.quality.of_run(run.id).await?.into_iter();
    let with_rows = sees_rows(&at, &caller);
    let shown = found.map(|found| if with_rows { found } else { found.without_rows() });
    Ok(Json(shown.collect()))
}

/// Failing rows are rows of the lake.
fn sees_rows(at: &InEnvironment, caller: &Caller) -> bool {
    caller.rights.allow(Permission::RunQueries, Some(&at.lake.environment))
}

fn refused(faults: Vec<RuleFault>) -> Refusal {
    let refusal = Refusal::unprocessable("A rule is wrong; nothing was saved.");
    faults
        .into_iter()
        .fold(refusal, |refusal, fault| refusal.with_field(fault.field, fault.message))
}
