//! Quality rules of a release are those of its environment once it is deployed, and edits in the
//! console are commits.

use axum::http::StatusCode;
use domain::access::Role;
use domain::pipeline::ExecutionStatus;
use domain::quality::QualityRules;
use domain::table::TableName;
use serde_json::json;

use super::team::Team;

const FILE: &str = "quality/shop/orders.toml";
const AT: &str = "/environments/dev/tables/shop/orders/quality";

const AMOUNTS: &str = r#"
[[rules]]
name = "amounts"
kind = "range"
column = "amount"
max = "100"
effect = "block"
"#;

const IDS: &str = r#"
# Comments stay in the repository.
[[rules]]
name = "ids"
kind = "unique"
columns = ["id"]
effect = "warn"

[[rules]]
name = "amounts"
kind = "range"
column = "amount"
max = "90"
effect = "block"
"#;

async fn rules(team: &Team, place: &str) -> Option<(u64, QualityRules)> {
    let orders = TableName::new("shop", "orders");
    let saved = team.lake(place).lake.quality.current(&orders).await.unwrap();
    saved.map(|saved| (saved.version, saved.rules))
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_a_release_come_with_its_deployment_and_go_with_it() {
    let team = Team::new().await;
    let ada = team.sign_in("ada", &[Role::Viewer]).await;
    team.deploy(&[(FILE, AMOUNTS)]).await;
    assert_eq!(rules(&team, "dev").await, Some((1, toml::from_str(AMOUNTS).unwrap())));
    assert_eq!(rules(&team, "prod").await, None, "prod changes by promotion alone");

    let second = team.deploy(&[(FILE, IDS)]).await;
    assert_eq!(rules(&team, "dev").await, Some((2, toml::from_str(IDS).unwrap())));
    let path = format!("/environments/dev/executions/{}/plan", second.id);
    let plan = team.get(&ada, &path).await;
    let told = &plan.json["quality"][0];
    assert_eq!(told["table"], "shop.orders", "{plan:?}");
    assert_eq!(
        told["rules"][1],
        json!({"fate": "changed", "rule": "amounts", "sql": null,
            "sentence": "before amount is at most 100 (block), after amount is at most 90 (block)"})
    );
    let page = team.page(&ada, &format!("/dev/pipelines/{}/plan", second.id)).await;
    assert!(page.text.contains("id is unique (warn)"), "the plan page tells the new rule");
    let history = team.get(&ada, "/environments/dev/deployments").await;
    assert_eq!(history.json["items"][0]["changed"], json!(["quality rules of shop.orders"]));

    let compared = team.get(&ada, "/environments/dev/compare?with=prod").await;
    assert_eq!(compared.json["quality"][0]["standing"], "only_left", "{compared:?}");
    team.promote().await;
    assert_eq!(rules(&team, "prod").await, Some((1, toml::from_str(IDS).unwrap())));
    let compared = team.get(&ada, "/environments/dev/compare?with=prod").await;
    assert_eq!(compared.json["quality"][0]["standing"], "same");

    team.deploy(&[(FILE, "")]).await;
    assert_eq!(rules(&team, "dev").await, Some((3, QualityRules::default())));
    team.deploy(&[("README.md", "nothing to do with rules")]).await;
    assert_eq!(rules(&team, "dev").await.unwrap().0, 3, "what is there is not saved again");
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_rules_that_somebody_changed_since_the_plan_void_its_approval() {
    let team = Team::new().await;
    team.deploy(&[(FILE, AMOUNTS)]).await;
    let waiting = team.ask_to_promote().await;
    assert_eq!(waiting.status, ExecutionStatus::AwaitingApproval);
    let quality = &team.lake("prod").lake.quality;
    let orders = TableName::new("shop", "orders");
    quality.save(&orders, &toml::from_str(IDS).unwrap(), "eve", "", 0).await.unwrap();
    team.break_glass(&waiting).await;
    let again = team.newest("prod").await;
    assert_eq!(again.status, ExecutionStatus::AwaitingApproval, "people are asked anew");
    assert_ne!(again.plan, waiting.plan);
    assert_eq!(rules(&team, "prod").await, Some((1, toml::from_str(IDS).unwrap())));
    team.let_through("prod").await;
    assert_eq!(rules(&team, "prod").await, Some((2, toml::from_str(AMOUNTS).unwrap())));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_name_what_is_not_there_fail_the_build() {
    let team = Team::new().await;
    let built = r#"
[[rules]]
name = "a"
kind = "not_null"
column = "nonsense"
effect = "warn"

[[rules]]
name = "b"
kind = "sql"
sql = "SELECT * FROM shop.nothing"
effect = "warn"

[[rules]]
name = "c"
kind = "sql"
sql = "SELECT built.orders FROM shop_purpose_built.orders AS built JOIN shop.orders AS own ON built.day = own.day WHERE built.orders < 0"
effect = "warn"
"#;
    team.commit(&[("quality/shop_purpose_built/orders.toml", built)]).await;
    team.look().await;
    let failed = team.newest("dev").await;
    assert_eq!(failed.status, ExecutionStatus::Failed);
    let notes: Vec<_> = failed.stages.iter().filter_map(|stage| stage.note.as_deref()).collect();
    let told = notes.join("\n");
    assert!(told.contains("rules.0.column") && told.contains("nonsense"), "{told}");
    assert!(told.contains("rules.1.sql") && !told.contains("rules.2"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_are_saved_in_the_console_are_committed_and_later_environments_refuse_them() {
    let team = Team::new().await;
    let ada = team.sign_in("ada", &[Role::Engineer]).await;
    team.deploy(&[(FILE, AMOUNTS)]).await;
    let rule = json!({"name": "ids", "kind": "unique", "columns": ["id"], "effect": "warn"});
    let body = json!({"rules": {"rules": [rule]}, "message": "Ids are unique", "base": 1});
    let saved = team.put(&ada, AT, body.clone()).await;
    assert_eq!(saved.status, StatusCode::OK, "{saved:?}");

    let main = "main".parse().unwrap();
    let repository = &team.delivery.repository;
    let head = repository.head(&main).await.unwrap().unwrap();
    let commit = repository.commit(&head).await.unwrap();
    assert_eq!((commit.author.name.as_str(), commit.summary()), ("ada", "Ids are unique"));
    let bytes = repository.read(&head, &[FILE.to_owned()]).await.unwrap().remove(0);
    let text = String::from_utf8(bytes).unwrap();
    let committed: QualityRules = toml::from_str(&text).unwrap();
    assert_eq!(rules(&team, "dev").await, Some((2, committed)), "{text}");
    team.look().await;
    let execution = team.let_through("dev").await;
    assert_eq!((execution.commit, rules(&team, "dev").await.unwrap().0), (head, 2));

    team.promote().await;
    let refused = team.put(&ada, &AT.replace("dev", "prod"), body.clone()).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
    assert!(refused.text.contains("promotion alone"), "{refused:?}");

    team.commit(&[(FILE, AMOUNTS)]).await;
    let again = json!({"rules": {"rules": []}, "message": "", "base": 2});
    let refused = team.put(&ada, AT, again).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "what is not deployed yet is not lost");
    assert_eq!(rules(&team, "dev").await.unwrap().0, 2);
}
