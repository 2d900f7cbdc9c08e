//! Notifications: what is told to people and systems when a run ends, a plan waits or a deployment is
//! done, and which of them are told what.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::environment::EnvironmentName;
use crate::run::{Run, RunStatus};

/// A message in the outbox. Delivered at least once; receivers drop repeats by `id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Stable over repeated deliveries: the run's id and when it ended. Not the attempt: a retry
    /// counts attempts anew, and its outcome must not look like a repeat.
    pub id: String,
    /// One line that says the outcome.
    pub subject: String,
    /// What it is about, as routes name it; `None`: no route asks for it.
    #[serde(default)]
    pub event: Option<NotifiedEvent>,
    /// Of a run: whose data.
    #[serde(default)]
    pub source_system: Option<String>,
    /// The run or the execution as JSON.
    pub body: serde_json::Value,
    /// When the outcome was recorded.
    pub created_at: Timestamp,
}

impl Notification {
    /// The notification that a run ended, or is held. The subject always says what the status says.
    pub fn of_run(run: &Run, at: Timestamp) -> Self {
        let (outcome, event) = match run.status {
            RunStatus::Succeeded => ("succeeded", Some(NotifiedEvent::RunSucceeded)),
            RunStatus::Failed => ("FAILED", Some(NotifiedEvent::RunFailed)),
            RunStatus::Held => ("is held", Some(NotifiedEvent::RunHeld)),
            RunStatus::Cancelled => ("was cancelled", None),
            RunStatus::Superseded => ("was superseded", None),
            RunStatus::Duplicate => ("is a duplicate", None),
            RunStatus::Queued | RunStatus::Running => ("goes on", None),
        };
        let subject =
            format!("[{}] {} {outcome}: {}", run.environment, run.dataset, run.arrival.key);
        Self {
            id: format!("{}-{}", run.id, at.as_microsecond()),
            subject,
            event,
            source_system: Some(run.dataset.source_system().to_owned()),
            body: serde_json::to_value(run).unwrap_or_default(),
            created_at: at,
        }
    }
}

/// What people can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotifiedEvent {
    /// A run came to its end well.
    RunSucceeded,
    /// A run failed.
    RunFailed,
    /// A file waits for its source to be registered.
    RunHeld,
    /// A plan waits for people, or still does.
    ApprovalNeeded,
    /// A plan that waits is about to expire.
    ApprovalExpiring,
    /// A plan expired, because nobody decided on it in time.
    ApprovalExpired,
    /// Somebody rejected a plan.
    DeploymentRejected,
    /// A release runs.
    Deployed,
    /// A pipeline failed.
    DeploymentFailed,
    /// An earlier release came back.
    RolledBack,
}

impl NotifiedEvent {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::RunSucceeded,
        Self::RunFailed,
        Self::RunHeld,
        Self::ApprovalNeeded,
        Self::ApprovalExpiring,
        Self::ApprovalExpired,
        Self::DeploymentRejected,
        Self::Deployed,
        Self::DeploymentFailed,
        Self::RolledBack,
    ];

    /// The name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RunSucceeded => "run_succeeded",
            Self::RunFailed => "run_failed",
            Self::RunHeld => "run_held",
            Self::ApprovalNeeded => "approval_needed",
            Self::ApprovalExpiring => "approval_expiring",
            Self::ApprovalExpired => "approval_expired",
            Self::DeploymentRejected => "deployment_rejected",
            Self::Deployed => "deployed",
            Self::DeploymentFailed => "deployment_failed",
            Self::RolledBack => "rolled_back",
        }
    }
}

/// Who is told of what: one of `[[notifications]]` in `sluice.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationRoute {
    /// A target by the name that the server's own configuration gives it: where messages may go is
    /// not for a commit to decide (D15).
    pub target: String,
    /// Of what; never empty.
    pub events: Vec<NotifiedEvent>,
    /// From where; all environments when empty.
    pub environments: Vec<EnvironmentName>,
    /// Of runs: whose datasets; all source systems when empty.
    pub source_systems: Vec<String>,
}

impl NotificationRoute {
    /// Whether it speaks of an environment.
    pub fn concerns(&self, environment: &EnvironmentName) -> bool {
        self.environments.is_empty() || self.environments.contains(environment)
    }

    /// Whether it takes a notification of an environment that it [concerns](Self::concerns).
    pub fn takes(&self, notification: &Notification) -> bool {
        let named = |system: &String| {
            self.source_systems.is_empty() || self.source_systems.contains(system)
        };
        notification.event.is_some_and(|event| self.events.contains(&event))
            && notification.source_system.as_ref().is_none_or(named)
    }

    /// What it asks for: `run_failed, deployed; of runs only those of tlc`.
    pub fn in_words(&self) -> String {
        let events: Vec<_> = self.events.iter().map(|event| event.as_str()).collect();
        let systems = match self.source_systems.as_slice() {
            [] => String::new(),
            systems => format!("; of runs only those of {}", systems.join(", ")),
        };
        format!("{}{systems}", events.join(", "))
    }
}

/// The target that `notifications.webhook_url` configures.
pub const USUAL_TARGET: &str = "webhook";

/// Whether a target is told. `routes` are those that concern the environment; `None`: its release says
/// nothing of notifications, so that the usual target is told everything and the others nothing.
pub fn is_told(
    routes: Option<&[NotificationRoute]>,
    target: &str,
    notification: &Notification,
) -> bool {
    match routes {
        None => target == USUAL_TARGET,
        Some(routes) => {
            routes.iter().any(|route| route.target == target && route.takes(notification))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(event: Option<NotifiedEvent>, system: Option<&str>) -> Notification {
        Notification {
            id: "1".into(),
            subject: String::new(),
            event,
            source_system: system.map(str::to_owned),
            body: serde_json::Value::Null,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_target_is_told_what_its_routes_ask_for_and_nothing_else() {
        let route = |target: &str, events: &[NotifiedEvent], systems: &[&str]| NotificationRoute {
            target: target.into(),
            events: events.to_vec(),
            environments: Vec::new(),
            source_systems: systems.iter().map(|system| (*system).to_owned()).collect(),
        };
        use NotifiedEvent::{ApprovalNeeded, Deployed, RunFailed, RunSucceeded};
        let routes = [
            route("oncall", &[RunFailed, ApprovalNeeded], &["tlc"]),
            route("oncall", &[Deployed], &[]),
            route("shop", &[RunSucceeded], &["shop"]),
        ];
        let failed = told(Some(RunFailed), Some("tlc"));
        for (target, notification, expected) in [
            ("oncall", failed.clone(), true),
            ("oncall", told(Some(RunFailed), Some("shop")), false),
            ("oncall", told(Some(ApprovalNeeded), None), true),
            ("oncall", told(Some(Deployed), None), true),
            ("oncall", told(Some(RunSucceeded), Some("tlc")), false),
            ("shop", told(Some(RunSucceeded), Some("shop")), true),
            ("shop", told(None, Some("shop")), false),
            (USUAL_TARGET, failed.clone(), false),
        ] {
            assert_eq!(is_told(Some(&routes), target, &notification), expected, "{notification:?}");
        }
        assert!(is_told(None, USUAL_TARGET, &failed) && !is_told(None, "oncall", &failed));
        assert!(!is_told(Some(&[]), USUAL_TARGET, &failed), "routes for other places only");
    }

    #[test]
    fn the_name_of_an_event_is_the_one_in_files() {
        for event in NotifiedEvent::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.as_str());
        }
    }
}
