//! Lists of runs.
//!
//! Indexes say which runs may be meant and in which order; the runs themselves are read from the table
//! as they are now, and looked at once more.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use domain::Result;
use domain::run::{Run, RunId, RunStatus};
use etl_engine::run::RunFilter;
use futures::{StreamExt, TryStreamExt, stream};

use super::audit_item::key;
use super::{DynamoDbRunLedger, keys};
use crate::dynamo_db::attributes::parsed_of;
use crate::dynamo_db::{Item, read, text};

/// Runs of one table page are decoded so many at once: few have texts of their own.
const AT_ONCE: usize = 8;

/// Which ids are meant, both ends with them; the upper one may be one that is not.
#[derive(Debug, Default, PartialEq, Eq)]
struct Bounds {
    low: Option<String>,
    high: Option<String>,
}

impl DynamoDbRunLedger {
    pub(super) async fn search(&self, filter: &RunFilter) -> Result<Vec<Run>> {
        if filter.limit == 0 {
            return Ok(Vec::new());
        }
        let mut found = match &filter.key {
            Some(object) => self.runs_of_object(object, filter).await?,
            None => self.runs_of_indexes(filter).await?,
        };
        // From the side where the page begins.
        let forwards = filter.after.is_some();
        found.sort_by(
            |one, other| if forwards { one.id.cmp(&other.id) } else { other.id.cmp(&one.id) },
        );
        found.truncate(filter.limit);
        found.sort_by_key(|run| std::cmp::Reverse(run.id));
        Ok(found)
    }

    /// All runs of a raw object that are meant. What the engine builds follows from them, so no index
    /// is asked: their ids stand in the table of the run state.
    async fn runs_of_object(&self, object: &str, filter: &RunFilter) -> Result<Vec<Run>> {
        let query = self.client.query().table_name(self.state()).consistent_read(true);
        let query = within(query, "pk", keys::runs_of_object(object), "sk", filter);
        let found = read::all("list the runs of an object", query, usize::MAX).await?;
        let ids = found.iter().map(|item| parsed_of(item, "sk")).collect::<Result<Vec<_>>>()?;
        let runs = self.runs(&ids).await?;
        Ok(runs.into_iter().filter(|run| is_meant(run, filter)).collect())
    }

    async fn runs_of_indexes(&self, filter: &RunFilter) -> Result<Vec<Run>> {
        let (name, hash, values) = self.index(filter);
        let mut found = Vec::new();
        for value in values {
            let query = self.client.query().table_name(self.audit()).index_name(name);
            let query = within(query, hash, value, "execution_id", filter);
            found.extend(self.page(query, filter).await?);
        }
        Ok(found)
    }

    /// The index that leaves the least to look at, the attribute it is by, and its values.
    fn index(&self, filter: &RunFilter) -> (&'static str, &'static str, Vec<String>) {
        if let Some(dataset) = &filter.dataset {
            return ("by-dataset", "dataset", vec![dataset.to_string()]);
        }
        if filter.statuses.is_empty() {
            let environment = self.settings.environment.to_string();
            return ("by-environment", "environment", vec![environment]);
        }
        let mut statuses: Vec<_> =
            filter.statuses.iter().map(|status| status.as_str().to_owned()).collect();
        statuses.sort();
        statuses.dedup();
        ("by-status", "job_latest_status", statuses)
    }

