//! What came of quality rules.

use std::collections::BTreeSet;

use domain::quality::{Judgement, JudgementSummary, Verdict};
use domain::run::RunId;
use domain::table::TableName;
use domain::{Error, Result};

use super::{DynamoDbQualityStore, name};
use crate::dynamo_db::attributes::{
    damaged, from_json, number_of, optional_text_of, parsed_of, text_of, to_json,
};
use crate::dynamo_db::packed::{packed, packed_of};
use crate::dynamo_db::transaction::Terms;
use crate::dynamo_db::{Item, Outcome, Tried, Writes, number, read, repeating, text};
use crate::ledger::keys::key;
use crate::versions::{moment, moment_of};

const LATEST: &str = "quality#latest";

impl DynamoDbQualityStore {
    pub(super) async fn record_judgement(&self, judgement: &Judgement, fence: i64) -> Result<()> {
        let what = format!("keep what came of the quality rules in run {}", judgement.run);
        repeating(&what, || self.try_record(&what, judgement, fence)).await
    }

    /// Reads what is known, and replaces it if nobody else does meanwhile.
    async fn try_record(&self, what: &str, new: &Judgement, fence: i64) -> Result<Tried<()>> {
        let of_run = key(format!("quality#run#{}", new.run), new.hop.as_str());
        let known = self.item(what, of_run.clone()).await?;
        if let Some(known) = &known
            && number_of::<i64>(known, "fence")? > fence
        {
            return Ok(Tried::Done(()));
        }
        let (place, short) = (place(new), summary_item(&new.summary())?);
        let by_time = key(of_table(&new.table), &place);
        let mut writes = Writes::default();
        let mut item = of_run;
        item.insert("judgement".to_owned(), packed("what came of the rules", &to_json(new)?)?);
        item.insert("fence".to_owned(), number(fence));
        item.insert("listed_pk".to_owned(), by_time["pk"].clone());
        item.insert("listed_sk".to_owned(), by_time["sk"].clone());
        writes.put(&self.table, item, &unchanged("fence", known.as_ref()))?;
        // An attempt before this one stood elsewhere in the list.
        let listed = known.as_ref().map(listed).transpose()?;
        if let Some(before) = listed.clone().filter(|before| *before != by_time) {
            writes.delete(&self.table, before, &Terms::default())?;
        }
        writes.put(&self.table, with(by_time, &short), &Terms::default())?;
        self.replace_latest(what, &mut writes, new, listed, &place, &short).await?;
        Ok(match writes.send(&self.client, what).await? {
            Outcome::Done => Tried::Done(()),
            Outcome::Refused(_) | Outcome::Busy => Tried::Again,
        })
    }

    /// Makes a judgement the latest of its table, unless another is later. An earlier attempt at the
    /// same hop, which stood at `before`, gives way.
    async fn replace_latest(
        &self,
        what: &str,
        writes: &mut Writes,
        new: &Judgement,
        before: Option<Item>,
        place: &str,
        short: &Item,
    ) -> Result<()> {
        let key = key(LATEST, name(&new.table));
        let latest = self.item(what, key.clone()).await?;
        let at = latest.as_ref().and_then(|latest| optional_text_of(latest, "place"));
        let before = before.as_ref().and_then(|before| optional_text_of(before, "sk"));
        if at.is_none_or(|at| at <= place || Some(at) == before) {
            let mut item = with(key, short);
            item.insert("place".to_owned(), text(place));
            writes.put(&self.table, item, &unchanged("place", latest.as_ref()))?;
        }
        Ok(())
    }

    pub(super) async fn judgements_of_run(&self, run: RunId) -> Result<Vec<Judgement>> {
        let what = format!("read what came of the quality rules in run {run}");
        let items = read::all(&what, self.below(format!("quality#run#{run}")), usize::MAX).await?;
        let read = |item: &Item| from_json("judgement", &packed_of(item, "judgement")?);
        let mut found: Vec<Judgement> = items.iter().map(read).collect::<Result<_>>()?;
        found.sort_by_key(|judgement| judgement.hop);
        Ok(found)
    }

    pub(super) async fn judgements_of_table(
        &self,
        table: &TableName,
        limit: usize,
    ) -> Result<Vec<JudgementSummary>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let what = format!("read what came of the quality rules of {table}");
        let query = self.below(of_table(table)).scan_index_forward(false);
        let items = read::all(&what, query.limit(read::page_size(limit)), limit).await?;
        items.iter().map(summary).collect()
    }

    pub(super) async fn latest_judgements(&self) -> Result<Vec<JudgementSummary>> {
        let rules = self.list_rules().await?;
        let ruled: BTreeSet<_> = rules.into_iter().map(|saved| saved.table).collect();
        let query = self.below(LATEST.to_owned());
        let items = read::all("read what came of quality rules last", query, usize::MAX).await?;
        let mut found = items.iter().map(summary).collect::<Result<Vec<_>>>()?;
        found.retain(|judged| ruled.contains(&judged.table));
        found.sort_by(|one, other| one.table.cmp(&other.table));
        Ok(found)
    }
}

/// Holds as long as an item is not there, or still has the value that was read.
fn unchanged(attribute: &str, known: Option<&Item>) -> Terms {
    match known.and_then(|known| known.get(attribute)) {
        None => Terms::only_if("attribute_not_exists(#pk)").name("#pk", "pk"),
        Some(value) => Terms::only_if("#known = :known")
            .name("#known", attribute)
            .value(":known", value.clone()),
    }
}

fn of_table(table: &TableName) -> String {
    format!("quality#table#{}", name(table))
}

/// Sorts by time, then by run.
fn place(of: &Judgement) -> String {
    format!("{:020}#{}#{}", of.judged_at.as_microsecond().max(0), of.run, of.hop)
}

/// Where the list of the table has what the item of a run says.
fn listed(item: &Item) -> Result<Item> {
    Ok(key(text_of(item, "listed_pk")?, text_of(item, "listed_sk")?))
}

fn with(key: Item, content: &Item) -> Item {
    key.into_iter().chain(content.clone()).collect()
}

fn summary_item(summary: &JudgementSummary) -> Result<Item> {
    Ok(Item::from([
        ("run".to_owned(), text(summary.run.to_string())),
        ("database_name".to_owned(), text(&summary.table.database)),
        ("table_name".to_owned(), text(&summary.table.table)),
        ("verdict".to_owned(), text(summary.verdict.as_str())),
        ("broken".to_owned(), text(to_json(&summary.broken)?)),
        ("judged_at".to_owned(), moment(summary.judged_at)),
    ]))
}

fn summary(item: &Item) -> Result<JudgementSummary> {
    Ok(JudgementSummary {
        run: parsed_of(item, "run")?,
        table: TableName::new(text_of(item, "database_name")?, text_of(item, "table_name")?),
        verdict: verdict(text_of(item, "verdict")?)?,
        broken: from_json("broken", text_of(item, "broken")?)?,
        judged_at: moment_of(item, "judged_at")?,
    })
}

fn verdict(word: &str) -> Result<Verdict, Error> {
    let found = Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == word);
    found.ok_or_else(|| damaged("verdict", format!("{word:?} is none")))
}
