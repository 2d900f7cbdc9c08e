//! What is kept, and how long: told from the settings that the code works by.

use app::api::settings::RetentionRule;
use etl_engine::run::EngineSettings;
use jiff::SignedDuration;

use crate::queries::ResultRetention;
use crate::sign_in::SignInConfig;
use crate::web::IDEMPOTENCY_KEY_LIFE;

/// The rules, data first.
pub fn rules(engine: &EngineSettings, sign_in: &SignInConfig) -> Vec<RetentionRule> {
    let accounts = sign_in.account_settings();
    vec![
        for_ever("Raw files", "They are what a replay reads; Sluice never deletes one."),
        for_ever(
            "Runs, their steps, rejected rows and what came of quality rules",
            "The run ledger accounts for every byte.",
        ),
        kept(
            "Replaced files of tables",
            engine.history_retention,
            "They can be restored until then; afterwards they are deleted.",
            Some("engine.history_retention_days"),
        ),
        kept(
            "Staged files that nothing refers to",
            engine.staging_grace,
            "They are left by work that was cut off, and deleted.",
            Some("engine.staging_grace_hours"),
        ),
        for_ever(
            "Audit log",
            "Entries are never changed or deleted. Export it to keep it elsewhere.",
        ),
        kept(
            "Sessions",
            accounts.session_life,
            "People sign in again; their teams are read again then.",
            Some("sign_in.session_hours"),
        ),
        kept(
            "Sessions that are not used",
            accounts.session_idle,
            "People sign in again.",
            Some("sign_in.idle_hours"),
        ),
        kept(
            "Roles that teams give",
            accounts.team_role_life,
            "They lapse, also for API tokens, unless the person signs in again.",
            Some("sign_in.team_role_days"),
        ),
        kept(
            "One-time sign-in links",
            accounts.link_life,
            "They cannot be used any more.",
            Some("sign_in.link_minutes"),
        ),
        kept(
            "Rows of queries",
            ResultRetention::default().life,
            "The newest of them, up to a bound on their number and size. What was asked stays in the history.",
            None,
        ),
        kept(
            "Idempotency keys",
            IDEMPOTENCY_KEY_LIFE,
            "A change sent again with the same key would be carried out again.",
            None,
        ),
    ]
}

fn for_ever(what: &str, note: &str) -> RetentionRule {
    RetentionRule { what: what.into(), kept_seconds: None, note: note.into(), key: None }
}

fn kept(what: &str, life: SignedDuration, note: &str, key: Option<&str>) -> RetentionRule {
    RetentionRule {
        what: what.into(),
        kept_seconds: Some(life.as_secs().unsigned_abs()),
        note: note.into(),
        key: key.map(ToOwned::to_owned),
    }
}
