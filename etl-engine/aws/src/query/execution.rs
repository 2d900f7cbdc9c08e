//! Starting, watching and stopping what Athena calls an execution.

use std::time::Duration;

use aws::{failed, kind_of};
use aws_sdk_athena::Client;
use aws_sdk_athena::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_athena::types::{
    QueryExecution, QueryExecutionContext, QueryExecutionState, ResultReuseByAgeConfiguration,
    ResultReuseConfiguration,
};
use domain::{Error, ErrorKind, Result};

use super::failure::outcome;
use crate::retry::when_throttled;

/// What Athena calls the catalog of Glue.
const CATALOG: &str = "AwsDataCatalog";
/// Rows in one page, the most that Athena gives.
const PAGE: i32 = 1000;
/// Waits between looks at an execution.
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LATEST_LOOK: Duration = Duration::from_secs(2);
/// Looks in a row that may fail before the execution is given up.
const FAILED_LOOKS: u32 = 8;
/// Attempts at stopping an execution: about a minute.
const STOPS: u32 = 40;

/// The executions of one workgroup. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Executions {
    client: Client,
    workgroup: String,
}

/// What is started.
#[derive(Debug)]
pub(super) struct Start<'a> {
    pub(super) text: &'a str,
    /// Makes one execution of every repeat.
    pub(super) token: String,
    /// How old an earlier result may be that stands for this one.
    pub(super) reuse: Option<Duration>,
}

impl Executions {
    pub(super) fn new(client: Client, workgroup: &str) -> Self {
        Self { client, workgroup: workgroup.to_owned() }
    }

    /// Starts an execution and returns its id. Repeated with the same token, so that an answer that
    /// was lost does not start another.
    pub(super) async fn start(&self, start: &Start<'_>) -> Result<String> {
        let context = QueryExecutionContext::builder().catalog(CATALOG).build();
        let call = || {
            self.client
                .start_query_execution()
                .query_string(start.text)
                .client_request_token(&start.token)
                .work_group(&self.workgroup)
                .query_execution_context(context.clone())
                .set_result_reuse_configuration(start.reuse.map(reuse))
                .send()
        };
        let answer = when_throttled(call, kind_of).await;
        let answer = answer.map_err(|error| {
            failed(&format!("start the query in workgroup {}", self.workgroup), error)
        })?;
        answer.query_execution_id.ok_or_else(|| Error::internal("Athena told no id of the query"))
    }

    /// Waits for the end. An error when it is not a success; calls `runs` once Athena computes.
    pub(super) async fn ended(&self, id: &str, runs: impl Fn()) -> Result<QueryExecution> {
        let (mut wait, mut failures) = (FIRST_LOOK, 0);
        loop {
            match self.look(id).await {
                Ok(execution) => {
                    failures = 0;
                    match state(&execution) {
                        Some(QueryExecutionState::Running) => runs(),
                        Some(state) if is_over(state) => return outcome(execution),
                        _ => {}
                    }
                }
                Err(error) if error.kind().is_transient() && failures < FAILED_LOOKS => {
                    failures += 1;
                }
                Err(error) => return Err(error),
            }
            tokio::time::sleep(wait).await;
            wait = LATEST_LOOK.min(wait * 3 / 2);
        }
    }

    /// A page of the rows of an execution that succeeded.
    pub(super) async fn results(
        &self,
        id: &str,
        next: Option<String>,
    ) -> Result<GetQueryResultsOutput> {
        let call = || {
            let call = self.client.get_query_results().query_execution_id(id);
            call.max_results(PAGE).set_next_token(next.clone()).send()
        };
        let page = when_throttled(call, kind_of).await;
        page.map_err(|error| failed("read the rows of the query", error))
    }

    /// Stops an execution, and looks whether it has really stopped (promise E9).
    pub(super) async fn stop(&self, id: &str) {
        let mut wait = FIRST_LOOK;
        for _ in 0..STOPS {
            let asked = self.client.stop_query_execution().query_execution_id(id).send().await;
            match self.look(id).await {
                Ok(execution) if state(&execution).is_some_and(is_over) => return,
                Err(error) if error.kind() == ErrorKind::NotFound => return,
                Ok(_) => {}
                Err(error) => {
                    let asked = asked.is_ok();
                    tracing::warn!(execution = id, asked, %error, "a query is not seen to stop");
                }
            }
            tokio::time::sleep(wait).await;
            wait = LATEST_LOOK.min(wait * 3 / 2);
        }
        tracing::error!(execution = id, "a query goes on in Athena although it was stopped");
    }

    async fn look(&self, id: &str) -> Result<QueryExecution> {
        let answer = self.client.get_query_execution().query_execution_id(id).send().await;
        let answer = answer.map_err(|error| failed("look at the query", error))?;
        answer.query_execution.ok_or_else(|| Error::internal("Athena told nothing of the query"))
    }
}

fn reuse(age: Duration) -> ResultReuseConfiguration {
    let minutes = i32::try_from(age.as_secs() / 60).unwrap_or(i32::MAX);
    let by_age =
        ResultReuseByAgeConfiguration::builder().enabled(true).max_age_in_minutes(minutes).build();
    ResultReuseConfiguration::builder().result_reuse_by_age_configuration(by_age).build()
}

fn state(execution: &QueryExecution) -> Option<&QueryExecutionState> {
    execution.status.as_ref()?.state.as_ref()
}

fn is_over(state: &QueryExecutionState) -> bool {
    use QueryExecutionState::{Cancelled, Failed, Succeeded};
    matches!(state, Succeeded | Failed | Cancelled)
}
