//! Every status that CloudFormation gives a stack, and the one thing to do next (C9).

use std::fmt;
use std::str::FromStr;

use domain::{Error, Result};
use serde::{Deserialize, Serialize};

use super::StackOperation;

/// Where a stack stands, in CloudFormation's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StackStatus {
    /// Change sets were prepared for it, and none was executed.
    ReviewInProgress,
    /// It is made.
    CreateInProgress,
    /// Making it failed and nothing was taken back.
    CreateFailed,
    /// It was made.
    CreateComplete,
    /// What was made of it is taken away again.
    RollbackInProgress,
    /// What was made of it could not be taken away.
    RollbackFailed,
    /// Making it failed and all of it was taken away.
    RollbackComplete,
    /// It is changed.
    UpdateInProgress,
    /// It was changed; what it no longer needs is deleted.
    UpdateCompleteCleanupInProgress,
    /// It was changed.
    UpdateComplete,
    /// Changing it failed and nothing was taken back.
    UpdateFailed,
    /// A change is taken back.
    UpdateRollbackInProgress,
    /// A change could not be taken back.
    UpdateRollbackFailed,
    /// A change was taken back; what it had made is deleted.
    UpdateRollbackCompleteCleanupInProgress,
    /// A change was taken back.
    UpdateRollbackComplete,
    /// It is deleted.
    DeleteInProgress,
    /// Some of it could not be deleted.
    DeleteFailed,
    /// It was deleted.
    DeleteComplete,
    /// Resources that were there are taken in.
    ImportInProgress,
    /// Resources were taken in.
    ImportComplete,
    /// Taking resources in is taken back.
    ImportRollbackInProgress,
    /// Taking resources in could not be taken back.
    ImportRollbackFailed,
    /// Taking resources in was taken back.
    ImportRollbackComplete,
}

/// What to do with a stack next. Each status allows one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextAction {
    /// Something is under way.
    Wait,
    /// Prepare a change set that makes the stack.
    Create,
    /// Execute or discard what was prepared, or prepare another one.
    Decide,
    /// Prepare a change set that changes the stack.
    Update,
    /// Roll a failed update back, or go on with a rollback that failed.
    RollBack,
    /// Delete what is left of it; then make it anew.
    DeleteAndCreate,
    /// Delete it again, and retain what cannot be deleted.
    DeleteAgain,
}

