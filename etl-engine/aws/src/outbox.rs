//! The outbox in DynamoDB: notifications that wait, in the table of the run state, written in the
//! transaction of the outcomes that they tell of.

use async_trait::async_trait;
use aws::Account;
use aws_sdk_dynamodb::Client;
use domain::notification::{Notification, NotificationRoute};
use domain::{Error, ErrorKind, Result};
use etl_engine::notify::{Delivery, MAX_ATTEMPTS, Outbox, Pending};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::dynamo_db::attributes::{
    damaged, from_json, number_of, optional_text_of, optional_time_of, text_of, time, time_of,
    to_json,
};
use crate::dynamo_db::long_text::{LongText, LongTexts};
use crate::dynamo_db::transaction::Terms;
use crate::dynamo_db::{Item, Outcome, Tried, Writes, number, read, repeating, text};
use crate::ledger::keys;

/// Bytes of a notification that stand in its item; longer ones have a run with a long commit in them.
const MOST_INLINE: usize = 60_000;
/// Characters of the last error; what targets answer may be of any length.
const MOST_ERROR: usize = 4_000;
/// The value of `waits` in the index of what is due: only what waits has it.
const WAITS: &str = "notification";
/// The value of `told` in the index of all notifications.
const TOLD: &str = "notification";
/// What must hold for a change: an update would make an item that is not there.
const IS_THERE: &str = "attribute_exists(pk)";
/// What the list of notifications shows.
const SHOWN: [&str; 7] =
    ["id", "subject", "created_at", "attempts", "state", "last_error", "delivered_at"];
/// So many are taken at once.
const AT_ONCE: usize = 8;

/// The [`Outbox`] of one environment in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoDbOutbox {
    client: Client,
    table: String,
    texts: LongTexts,
}

/// A notification as an item, and its text where that is too long.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) item: Item,
    id: String,
    long: Option<LongText>,
}

impl Waiting {
    /// Takes the text away of a notification that was not stored.
    pub(crate) async fn forget(self, texts: &LongTexts) {
        if let Some(long) = &self.long {
            texts.forget(&owner(&self.id), long).await;
        }
    }
}

/// A notification as it waits from its creation on. One with the same id is told again, which whoever
/// receives it knows by the id.
pub(crate) async fn waiting(texts: &LongTexts, told: &Notification) -> Result<Waiting> {
    let document = to_json(told)?;
    let mut item = keys::notification(&told.id);
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    set("id", text(&told.id));
    set("subject", text(&told.subject));
    set("state", text("WAITING"));
    set("attempts", number(0));
    set("told", text(TOLD));
    set("created_at", time(told.created_at));
    set("waits", text(WAITS));
    set("due_at", time(told.created_at));
    let mut long = None;
    if document.len() <= MOST_INLINE {
        set("document", text(document));
    } else {
        let written = texts.write(&owner(&told.id), &document).await?;
        written.name_in(&mut item);
        long = Some(written);
    }
    Ok(Waiting { item, id: told.id.clone(), long })
}

impl DynamoDbOutbox {
    /// The outbox in the table of the run state. Asks AWS nothing yet.
    pub fn new(account: &Account, state_table: &str) -> Self {
        let client = Client::new(account.sdk());
        let texts = LongTexts::new(client.clone(), state_table);
        Self { client, table: state_table.to_owned(), texts }
    }

    /// Takes one, unless somebody else has, or the index is behind the table. Whoever changes the time
    /// first has taken it. One that cannot be read is put aside: it must not keep others back (B10).
    async fn take(&self, found: Item, hidden_until: Timestamp) -> Result<Option<Pending>> {
        let place = keys::place(&found)?;
        let seen = time_of(&found, "due_at")?;
        let terms = Terms::only_if("waits = :waits AND due_at = :seen")
            .value(":waits", text(WAITS))
            .value(":seen", time(seen))
            .value(":hidden", time(hidden_until));
        if !self.update(place.clone(), "SET due_at = :hidden", &terms).await? {
            return Ok(None);
        }
        let what = "read a notification";
        let Some(item) = read::item(&self.client, &self.table, what, place.clone()).await? else {
            return Ok(None);
        };
        match self.pending(&item).await {
            Err(error) if error.kind() == ErrorKind::Internal => {
                self.put_aside(place, &item, &error, hidden_until).await;
                Ok(None)
            }
            pending => pending.map(Some),
        }
    }

    /// Records that one cannot be read: it stays hidden for now, and is given up in the end. Where even
    /// that fails, it comes again.
    async fn put_aside(&self, place: Item, item: &Item, error: &Error, hidden_until: Timestamp) {
        let id = optional_text_of(item, "id");
        tracing::error!(id, %error, "a notification cannot be read, nobody is told of it");
        let looks = number_of(item, "attempts").unwrap_or(MAX_ATTEMPTS).saturating_add(1);
        let look_at = (looks < MAX_ATTEMPTS).then_some(hidden_until);
        let (expression, terms) = failure(error.message(), look_at);
        if let Err(error) = self.update(place, expression, &terms).await {
            tracing::warn!(id, %error, "it is not recorded that a notification cannot be read");
        }
    }

    async fn pending(&self, item: &Item) -> Result<Pending> {
        let attempts = number_of(item, "attempts")?;
        let document = match LongText::of(item)? {
            None => text_of(item, "document")?.to_owned(),
            Some(long) => {
                let owner = owner(text_of(item, "id")?);
                let content = self.texts.read(&owner, &long).await?;
                content.ok_or_else(|| damaged("long_text", "it is not there"))?
            }
        };
        Ok(Pending { notification: from_json("document", &document)?, attempts })
    }

