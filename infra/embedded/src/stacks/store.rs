//! Simulated accounts in SQL: one transaction sees an account as a whole and stores what it changed.

use std::collections::BTreeMap;

use database::columns::{self, from_json, micros, number, to_json};
use database::{Database, Statement, failed};
use domain::{Error, Result};
use infra::stacks::{ChangeSet, ChangeSetStatus, StackStatus};
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};

use super::faults::Faults;
use super::state::StackState;
use super::world::{Around, Found, World};
use crate::AccountRegion;

const ENTER: &str = "INSERT INTO simulated_accounts (account, region, faults) VALUES ($1, $2, '{}') \
     ON CONFLICT (account, region) DO NOTHING";
const ACCOUNT: &str = "SELECT faults FROM simulated_accounts WHERE account = $1 AND region = $2";
const SET_FAULTS: &str =
    "UPDATE simulated_accounts SET faults = $3 WHERE account = $1 AND region = $2";

const STACKS: &str = "SELECT document FROM stacks \
     WHERE account = $1 AND region = $2 AND deleted_at IS NULL";
const PUT_STACK: &str = "INSERT INTO stacks \
     (account, region, arn, name, document, due_at, deleted_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT (arn) DO UPDATE SET document = $5, due_at = $6, deleted_at = $7";

const INVENTORY: &str = "SELECT resource_type, physical_id, stack, properties \
     FROM simulated_resources WHERE account = $1 AND region = $2";
const PUT_FOUND: &str = "INSERT INTO simulated_resources \
     (account, region, resource_type, physical_id, stack, properties) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (account, region, resource_type, physical_id) \
     DO UPDATE SET stack = $5, properties = $6";
const REMOVE_FOUND: &str = "DELETE FROM simulated_resources \
     WHERE account = $1 AND region = $2 AND resource_type = $3 AND physical_id = $4";

const ADD_EVENT: &str = "INSERT INTO stack_events (stack, number, document) VALUES ($1, $2, $3)";

/// What was prepared for a stack that was deleted since is obsolete.
const CHANGE_SET: &str = "SELECT one.document, one.request, one.template, \
     CASE WHEN stacks.deleted_at IS NOT NULL AND one.status IN ('PREPARED', 'EMPTY') \
     THEN 'OBSOLETE' ELSE one.status END AS status \
     FROM stack_change_sets AS one JOIN stacks ON stacks.arn = one.stack \
     WHERE stacks.account = $1 AND stacks.region = $2 AND one.arn = $3";
const CHANGE_SET_BY_NAME: &str = "SELECT document, status, request, template \
     FROM stack_change_sets WHERE stack = $1 AND name = $2";
const ADD_CHANGE_SET: &str = "INSERT INTO stack_change_sets \
     (arn, stack, name, status, request, template, document, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const EXECUTED: &str = "UPDATE stack_change_sets SET status = CASE WHEN arn = $1 THEN 'EXECUTED' \
     ELSE 'OBSOLETE' END WHERE stack = $2 AND status IN ('PREPARED', 'EMPTY')";
const REMOVE_CHANGE_SET: &str = "DELETE FROM stack_change_sets WHERE arn = $1";
const COUNT_CHANGE_SETS: &str = "SELECT COUNT(*) AS number FROM stack_change_sets WHERE stack = $1";

/// A change set as it is kept.
pub(super) struct KeptChangeSet {
    pub(super) view: ChangeSet,
    /// The digest of what was asked for.
    pub(super) request: String,
    pub(super) template: String,
    /// What the template comes to.
    pub(super) resolved: infra::template::Resolved,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct ChangeSetDocument {
    view: ChangeSet,
    resolved: infra::template::Resolved,
}

/// A transaction over one account, which nobody else changes until it ends.
pub(super) struct Work {
    transaction: Transaction<'static, Any>,
    before: World,
    pub(super) world: World,
}

impl Work {
    /// Locks the account and reads it.
    pub(super) async fn begin(database: &Database, at: &AccountRegion) -> Result<Self> {
        let mut transaction = database.begin().await?;
        of(ENTER, at).execute(&mut *transaction).await.map_err(failed("enter an account"))?;
        let row = sqlx::query(database.locking(ACCOUNT))
            .bind(at.account().to_owned())
            .bind(at.region().to_owned())
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed("lock an account"))?;
        let faults: Faults = from_json("faults", &columns::text(&row, "faults")?)?;
        let rows = of(STACKS, at).fetch_all(&mut *transaction).await;
        let stacks =
            rows.map_err(failed("read stacks"))?.iter().map(stack).collect::<Result<_>>()?;
        let rows = of(INVENTORY, at).fetch_all(&mut *transaction).await;
        let rows = rows.map_err(failed("read resources"))?;
        let inventory = rows.iter().map(found).collect::<Result<_>>()?;
        let now = columns::whole_micros(Timestamp::now())?;
        let world = World { stacks, around: Around { at: at.clone(), now, faults, inventory } };
        Ok(Self { transaction, before: world.clone(), world })
    }

