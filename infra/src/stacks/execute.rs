//! Executing a change set exactly once, also when the answer is lost (C5).

use domain::{Error, ErrorKind, Result};

use super::{ChangeSetStatus, StackService};

/// So often a call is made whose change set turns out not to be executed.
const ATTEMPTS: u32 = 3;

/// Executes the change set `arn`. When nobody knows whether a call was carried out, the change set
/// itself is asked: executed is done; prepared means it was not, and the call is repeated with the
/// same token, a few times at most.
///
/// The kind of an error that remains is kept: Unavailable when it cannot be known, also by asking;
/// Throttled when nothing was done and the caller should wait; NotFound or Conflict when it must be
/// planned anew.
pub async fn execute_once(service: &dyn StackService, arn: &str, token: &str) -> Result<()> {
    let mut attempt = 1;
    loop {
        let error = match service.execute(arn, token).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if !may_have_happened(error.kind()) {
            return Err(error);
        }
        if was_executed(service, arn, &error).await? {
            return Ok(());
        }
        if attempt == ATTEMPTS {
            return Err(error.context(format!("change set {arn} was not executed")));
        }
        attempt += 1;
    }
}

/// Whether an error of this kind leaves open what happened. A conflict does too: the service may
/// call the change set taken because the first of two attempts took it.
fn may_have_happened(kind: ErrorKind) -> bool {
    use ErrorKind::{Cancelled, Conflict, Internal, Unavailable};
    matches!(kind, Unavailable | Internal | Cancelled | Conflict)
}

/// Reads the change set back; `error` is what `execute` said.
async fn was_executed(service: &dyn StackService, arn: &str, error: &Error) -> Result<bool> {
    let found = service.change_set(arn).await.map_err(|reading| {
        let unknown = format!(
            "nobody knows whether change set {arn} was executed ({}), and it cannot be read back",
            error.message()
        );
        match reading.kind() {
            ErrorKind::NotFound => reading,
            _ => Error::new(ErrorKind::Unavailable, unknown).with_source(reading),
        }
    })?;
    match found.status {
        ChangeSetStatus::Executed => Ok(true),
        // A busy or stuck stack, which a repeated call does not mend.
        ChangeSetStatus::Prepared if error.kind() == ErrorKind::Conflict => Err(error.clone()),
        ChangeSetStatus::Prepared => Ok(false),
        status => Err(Error::conflict(format!(
            "change set {arn} is {}: plan anew and have the new plan approved",
            status.as_str()
        ))),
    }
}