    async fn change(&self, id: &str, expression: &str, terms: Terms) -> Result<()> {
        if self.update(keys::notification(id), expression, &terms).await? {
            return Ok(());
        }
        Err(Error::not_found(format!("notification {id} is not in the outbox")))
    }

    /// Changes an item once, however often the answer is lost. False when its condition does not hold.
    async fn update(&self, place: Item, expression: &str, terms: &Terms) -> Result<bool> {
        let what = "change a notification";
        let attempt = async || {
            let mut writes = Writes::default();
            writes.update(&self.table, place.clone(), expression, terms)?;
            Ok(match writes.send(&self.client, what).await? {
                Outcome::Done => Tried::Done(true),
                Outcome::Refused(_) => Tried::Done(false),
                Outcome::Busy => Tried::Again,
            })
        };
        repeating(what, attempt).await
    }
}

#[async_trait]
impl Outbox for DynamoDbOutbox {
    async fn take_due(
        &self,
        now: Timestamp,
        hidden_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Pending>> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("due")
            .key_condition_expression("waits = :waits AND due_at <= :now")
            .expression_attribute_values(":waits", text(WAITS))
            .expression_attribute_values(":now", time(now))
            .limit(read::page_size(limit));
        let due = read::all("look for notifications", query, limit).await?;
        let taken: Vec<_> =
            stream::iter(due.into_iter().map(|found| self.take(found, hidden_until)))
                .buffered(AT_ONCE)
                .try_collect()
                .await?;
        Ok(taken.into_iter().flatten().collect())
    }

    async fn delivered(&self, id: &str, at: Timestamp) -> Result<()> {
        let terms = Terms::only_if(IS_THERE)
            .name("#state", "state")
            .value(":state", text("DELIVERED"))
            .value(":at", time(at));
        let expression = "SET #state = :state, delivered_at = :at REMOVE waits, due_at";
        self.change(id, expression, terms).await
    }

    async fn failed(&self, id: &str, error: &str, retry_at: Option<Timestamp>) -> Result<()> {
        let (expression, terms) = failure(error, retry_at);
        self.change(id, expression, terms).await
    }

    async fn recent(&self, limit: usize) -> Result<Vec<Delivery>> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("told")
            .key_condition_expression("told = :told")
            .expression_attribute_values(":told", text(TOLD))
            .scan_index_forward(false)
            .limit(read::page_size(limit));
        let what = "list notifications";
        let found = read::all(what, query, limit).await?;
        let places = found.iter().map(keys::place).collect::<Result<Vec<_>>>()?;
        let items = read::items(&self.client, &self.table, what, places, &SHOWN).await?;
        let mut told = items.iter().map(delivery).collect::<Result<Vec<_>>>()?;
        told.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
        Ok(told)
    }

    async fn routes(&self) -> Result<Option<Vec<NotificationRoute>>> {
        let item =
            read::item(&self.client, &self.table, "read who is told", keys::routes()).await?;
        let document = item.as_ref().and_then(|item| optional_text_of(item, "document"));
        document.map(|document| from_json("document", document)).transpose()
    }

    async fn set_routes(&self, routes: Option<&[NotificationRoute]>) -> Result<()> {
        let what = "say who is told";
        let attempt = async || {
            let mut writes = Writes::default();
            let mut item = keys::routes();
            match routes {
                Some(routes) => {
                    item.insert("document".into(), text(to_json(&routes)?));
                    writes.put(&self.table, item, &Terms::default())?;
                }
                None => {
                    writes.delete(&self.table, item, &Terms::default())?;
                }
            }
            Ok(match writes.send(&self.client, what).await? {
                Outcome::Done => Tried::Done(()),
                Outcome::Refused(_) | Outcome::Busy => Tried::Again,
            })
        };
        repeating(what, attempt).await
    }
}

/// What is written of an attempt that failed: when the next one is due, or that it was the last one.
fn failure(error: &str, retry_at: Option<Timestamp>) -> (&'static str, Terms) {
    let error: String = error.chars().take(MOST_ERROR).collect();
    let terms = Terms::only_if(IS_THERE).value(":error", text(error)).value(":one", number(1));
    match retry_at {
        Some(retry_at) => (
            "SET last_error = :error, due_at = :due ADD attempts :one",
            terms.value(":due", time(retry_at)),
        ),
        None => (
            "SET #state = :state, last_error = :error ADD attempts :one REMOVE waits, due_at",
            terms.name("#state", "state").value(":state", text("GIVEN_UP")),
        ),
    }
}

fn delivery(item: &Item) -> Result<Delivery> {
    let state = text_of(item, "state")?;
    Ok(Delivery {
        id: text_of(item, "id")?.to_owned(),
        subject: text_of(item, "subject")?.to_owned(),
        created_at: time_of(item, "created_at")?,
        failed_attempts: number_of(item, "attempts")?,
        state: from_json("state", &to_json(&state)?)?,
        last_error: optional_text_of(item, "last_error").map(str::to_owned),
        delivered_at: optional_time_of(item, "delivered_at")?,
    })
}

/// Whose long text it is.
fn owner(id: &str) -> String {
    format!("notification#{id}")
}
