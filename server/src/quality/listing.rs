//! Tables with their rules, and those with trouble.

use std::collections::BTreeMap;

use app::api::quality::{LastJudgement, QualityQuery, QualitySummary};
use domain::Result;
use domain::quality::{Effect, JudgementSummary, SavedRules};
use domain::table::TableName;
use domain::zone::Zone;
use etl_engine::lake::Lake;
use etl_engine::raw_to_conformed::table_shape;

/// Most tables of a page, and how many when nobody asks for a number.
const MOST: usize = 200;
const USUAL: usize = 50;

/// Tables by name, with their rules and what came of them, and where the next page begins.
pub async fn list(
    lake: &Lake,
    query: &QualityQuery,
) -> Result<(Vec<QualitySummary>, Option<String>)> {
    let limit = query.limit.unwrap_or(USUAL).clamp(1, MOST);
    let search = query.search.as_deref().unwrap_or_default().trim().to_lowercase();
    let (rules, latest) = tokio::try_join!(lake.quality.list(), lake.quality.latest())?;
    let rules: BTreeMap<_, _> = rules.iter().map(|saved| (&saved.table, saved)).collect();
    let latest: BTreeMap<_, _> = latest.iter().map(|judged| (&judged.table, judged)).collect();
    let wanted = |name: &TableName| {
        let saved = rules.get(name).is_some_and(|saved| !saved.rules.rules.is_empty());
        let broken = latest.get(name).is_some_and(|judged| judged.verdict.is_broken());
        match query.only.as_deref() {
            Some("rules") => saved,
            Some("broken") => saved && broken,
            _ => true,
        }
    };
    let names = tables(lake).await?;
    let mut found = names.into_iter().filter(|(name, _)| {
        let text = name.to_string();
        query.after.as_ref().is_none_or(|after| text > *after)
            && text.to_lowercase().contains(&search)
            && wanted(name)
    });
    let page: Vec<_> = found.by_ref().take(limit).collect();
    let more = found.next().is_some();
    let next = page.last().filter(|_| more).map(|(name, _)| name.to_string());
    let entry = |(name, zone): (TableName, Zone)| {
        let (saved, judged) = (rules.get(&name), latest.get(&name));
        summary(lake, &name, zone, saved.copied(), judged.copied())
    };
    Ok((page.into_iter().map(entry).collect(), next))
}

/// Tables whose rules are broken now, the last one first, at most `limit`.
pub async fn troubled(lake: &Lake, limit: usize) -> Result<Vec<(TableName, LastJudgement)>> {
    let mut latest = lake.quality.latest().await?;
    latest.retain(|judged| judged.verdict.is_broken());
    latest.sort_by_key(|judged| std::cmp::Reverse(judged.judged_at));
    let mut found = Vec::new();
    for judged in latest {
        if found.len() == limit {
            break;
        }
        // Rules that were taken away meanwhile trouble nobody.
        let saved = lake.quality.current(&judged.table).await?;
        if saved.is_some_and(|saved| !saved.rules.rules.is_empty()) {
            found.push((judged.table.clone(), last(&judged)));
        }
    }
    Ok(found)
}

/// A judgement in the types of the API.
pub(super) fn last(judged: &JudgementSummary) -> LastJudgement {
    LastJudgement {
        run: judged.run,
        verdict: judged.verdict,
        broken: judged.broken.clone(),
        judged_at: judged.judged_at,
    }
}

fn summary(
    lake: &Lake,
    name: &TableName,
    zone: Zone,
    saved: Option<&SavedRules>,
    judged: Option<&JudgementSummary>,
) -> QualitySummary {
    let rules = saved.map(|saved| saved.rules.rules.as_slice()).unwrap_or_default();
    let blocks = |rule: &&domain::quality::Rule| rule.effect_in(&lake.environment) == Effect::Block;
    QualitySummary {
        database: name.database.clone(),
        table: name.table.clone(),
        zone: zone.to_string(),
        rules: rules.len() as u64,
        blocking: rules.iter().filter(blocks).count() as u64,
        last: judged.filter(|_| !rules.is_empty()).map(last),
    }
}

/// Every table that may have rules, sorted as text: those of the catalog and of registered sources.
async fn tables(lake: &Lake) -> Result<Vec<(TableName, Zone)>> {
    let catalogued = lake.catalog.tables(None).await?;
    let mut found: BTreeMap<String, (TableName, Zone)> = BTreeMap::new();
    for saved in lake.sources.list().await? {
        let shape = table_shape(&saved.source);
        found.insert(shape.name.to_string(), (shape.name, shape.zone));
    }
    for table in catalogued {
        found.insert(table.name.to_string(), (table.name, table.zone));
    }
    Ok(found.into_values().collect())
}
