//! The list of transformations, and what stands on one's page.

use app::api::transformations::{
    LatestRun, Standing, TestStanding, TransformationDetail, TransformationSummary,
};
use domain::Result;
use domain::dataset::DatasetId;
use domain::source::Source;
use domain::transformation::Transformation;
use domain::zone::Hop;
use etl_engine::lake::Lake;
use etl_engine::run::RunFilter;
use etl_engine::transformation::subject::Subject;

use super::fixtures;
use super::known::Looking;
use super::shown::{saved, standing, summary};
use crate::open_lake::OpenLake;

/// A page of the datasets whose names, owner, tables or SQL hold `search`, by dataset behind
/// `after`, and the dataset to go on with. Only the SQL of the page is planned.
pub async fn list(
    at: &OpenLake,
    search: Option<&str>,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<TransformationSummary>, Option<String>)> {
    let lake = &at.lake;
    let versions = lake.transformations.list().await?;
    let current = |dataset: &DatasetId| versions.iter().find(|saved| saved.dataset == *dataset);
    let saved = lake.sources.list().await?;
    let mut looking = Looking::begin(at, &saved).await?;
    let mut sources: Vec<Source> = saved.into_iter().map(|saved| saved.source).collect();
    sources.retain(|source| {
        after.is_none_or(|after| source.dataset.to_string().as_str() > after)
            && search.is_none_or(|search| holds(source, current(&source.dataset), search))
    });
    sources.sort_by_cached_key(|source| source.dataset.to_string());
    let more = sources.len() > limit;
    sources.truncate(limit);
    let mut page = Vec::with_capacity(sources.len());
    for source in sources {
        let current = current(&source.dataset);
        let subject = Subject::from(source);
        let (standing, tests) = match current {
            Some(current) => (
                looking.standing(&subject, current).await?,
                looking.tests(&subject, current).await?,
            ),
            None => (Standing::default(), TestStanding::default()),
        };
        page.push(TransformationSummary {
            last_run: latest_run(lake, &subject.source.dataset).await?,
            dataset: subject.source.dataset.clone(),
            owner: subject.source.owner.clone(),
            purpose_built_table: subject.built.to_string(),
            current: current.map(summary),
            standing,
            tests,
        });
    }
    let next = page.last().filter(|_| more).map(|last| last.dataset.to_string());
    Ok((page, next))
}

/// One dataset's transformation as it runs. [`domain::ErrorKind::NotFound`] when the dataset is not
/// registered.
pub async fn detail(at: &OpenLake, dataset: &DatasetId) -> Result<TransformationDetail> {
    let lake = &at.lake;
    let subject = Subject::of(lake, dataset).await?;
    let current = lake.transformations.current(dataset).await?;
    let standing = standing_of(lake, &subject, current.as_ref()).await?;
    Ok(TransformationDetail {
        dataset: dataset.clone(),
        owner: subject.source.owner,
        description: subject.source.description,
        conformed_table: subject.own.name.to_string(),
        purpose_built_table: subject.built.to_string(),
        current: current.map(saved),
        standing,
        tests: fixtures::names(&at.data_dir, dataset)?,
    })
}

async fn latest_run(lake: &Lake, dataset: &DatasetId) -> Result<Option<LatestRun>> {
    let filter = RunFilter { dataset: Some(dataset.clone()), limit: 1, ..RunFilter::default() };
    let run = lake.ledger.list(&filter).await?.pop();
    Ok(run.map(|run| LatestRun {
        version: run.step(Hop::ConformedToPurposeBuilt).and_then(|step| step.definition_version),
        at: run.finished_at.unwrap_or(run.created_at),
        id: run.id,
        status: run.status,
    }))
}

async fn standing_of(
    lake: &Lake,
    subject: &Subject,
    current: Option<&Transformation>,
) -> Result<Standing> {
    match current {
        Some(current) => Ok(standing(&subject.check(lake, &current.sql).await?)),
        None => Ok(Standing::default()),
    }
}

fn holds(source: &Source, current: Option<&Transformation>, search: &str) -> bool {
    let search = search.trim().to_lowercase();
    let texts = [
        source.dataset.to_string(),
        source.owner.clone(),
        source.conformed_database().to_owned(),
        source.purpose_built_database(),
        current.map_or_else(String::new, |current| current.sql.clone()),
    ];
    texts.iter().any(|text| text.to_lowercase().contains(&search))
}