    /// As many runs as are asked for, from where `query` begins. An index may name a run by what it
    /// was a moment ago, so it is asked on until enough are what is meant.
    async fn page(&self, query: QueryFluentBuilder, filter: &RunFilter) -> Result<Vec<Run>> {
        let mut pages = filtered(query, filter).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let items = page.map_err(|error| aws::failed("list runs", error))?.items;
            let items = items.unwrap_or_default();
            let ids = items.iter().map(|item| parsed_of(item, "execution_id"));
            let ids = ids.collect::<Result<Vec<_>>>()?;
            for ids in ids.chunks(filter.limit) {
                let runs = self.runs(ids).await?;
                found.extend(runs.into_iter().filter(|run| is_meant(run, filter)));
                if found.len() >= filter.limit {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }

    /// Runs as they are now, in the order of their ids given.
    pub(super) async fn runs(&self, ids: &[RunId]) -> Result<Vec<Run>> {
        let wanted = ids.iter().map(|id| key(*id)).collect();
        let items = read::items(&self.client, self.audit(), "read runs", wanted, &[]).await?;
        let decoded: Vec<Run> = stream::iter(items.into_iter().map(|item| self.run_of(item)))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut by_id: HashMap<_, _> = decoded.into_iter().map(|run| (run.id, run)).collect();
        Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
    }

    async fn run_of(&self, item: Item) -> Result<Run> {
        match self.decode(&item).await? {
            Some(stored) => Ok(stored.job.run),
            None => Ok(self.existing(parsed_of(&item, "execution_id")?).await?.job.run),
        }
    }
}

/// Narrows a query to one value of `hash` and to the ids that are meant, from where the page begins.
fn within(
    query: QueryFluentBuilder,
    hash: &str,
    value: String,
    range: &str,
    filter: &RunFilter,
) -> QueryFluentBuilder {
    let Bounds { low, high } = bounds(filter);
    let condition = match (&low, &high) {
        (Some(_), Some(_)) => "#hash = :hash AND #range BETWEEN :low AND :high",
        (Some(_), None) => "#hash = :hash AND #range >= :low",
        (None, Some(_)) => "#hash = :hash AND #range <= :high",
        (None, None) => "#hash = :hash",
    };
    let bounded = low.is_some() || high.is_some();
    let mut query = query
        .key_condition_expression(condition)
        .expression_attribute_names("#hash", hash)
        .expression_attribute_values(":hash", text(value))
        .scan_index_forward(filter.after.is_some());
    if bounded {
        query = query.expression_attribute_names("#range", range);
    }
    for (name, bound) in [(":low", low), (":high", high)] {
        if let Some(bound) = bound {
            query = query.expression_attribute_values(name, text(bound));
        }
    }
    query
}

fn bounds(filter: &RunFilter) -> Bounds {
    let from = filter.from.map(|from| RunId::earliest(from).to_string());
    // No other id stands between one and itself with something added.
    let after = filter.after.map(|after| format!("{after}!"));
    let to = filter.to.map(|to| RunId::earliest(to).to_string());
    let before = filter.before.map(|before| before.to_string());
    let bounds = Bounds { low: from.max(after), high: to.into_iter().chain(before).min() };
    match &bounds {
        // DynamoDB refuses a range that ends before it begins; this one is as empty.
        Bounds { low: Some(low), high: Some(high) } if high < low => {
            Bounds { low: Some(low.clone()), high: Some(low.clone()) }
        }
        _ => bounds,
    }
}

/// Leaves out what the index alone can tell is not meant.
fn filtered(mut query: QueryFluentBuilder, filter: &RunFilter) -> QueryFluentBuilder {
    let mut conditions = Vec::new();
    if let Some(trigger) = filter.trigger {
        conditions.push("started_by = :trigger".to_owned());
        query = query.expression_attribute_values(":trigger", text(trigger.as_str()));
    }
    if let Some(actor) = &filter.actor {
        conditions.push("actor = :actor".to_owned());
        query = query.expression_attribute_values(":actor", text(actor));
    }
    // Of the index by status it is the key, which a filter cannot name and need not.
    if filter.dataset.is_some() && !filter.statuses.is_empty() {
        let places: Vec<_> =
            (0..filter.statuses.len()).map(|index| format!(":status{index}")).collect();
        for (place, status) in places.iter().zip(&filter.statuses) {
            query = query.expression_attribute_values(place, text(status.as_str()));
        }
        conditions.push(format!("job_latest_status IN ({})", places.join(", ")));
    }
    if conditions.is_empty() {
        return query.limit(read::page_size(filter.limit));
    }
    let query = query.filter_expression(conditions.join(" AND "));
    query.limit(read::filtered_page_size(filter.limit))
}

fn is_meant(run: &Run, filter: &RunFilter) -> bool {
    let one_of = |statuses: &[RunStatus]| statuses.is_empty() || statuses.contains(&run.status);
    filter.dataset.as_ref().is_none_or(|dataset| run.dataset == *dataset)
        && one_of(&filter.statuses)
        && filter.trigger.is_none_or(|trigger| run.trigger == trigger)
        && filter.actor.as_ref().is_none_or(|actor| run.actor == *actor)
        && filter.from.is_none_or(|from| run.id >= RunId::earliest(from))
        && filter.to.is_none_or(|to| run.id < RunId::earliest(to))
        && filter.before.is_none_or(|before| run.id < before)
        && filter.after.is_none_or(|after| run.id > after)
}