impl StackStatus {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::ReviewInProgress,
        Self::CreateInProgress,
        Self::CreateFailed,
        Self::CreateComplete,
        Self::RollbackInProgress,
        Self::RollbackFailed,
        Self::RollbackComplete,
        Self::UpdateInProgress,
        Self::UpdateCompleteCleanupInProgress,
        Self::UpdateComplete,
        Self::UpdateFailed,
        Self::UpdateRollbackInProgress,
        Self::UpdateRollbackFailed,
        Self::UpdateRollbackCompleteCleanupInProgress,
        Self::UpdateRollbackComplete,
        Self::DeleteInProgress,
        Self::DeleteFailed,
        Self::DeleteComplete,
        Self::ImportInProgress,
        Self::ImportComplete,
        Self::ImportRollbackInProgress,
        Self::ImportRollbackFailed,
        Self::ImportRollbackComplete,
    ];

    /// CloudFormation's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReviewInProgress => "REVIEW_IN_PROGRESS",
            Self::CreateInProgress => "CREATE_IN_PROGRESS",
            Self::CreateFailed => "CREATE_FAILED",
            Self::CreateComplete => "CREATE_COMPLETE",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackFailed => "ROLLBACK_FAILED",
            Self::RollbackComplete => "ROLLBACK_COMPLETE",
            Self::UpdateInProgress => "UPDATE_IN_PROGRESS",
            Self::UpdateCompleteCleanupInProgress => "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            Self::UpdateComplete => "UPDATE_COMPLETE",
            Self::UpdateFailed => "UPDATE_FAILED",
            Self::UpdateRollbackInProgress => "UPDATE_ROLLBACK_IN_PROGRESS",
            Self::UpdateRollbackFailed => "UPDATE_ROLLBACK_FAILED",
            Self::UpdateRollbackCompleteCleanupInProgress => {
                "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
            }
            Self::UpdateRollbackComplete => "UPDATE_ROLLBACK_COMPLETE",
            Self::DeleteInProgress => "DELETE_IN_PROGRESS",
            Self::DeleteFailed => "DELETE_FAILED",
            Self::DeleteComplete => "DELETE_COMPLETE",
            Self::ImportInProgress => "IMPORT_IN_PROGRESS",
            Self::ImportComplete => "IMPORT_COMPLETE",
            Self::ImportRollbackInProgress => "IMPORT_ROLLBACK_IN_PROGRESS",
            Self::ImportRollbackFailed => "IMPORT_ROLLBACK_FAILED",
            Self::ImportRollbackComplete => "IMPORT_ROLLBACK_COMPLETE",
        }
    }

    /// Whether something is under way that ends by itself.
    pub fn is_in_progress(self) -> bool {
        self.next_action() == NextAction::Wait
    }

    /// Whether the stack is as its template says, and nothing is under way.
    pub fn is_complete(self) -> bool {
        matches!(self, Self::CreateComplete | Self::UpdateComplete | Self::ImportComplete)
    }

    /// Whether what was wanted did not come about: rolled back, or stuck.
    pub fn is_failure(self) -> bool {
        let undecided = matches!(self, Self::ReviewInProgress | Self::DeleteComplete);
        !undecided && !self.is_in_progress() && !self.is_complete()
    }

    /// The one thing to do next.
    pub fn next_action(self) -> NextAction {
        match self {
            Self::CreateInProgress
            | Self::RollbackInProgress
            | Self::UpdateInProgress
            | Self::UpdateCompleteCleanupInProgress
            | Self::UpdateRollbackInProgress
            | Self::UpdateRollbackCompleteCleanupInProgress
            | Self::DeleteInProgress
            | Self::ImportInProgress
            | Self::ImportRollbackInProgress => NextAction::Wait,
            Self::DeleteComplete => NextAction::Create,
            Self::ReviewInProgress => NextAction::Decide,
            Self::CreateComplete
            | Self::UpdateComplete
            | Self::UpdateRollbackComplete
            | Self::ImportComplete
            | Self::ImportRollbackComplete => NextAction::Update,
            Self::UpdateFailed | Self::UpdateRollbackFailed => NextAction::RollBack,
            Self::CreateFailed
            | Self::RollbackFailed
            | Self::RollbackComplete
            | Self::ImportRollbackFailed => NextAction::DeleteAndCreate,
            Self::DeleteFailed => NextAction::DeleteAgain,
        }
    }

    /// What happened and what to do next, in a sentence.
    pub fn advice(self) -> &'static str {
        match self {
            Self::ReviewInProgress => "nothing was made yet: execute or discard its change set",
            Self::CreateInProgress => "it is being made: wait",
            Self::RollbackInProgress => "making it failed and is being taken back: wait",
            Self::UpdateInProgress => "it is being changed: wait, or cancel the update",
            Self::UpdateCompleteCleanupInProgress => {
                "it was changed, and what it no longer needs is being deleted: wait"
            }
            Self::UpdateRollbackInProgress => "a change failed and is being taken back: wait",
            Self::UpdateRollbackCompleteCleanupInProgress => {
                "a change was taken back, and what it had made is being deleted: wait"
            }
            Self::DeleteInProgress => "it is being deleted: wait",
            Self::ImportInProgress | Self::ImportRollbackInProgress => {
                "resources are being taken in: wait"
            }
            Self::CreateComplete | Self::UpdateComplete | Self::ImportComplete => {
                "it is as its template says: plan the next change"
            }
            Self::UpdateRollbackComplete | Self::ImportRollbackComplete => {
                "the last change failed and was taken back: mend its cause and plan anew"
            }
            Self::UpdateFailed => "a change failed half way: roll it back",
            Self::UpdateRollbackFailed => {
                "a change could not be taken back: mend the cause and continue the rollback, \
                 skipping resources that cannot be mended"
            }
            Self::CreateFailed => "making it failed half way: delete it and create it anew",
            Self::RollbackComplete => {
                "making it failed and was taken back: delete what is left and create it anew"
            }
            Self::RollbackFailed => {
                "making it failed and could not be taken back: delete it and create it anew"
            }
            Self::ImportRollbackFailed => {
                "resources could not be let go: have its template retain them, delete the stack \
                 and create it anew"
            }
            Self::DeleteFailed => {
                "some of it could not be deleted: delete it again and retain that"
            }
            Self::DeleteComplete => "it was deleted: it can be created anew",
        }
    }
}

