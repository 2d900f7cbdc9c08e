//! Rules at the time of the deployment: roles, expiry, freeze windows, drift (promises C2, C4, C13).

use axum::body::Body;
use axum::http::Method;
use domain::access::Role;
use domain::pipeline::{Execution, ExecutionStatus};
use domain::plan::Plan;
use infra_embedded::Tampering;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Lake, ONE, approve, decide, refused};

/// Nothing is deployed for the next decades, and nobody has to approve.
const FROZEN: &str = "[[environments.freeze]]\nname = \"the long winter\"\ntime_zone = \"UTC\"\n\
     from = \"2020-01-01T00:00\"\nto = \"2120-01-01T00:00\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn c13_an_approval_lapses_with_the_role_it_was_given_in() {
    let lake = Lake::new(&[("dev", ONE)]).await;
    let bob = lake.console.sign_in("bob", Role::Viewer).await;
    let carol = lake.console.sign_in("carol", Role::Approver).await;
    let admin = lake.console.sign_in_everywhere("admin", Role::Admin).await;
    let asked = lake.asked().await;
    refused(&approve(&bob, &asked).await, 403);
    let grant = json!({ "role": "approver", "environment": "dev" }).to_string();
    let (path, json) =
        (format!("/members/{}/grants", bob.id), ("content-type", "application/json"));
    let given = admin.api(Method::POST, &path, &[json], grant.into()).await;
    assert!(given.status.is_success(), "{given:?}");
    assert!(approve(&bob, &asked).await.status.is_success());
    let grant = format!("/members/{}/grants/approver?environment=dev", bob.id);
    let taken = admin.api(Method::DELETE, &grant, &[], Body::empty()).await;
    assert!(taken.status.is_success(), "{taken:?}");
    lake.console.flow.carry_out().await;
    let again = lake.newest("dev", ExecutionStatus::AwaitingApproval).await;
    let log = lake.log(&again).await;
    assert!(log.contains("bob may not approve any more: people are asked again"), "{log}");
    assert_eq!(lake.deployments("dev").await, 0);
    refused(&approve(&bob, &again).await, 403);
    assert!(approve(&carol, &again).await.status.is_success());
    lake.console.flow.carry_out().await;
    lake.newest("dev", ExecutionStatus::Succeeded).await;
    let pipelines = &lake.console.flow.delivery.pipelines;
    let deployed = pipelines.deployments(&"dev".parse().unwrap(), None, 10).await.unwrap();
    let by: Vec<_> = deployed[0].1.approved_by.iter().map(|one| one.login.as_str()).collect();
    assert_eq!(by, ["carol"]);
}

