//! What is set on the command line is committed first, as what is saved in the console is: what runs
//! in the first environment is what its branch says.

use domain::Result;
use domain::dataset::DatasetId;
use domain::source::Source;

use super::Flow;
use crate::cli::actor::actor;
use crate::config::Config;
use crate::delivery::data::to_toml;
use crate::delivery::edit::Edit;
use crate::open_lake::OpenLake;

/// Commits SQL that is about to be saved, saying so if its fixture tests may fail.
/// [`domain::ErrorKind::Conflict`] in environments that change by promotion alone; without a lake
/// repository nothing happens.
pub(in crate::cli) async fn commit_sql(
    config: &Config,
    at: &OpenLake,
    dataset: &DatasetId,
    (sql, accept_failing_tests): (&str, bool),
    message: &str,
) -> Result<()> {
    let flow = Flow::open(config).await?;
    let current = at.lake.transformations.current(dataset).await?;
    let current = current.as_ref().map(|saved| saved.sql.as_str());
    let message =
        if message.is_empty() { format!("Change the SQL of {dataset}") } else { message.into() };
    let edit = Edit::on_this_machine(&actor(), &message);
    let edit = match accept_failing_tests {
        true => edit.accepting(dataset, sql, "by whoever set it"),
        false => edit,
    };
    flow.delivery.commit_sql(&at.lake.environment, dataset, (current, sql), &edit).await
}

/// The same for a registration.
pub(in crate::cli) async fn commit_source(
    config: &Config,
    at: &OpenLake,
    source: &Source,
) -> Result<()> {
    let flow = Flow::open(config).await?;
    let dataset = &source.dataset;
    let current = at.lake.sources.current(dataset).await?;
    let current = current.map(|saved| to_toml(&saved.source)).transpose()?;
    let edit = Edit::on_this_machine(&actor(), &format!("Register {dataset}"));
    let toml = to_toml(source)?;
    let texts = (current.as_deref(), toml.as_str());
    flow.delivery.commit_source(&at.lake.environment, dataset, texts, &edit).await
}
