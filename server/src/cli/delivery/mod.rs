//! The delivery flow by command: what each does is in a file of its own.

pub(super) mod bootstrap;
pub(super) mod configure;
pub(super) mod decide;
pub(super) mod deploy;
pub(super) mod destroy;
pub(super) mod diff;
pub(super) mod edit;
pub(super) mod follow;
pub(super) mod init;
pub(super) mod ls;
pub(super) mod move_release;
pub(super) mod pipelines;
pub(super) mod plan;
mod plan_text;
pub(super) mod secrets;
pub(super) mod synth;
pub(super) mod validate;

use std::process::ExitCode;
use std::sync::Arc;

use domain::environment::EnvironmentName;
use domain::pipeline::{Execution, ExecutionId, ExecutionStatus};
use domain::{Error, Result};
use jiff::Timestamp;
use serde::Serialize;

use super::actor::actor;
use super::output::remark;
use crate::accounts::Caller;
use crate::audit::Audit;
use crate::compose;
use crate::compose::delivery as compose_delivery;
use crate::config::Config;
use crate::delivery::Delivery;
use crate::open_lake::OpenLake;

/// The exit code of a command whose execution waits for people.
const WAITS_FOR_PEOPLE: u8 = 3;

/// The delivery flow, opened for one command.
#[derive(Debug)]
pub(super) struct Flow {
    delivery: Arc<Delivery>,
    audit: Audit,
}

impl Flow {
    pub(super) async fn open(config: &Config) -> Result<Self> {
        let lakes = compose::open_all(config).await?;
        let lakes: Vec<_> = lakes.into_iter().map(Arc::new).collect();
        Self::over(config, &lakes).await
    }

    /// Over lakes that are open already.
    pub(super) async fn over(config: &Config, lakes: &[Arc<OpenLake>]) -> Result<Self> {
        let delivery = Arc::new(compose_delivery::open(config, lakes).await?);
        let audit = Audit::new(delivery.accounts.database().clone());
        Ok(Self { delivery, audit })
    }

    pub(super) fn delivery(&self) -> &Arc<Delivery> {
        &self.delivery
    }

    /// Who acts: whoever can write the database runs the lake.
    async fn caller(&self) -> Result<Caller> {
        self.delivery.accounts.on_this_machine(Timestamp::now()).await
    }

    /// Notes in the audit log what was done, and by which user of this machine.
    async fn record(
        &self,
        caller: &Caller,
        action: &str,
        environment: &EnvironmentName,
        object: &str,
        after: impl Serialize,
    ) -> Result<()> {
        let after = serde_json::json!({ "user": actor(), "change": after });
        let before = None::<&()>;
        self.audit.record(caller, action, Some(environment), object, before, Some(&after)).await
    }

    async fn execution(&self, id: ExecutionId) -> Result<Execution> {
        let found = self.delivery.pipelines.execution(id).await?;
        found.ok_or_else(|| {
            Error::not_found(format!("there is no execution {id}: see `sluice pipelines list`"))
        })
    }
}

/// What a command says of an execution that it started or changed, and its exit code.
fn settled(execution: &Execution) -> ExitCode {
    let id = execution.id;
    match execution.status {
        ExecutionStatus::Succeeded => ExitCode::SUCCESS,
        ExecutionStatus::Queued | ExecutionStatus::Running => {
            remark(&format!(
                "`sluice serve` or `sluice worker` carries it out; `sluice pipelines log {id} \
                 --follow` shows how"
            ));
            ExitCode::SUCCESS
        }
        ExecutionStatus::AwaitingApproval => {
            remark(&format!(
                "it waits for people: `sluice plan show {id}` says what they decide on"
            ));
            ExitCode::from(WAITS_FOR_PEOPLE)
        }
        _ => ExitCode::FAILURE,
    }
}
