//! The list of transformations, and what stands on one's page.

use app::api::transformations::{Standing, TransformationDetail, TransformationSummary};
use domain::Result;
use domain::dataset::DatasetId;
use domain::source::Source;
use domain::transformation::Transformation;
use etl_engine::lake::Lake;
use etl_engine::transformation::subject::Subject;

use super::fixtures;
use super::shown::{saved, standing, summary};
use crate::compose::embedded::Embedded;

/// A page of the datasets whose names, owner, tables or SQL hold `search`, by dataset behind
/// `after`, and the dataset to go on with. Only the SQL of the page is planned.
pub async fn list(
    lake: &Lake,
    search: Option<&str>,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<TransformationSummary>, Option<String>)> {
    let versions = lake.transformations.list().await?;
    let current = |dataset: &DatasetId| versions.iter().find(|saved| saved.dataset == *dataset);
    let mut sources: Vec<Source> =
        lake.sources.list().await?.into_iter().map(|saved| saved.source).collect();
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
        page.push(TransformationSummary {
            dataset: subject.source.dataset.clone(),
            owner: subject.source.owner.clone(),
            purpose_built_table: subject.built.to_string(),
            current: current.map(summary),
            standing: standing_of(lake, &subject, current).await?,
        });
    }
    let next = page.last().filter(|_| more).map(|last| last.dataset.to_string());
    Ok((page, next))
}

/// One dataset's transformation as it runs. [`domain::ErrorKind::NotFound`] when the dataset is not
/// registered.
pub async fn detail(at: &Embedded, dataset: &DatasetId) -> Result<TransformationDetail> {
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