    /// Stores what is different now and ends the transaction.
    pub(super) async fn commit(mut self) -> Result<()> {
        self.save_faults().await?;
        self.save_inventory().await?;
        self.save_stacks().await?;
        self.transaction.commit().await.map_err(failed("change an account"))
    }

    async fn run(&mut self, doing: &'static str, query: Statement<'_>) -> Result<u64> {
        let done = query.execute(&mut *self.transaction).await.map_err(failed(doing))?;
        Ok(done.rows_affected())
    }

    async fn save_faults(&mut self) -> Result<()> {
        let faults = &self.world.around.faults;
        if *faults == self.before.around.faults {
            return Ok(());
        }
        let query = of(SET_FAULTS, &self.world.around.at).bind(to_json(faults)?);
        self.run("keep faults", query).await.map(drop)
    }

    async fn save_stacks(&mut self) -> Result<()> {
        for (name, stack) in std::mem::take(&mut self.world.stacks) {
            if self.before.stacks.get(&name) == Some(&stack) {
                continue;
            }
            let deleted = stack.status == StackStatus::DeleteComplete;
            let query = of(PUT_STACK, &self.world.around.at)
                .bind(stack.arn.clone())
                .bind(stack.name.clone())
                .bind(to_json(&stack)?)
                .bind(stack.due_at.map(micros))
                .bind(deleted.then_some(micros(stack.updated_at)));
            self.run("keep a stack", query).await?;
            for (at, event) in &stack.news {
                let query = sqlx::query(ADD_EVENT)
                    .bind(stack.arn.clone())
                    .bind(number("event", *at)?)
                    .bind(to_json(event)?);
                self.run("add an event", query).await?;
            }
        }
        Ok(())
    }

    async fn save_inventory(&mut self) -> Result<()> {
        let at = self.world.around.at.clone();
        let after = std::mem::take(&mut self.world.around.inventory);
        let before = std::mem::take(&mut self.before.around.inventory);
        for (resource_type, physical_id) in before.keys().filter(|key| !after.contains_key(*key)) {
            let query = of(REMOVE_FOUND, &at).bind(resource_type.clone()).bind(physical_id.clone());
            self.run("delete a resource", query).await?;
        }
        for (key, found) in after.iter().filter(|(key, found)| before.get(*key) != Some(*found)) {
            let query = of(PUT_FOUND, &at)
                .bind(key.0.clone())
                .bind(key.1.clone())
                .bind(found.stack.clone())
                .bind(found.properties.to_string());
            self.run("keep a resource", query).await?;
        }
        Ok(())
    }

    /// The change set of an ARN; NotFound.
    pub(super) async fn change_set(&mut self, arn: &str) -> Result<KeptChangeSet> {
        let row = of(CHANGE_SET, &self.world.around.at)
            .bind(arn.to_owned())
            .fetch_optional(&mut *self.transaction)
            .await
            .map_err(failed("read a change set"))?;
        row.as_ref().map(kept).transpose()?.ok_or_else(|| no_change_set(arn))
    }

    /// The change set of a name.
    pub(super) async fn change_set_named(
        &mut self,
        stack: &str,
        name: &str,
    ) -> Result<Option<KeptChangeSet>> {
        let row = sqlx::query(CHANGE_SET_BY_NAME)
            .bind(stack.to_owned())
            .bind(name.to_owned())
            .fetch_optional(&mut *self.transaction)
            .await
            .map_err(failed("read a change set"))?;
        row.as_ref().map(kept).transpose()
    }

    /// Adds a change set, as the last thing before the commit: stacks are stored first, since the
    /// change set refers to its own.
    pub(super) async fn add_change_set(&mut self, kept: KeptChangeSet) -> Result<()> {
        self.save_stacks().await?;
        let KeptChangeSet { view, request, template, resolved } = kept;
        let query = sqlx::query(ADD_CHANGE_SET)
            .bind(view.arn.clone())
            .bind(view.stack_arn.clone())
            .bind(view.name.clone())
            .bind(view.status.as_str())
            .bind(request)
            .bind(template)
            .bind(to_json(&ChangeSetDocument { view: view.clone(), resolved })?)
            .bind(micros(view.created_at));
        self.run("add a change set", query).await.map(drop)
    }

    /// One change set was executed, so the stack's others are obsolete.
    pub(super) async fn mark_executed(&mut self, set: &ChangeSet) -> Result<()> {
        let query = sqlx::query(EXECUTED).bind(set.arn.clone()).bind(set.stack_arn.clone());
        self.run("mark a change set as executed", query).await.map(drop)
    }

    /// Takes a change set away; how many the stack has left.
    pub(super) async fn remove_change_set(&mut self, set: &ChangeSet) -> Result<i64> {
        let query = sqlx::query(REMOVE_CHANGE_SET).bind(set.arn.clone());
        self.run("discard a change set", query).await?;
        let row = sqlx::query(COUNT_CHANGE_SETS)
            .bind(set.stack_arn.clone())
            .fetch_one(&mut *self.transaction)
            .await
            .map_err(failed("count change sets"))?;
        columns::integer(&row, "number")
    }
}