/// Makes the plan of an execution four days older.
async fn age(lake: &Lake, execution: &Execution) {
    let (plan, _) = lake.console.flow.delivery.pipelines.plan(execution.id).await.unwrap();
    let made_at = Timestamp::now() - SignedDuration::from_hours(96);
    let old = serde_json::to_string(&Plan { made_at, ..plan.clone() }).unwrap();
    let database = lake.console.embedded.database();
    let mut transaction = database.begin().await.unwrap();
    let query = sqlx::query("UPDATE plans SET document = $1 WHERE id = $2").bind(old);
    query.bind(plan.id.to_string()).execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn c13_a_plan_and_its_approval_expire() {
    let lake = Lake::new(&[("dev", ONE)]).await;
    let bob = lake.console.sign_in("bob", Role::Approver).await;
    let asked = lake.asked().await;
    assert!(approve(&bob, &asked).await.status.is_success());
    age(&lake, &asked).await;
    lake.console.flow.carry_out().await;
    let expired = lake.newest("dev", ExecutionStatus::Expired).await;
    assert_eq!(lake.deployments("dev").await, 0);
    refused(&approve(&bob, &expired).await, 409);

    // Undecided, it is refused to whoever comes too late.
    lake.commit(100).await;
    let asked = lake.asked().await;
    age(&lake, &asked).await;
    let late = approve(&bob, &asked).await;
    assert!(refused(&late, 403).contains("the plan expired"), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c13_freeze_windows_hold_and_breaking_the_glass_needs_an_admin_and_a_reason() {
    let lake = Lake::new(&[("dev", FROZEN)]).await;
    let bob = lake.console.sign_in("bob", Role::Approver).await;
    let admin = lake.console.sign_in("root", Role::Admin).await;
    let asked = lake.asked().await;
    let glass = |reason: &str| json!({ "break_glass": true, "reason": reason });
    let now = approve(&bob, &asked).await;
    assert!(refused(&now, 403).contains("during the long winter"), "{now:?}");
    let no_admin = decide(&bob, &asked, "approve", glass("the lake is down")).await;
    assert!(refused(&no_admin, 403).contains("only an admin breaks the glass"), "{no_admin:?}");
    let no_reason = decide(&admin, &asked, "approve", glass("  ")).await;
    assert!(refused(&no_reason, 403).contains("a reason is needed"), "{no_reason:?}");
    let stale = Execution { plan: Some("0".repeat(64).parse().unwrap()), ..asked.clone() };
    refused(&decide(&admin, &stale, "approve", glass("the lake is down")).await, 409);
    assert!(lake.console.audited("plan.decide").await.is_empty());
    let broken = decide(&admin, &asked, "approve", glass("the lake is down")).await;
    assert!(broken.status.is_success(), "{broken:?}");
    lake.console.flow.carry_out().await;
    lake.newest("dev", ExecutionStatus::Succeeded).await;
    let audited = lake.console.audited("plan.decide").await;
    let after = audited[0].after.as_ref().unwrap();
    assert_eq!((audited.len(), audited[0].actor.as_str()), (1, "root"));
    assert_eq!(
        (&after["break_glass"], &after["reason"]),
        (&true.into(), &"the lake is down".into())
    );
    let pipelines = &lake.console.flow.delivery.pipelines;
    let deployed = pipelines.deployments(&"dev".parse().unwrap(), None, 10).await.unwrap();
    assert_eq!(deployed[0].1.broke_glass.as_deref(), Some("the lake is down"));

    // Nobody is asked about this one; it waits for the end of the window all the same.
    lake.commit(100).await;
    lake.console.flow.look().await;
    lake.console.flow.carry_out().await;
    let waits = lake.newest("dev", ExecutionStatus::Queued).await;
    let log = lake.log(&waits).await;
    assert!(log.contains("nothing is deployed during the long winter"), "{log}");
    assert_eq!(lake.deployments("dev").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_c4_what_drifted_or_was_edited_since_the_plan_voids_its_approval() {
    let lake = Lake::in_dev(&[("dev", ONE)]).await;
    let bob = lake.console.sign_in("bob", Role::Approver).await;
    lake.commit(100).await;
    let mut asked = lake.asked().await;
    for step in ["drift", "edit"] {
        assert!(approve(&bob, &asked).await.status.is_success(), "{step}");
        match step {
            "drift" => {
                let stacks = lake.console.flow.stacks("dev").await;
                let name = "DevDataLakeEtlTables";
                let resources = infra::stacks::StackService::resources(&stacks, name).await;
                let resource = resources.unwrap().swap_remove(0).logical_id;
                stacks.tamper(name, &resource, &Tampering::Delete).await.unwrap();
            }
            _ => lake.console.lake.transform("shop/orders", "SELECT 1 AS one").await,
        }
        lake.console.flow.carry_out().await;
        let again = lake.newest("dev", ExecutionStatus::AwaitingApproval).await;
        assert_eq!(again.id, asked.id);
        assert_ne!(again.plan, asked.plan, "{step}: another plan has another digest");
        assert!(lake.log(&again).await.contains("plan anew"), "{step}");
        assert!(refused(&approve(&bob, &asked).await, 409).contains("look at it again"));
        assert_eq!(lake.deployments("dev").await, 1, "{step}");
        asked = again;
    }
    assert!(approve(&bob, &asked).await.status.is_success());
    lake.console.flow.carry_out().await;
    lake.newest("dev", ExecutionStatus::Succeeded).await;
}