impl NextAction {
    /// The words on a button.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Create => "create",
            Self::Decide => "execute or discard",
            Self::Update => "plan the next change",
            Self::RollBack => "continue the rollback",
            Self::DeleteAndCreate => "delete and create anew",
            Self::DeleteAgain => "delete again",
        }
    }

    /// The operation that it begins with; `None` for waiting and for what takes a change set.
    pub fn operation(self) -> Option<StackOperation> {
        match self {
            Self::Wait | Self::Create | Self::Decide | Self::Update => None,
            Self::RollBack => Some(StackOperation::RollBack { skip: Vec::new() }),
            Self::DeleteAndCreate | Self::DeleteAgain => {
                Some(StackOperation::Delete { retain: Vec::new() })
            }
        }
    }
}

impl fmt::Display for StackStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for NextAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for StackStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            Error::invalid(format!(
                "stack status {text:?} is not known: a newer Sluice may know it"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c9_every_status_has_one_next_action_and_says_it() {
        for status in StackStatus::ALL {
            let action = status.next_action();
            let under_way = status.as_str().ends_with("_IN_PROGRESS")
                && status != StackStatus::ReviewInProgress;
            assert_eq!(action == NextAction::Wait, under_way, "{status}");
            assert_eq!(status.advice().contains("wait"), under_way, "{status}");
            let stuck = status.as_str().ends_with("_FAILED");
            assert!(!stuck || action.operation().is_some(), "{status} has no way out");
        }
    }

    #[test]
    fn c9_stuck_stacks_have_the_way_out_that_cloudformation_allows() {
        use NextAction::{Decide, DeleteAgain, DeleteAndCreate, RollBack};
        let cases = [
            (StackStatus::UpdateRollbackFailed, RollBack, "continue the rollback"),
            (StackStatus::UpdateFailed, RollBack, "roll it back"),
            (StackStatus::RollbackComplete, DeleteAndCreate, "delete what is left"),
            (StackStatus::RollbackFailed, DeleteAndCreate, "delete it"),
            (StackStatus::CreateFailed, DeleteAndCreate, "delete it"),
            (StackStatus::ImportRollbackFailed, DeleteAndCreate, "retain"),
            (StackStatus::DeleteFailed, DeleteAgain, "delete it again"),
            (StackStatus::ReviewInProgress, Decide, "execute or discard"),
        ];
        for (status, action, words) in cases {
            assert_eq!(status.next_action(), action, "{status}");
            assert!(status.advice().contains(words), "{status}: {}", status.advice());
        }
    }

    #[test]
    fn c9_a_stack_is_under_way_complete_failed_or_not_there() {
        for status in StackStatus::ALL {
            let absent =
                matches!(status, StackStatus::ReviewInProgress | StackStatus::DeleteComplete);
            let ways = [status.is_in_progress(), status.is_complete(), status.is_failure(), absent];
            assert_eq!(ways.iter().filter(|way| **way).count(), 1, "{status}");
        }
    }

    #[test]
    fn words_are_read_back_and_unknown_ones_refused() {
        for status in StackStatus::ALL {
            assert_eq!(status.as_str().parse::<StackStatus>().unwrap(), status);
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        assert!("CREATE_PENDING".parse::<StackStatus>().is_err());
    }
}