/// A statement whose first two arguments are account and region.
pub(super) fn of<'q>(statement: &'static str, at: &AccountRegion) -> Statement<'q> {
    sqlx::query(statement).bind(at.account().to_owned()).bind(at.region().to_owned())
}

pub(super) fn no_change_set(arn: &str) -> Error {
    Error::not_found(format!("there is no change set {arn}: it was discarded; plan anew"))
}

fn stack(row: &AnyRow) -> Result<(String, StackState)> {
    let stack: StackState = from_json("document", &columns::text(row, "document")?)?;
    Ok((stack.name.clone(), stack))
}

fn found(row: &AnyRow) -> Result<((String, String), Found)> {
    let key = (columns::text(row, "resource_type")?, columns::text(row, "physical_id")?);
    let properties = from_json("properties", &columns::text(row, "properties")?)?;
    Ok((key, Found { stack: columns::text(row, "stack")?, properties }))
}

/// The status in its own column counts: it changes after the document was written.
fn kept(row: &AnyRow) -> Result<KeptChangeSet> {
    let document: ChangeSetDocument = from_json("document", &columns::text(row, "document")?)?;
    let status: ChangeSetStatus = columns::word("status", &columns::text(row, "status")?)?;
    Ok(KeptChangeSet {
        view: ChangeSet { status, ..document.view },
        request: columns::text(row, "request")?,
        template: columns::text(row, "template")?,
        resolved: document.resolved,
    })
}

/// Reads without locking.
pub(super) struct Reader<'a> {
    pub(super) database: &'a Database,
    pub(super) at: &'a AccountRegion,
}

impl Reader<'_> {
    /// All stacks that are there, by name.
    pub(super) async fn stacks(&self) -> Result<BTreeMap<String, StackState>> {
        let rows = of(STACKS, self.at).fetch_all(self.database.reader()?).await;
        rows.map_err(failed("read stacks"))?.iter().map(stack).collect()
    }

    /// One stack.
    pub(super) async fn stack(&self, name: &str) -> Result<Option<StackState>> {
        const STACK: &str = "SELECT document FROM stacks \
             WHERE account = $1 AND region = $2 AND name = $3 AND deleted_at IS NULL";
        let query = of(STACK, self.at).bind(name.to_owned());
        let row = query.fetch_optional(self.database.reader()?).await;
        let row = row.map_err(failed("read a stack"))?;
        Ok(row.as_ref().map(stack).transpose()?.map(|(_, stack)| stack))
    }

    /// The change set of an ARN; NotFound.
    pub(super) async fn change_set(&self, arn: &str) -> Result<ChangeSet> {
        let query = of(CHANGE_SET, self.at).bind(arn.to_owned());
        let row = query.fetch_optional(self.database.reader()?).await;
        let row = row.map_err(failed("read a change set"))?;
        row.as_ref().map(kept).transpose()?.map(|kept| kept.view).ok_or_else(|| no_change_set(arn))
    }

    /// What goes wrong on demand.
    pub(super) async fn faults(&self) -> Result<Faults> {
        let row = of(ACCOUNT, self.at).fetch_optional(self.database.reader()?).await;
        match row.map_err(failed("read faults"))? {
            Some(row) => from_json("faults", &columns::text(&row, "faults")?),
            None => Ok(Faults::default()),
        }
    }

    /// Whether a step of some stack is due.
    pub(super) async fn is_due(&self, now: Timestamp) -> Result<bool> {
        const DUE: &str = "SELECT arn FROM stacks WHERE account = $1 AND region = $2 \
             AND deleted_at IS NULL AND due_at <= $3 LIMIT 1";
        let query = of(DUE, self.at).bind(micros(now));
        let row = query.fetch_optional(self.database.reader()?).await;
        Ok(row.map_err(failed("look for what is due"))?.is_some())
    }

    /// Events of a stack, by name or ARN, after a number; NotFound without the stack.
    pub(super) async fn events(
        &self,
        stack: &str,
        after: i64,
    ) -> Result<Vec<infra::stacks::StackEvent>> {
        const ARN: &str = "SELECT arn FROM stacks WHERE account = $1 AND region = $2 \
             AND (arn = $3 OR (name = $3 AND deleted_at IS NULL))";
        const EVENTS: &str =
            "SELECT document FROM stack_events WHERE stack = $1 AND number > $2 ORDER BY number";
        let query = of(ARN, self.at).bind(stack.to_owned());
        let row = query.fetch_optional(self.database.reader()?).await;
        let row = row.map_err(failed("read a stack"))?.ok_or_else(|| {
            Error::not_found(format!("there is no stack {stack}: use the ARN of a deleted one"))
        })?;
        let query = sqlx::query(EVENTS).bind(columns::text(&row, "arn")?).bind(after);
        let rows = query.fetch_all(self.database.reader()?).await;
        let rows = rows.map_err(failed("read events"))?;
        rows.iter().map(|row| from_json("document", &columns::text(row, "document")?)).collect()
    }
}
