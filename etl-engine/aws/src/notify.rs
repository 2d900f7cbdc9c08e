//! Notifications through SNS.

use std::collections::HashMap;

use async_trait::async_trait;
use aws::{Account, failed};
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use domain::environment::EnvironmentName;
use domain::notification::Notification;
use domain::{Error, Result};
use etl_engine::notify::Notifier;
use serde_json::json;

/// A subject is shorter than a hundred characters.
const MOST_SUBJECT: usize = 99;
/// A message and its attributes have at most 256 KB.
const MOST_MESSAGE: usize = 250_000;

/// Publishes each notification to one topic, as the JSON that webhooks get. Subscriptions filter by
/// the attributes `id`, `environment`, `event`, and of runs `source_system`, `dataset` and `status`;
/// receivers drop repeats by `id`.
#[derive(Debug, Clone)]
pub struct SnsNotifier {
    client: Client,
    name: String,
    target: Option<String>,
    topic_arn: String,
    environment: EnvironmentName,
}

impl SnsNotifier {
    /// Publishes everything of an environment: who is told what, subscriptions say. Asks AWS nothing
    /// yet.
    pub fn new(account: &Account, topic_arn: &str, environment: EnvironmentName) -> Self {
        let topic = topic_arn.rsplit(':').next().unwrap_or_default();
        Self {
            client: Client::new(account.sdk()),
            name: format!("SNS {topic}"),
            target: None,
            topic_arn: topic_arn.to_owned(),
            environment,
        }
    }

    /// The same topic as a target that routes ask for by a name, and that is told nothing else.
    #[must_use]
    pub fn named(self, target: &str) -> Self {
        Self { target: Some(target.to_owned()), ..self }
    }

    fn attributes(&self, of: &Notification) -> Result<HashMap<String, MessageAttributeValue>> {
        let of_body = |name: &str| of.body.get(name).and_then(|value| value.as_str());
        let values = [
            ("id", Some(&*of.id)),
            ("environment", Some(self.environment.as_str())),
            ("event", of.event.map(|event| event.as_str())),
            ("source_system", of.source_system.as_deref()),
            ("dataset", of_body("dataset")),
            ("status", of_body("status")),
        ];
        let given = values.into_iter().filter_map(|(name, value)| {
            value.filter(|value| !value.is_empty()).map(|value| (name, value))
        });
        let attributes = given.map(|(name, value)| {
            let attribute = MessageAttributeValue::builder().data_type("String");
            Ok((name.to_owned(), attribute.string_value(value).build().map_err(unsound)?))
        });
        attributes.collect()
    }
}

#[async_trait]
impl Notifier for SnsNotifier {
    fn name(&self) -> &str {
        &self.name
    }

    fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    async fn deliver(&self, notification: &Notification) -> Result<()> {
        let published = self
            .client
            .publish()
            .topic_arn(&self.topic_arn)
            .set_subject(subject(&notification.subject))
            .message(message(notification)?)
            .set_message_attributes(Some(self.attributes(notification)?))
            .send()
            .await;
        let what = format!("publish notification {} to {}", notification.id, self.name);
        published.map(drop).map_err(|error| failed(&what, error))
    }
}

/// The notification as JSON. Its body is left out when it is longer than a message may be.
fn message(notification: &Notification) -> Result<String> {
    let whole = serde_json::to_string(notification).map_err(unsound)?;
    if whole.len() <= MOST_MESSAGE {
        return Ok(whole);
    }
    let body = json!({ "left_out": "longer than a message of SNS may be; see the console" });
    serde_json::to_string(&Notification { body, ..notification.clone() }).map_err(unsound)
}

/// What SNS takes as a subject: one line of ASCII, which begins with what is to be seen.
fn subject(text: &str) -> Option<String> {
    let sayable = |ch: char| match ch {
        ' '..='~' => ch,
        _ if ch.is_control() => ' ',
        _ => '?',
    };
    let line: String = text.chars().map(sayable).collect();
    let line = line.trim();
    let short = match line.len() > MOST_SUBJECT {
        true => format!("{}...", &line[..MOST_SUBJECT - 3]),
        false => line.to_owned(),
    };
    Some(short).filter(|subject| !subject.is_empty())
}

fn unsound(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("a notification cannot be written as a message").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b10_a_subject_says_the_outcome_in_what_sns_takes() {
        let long = format!("[dev] tlc/yellow FAILED: {}", "ü/".repeat(100));
        let short = subject(&long).unwrap();
        assert!(short.starts_with("[dev] tlc/yellow FAILED: ?/") && short.ends_with("..."));
        assert_eq!(short.len(), MOST_SUBJECT);
        let forged = subject(" [dev] a\r\nb\u{7}c\u{85}d ").unwrap();
        assert_eq!(forged, "[dev] a  b c d");
        assert_eq!(subject("\n "), None);
        assert_eq!(subject("[dev] fine").unwrap(), "[dev] fine");
    }
}
