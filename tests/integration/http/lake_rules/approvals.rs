//! Approval rules: judged by what runs, refused when nobody could satisfy them, asking for teams.

use domain::access::Role;
use domain::approval::{Decision, Verdict};
use domain::pipeline::{Execution, ExecutionStatus};
use jiff::Timestamp;

use super::team::{Member, Team};

const ONE: &str = "[environments.approval]\napprovers = 1\n";
const TWO: &str = "[environments.approval]\napprovers = 2\n";
const NONE: &str = "[environments.approval]\napprovers = 0\n";

async fn approve(team: &Team, member: &Member, waiting: &Execution) -> Result<Execution, String> {
    let now = Timestamp::now();
    let (plan, digest) = team.delivery.pipelines.plan(waiting.id).await.unwrap();
    let people = team.delivery.candidates(now).await.unwrap();
    let by = people.into_iter().find(|one| one.person.login == member.login).unwrap().person;
    let typed = plan.endangered().map(|(_, change)| change.name().to_owned()).collect();
    let decision = Decision {
        plan: digest,
        by,
        verdict: Verdict::Approve,
        reason: String::new(),
        typed,
        break_glass: false,
        at: now,
    };
    let decided = team.delivery.decide(waiting, &decision, now).await;
    decided.map_err(|error| error.message().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_changes_the_rule_is_judged_by_the_rule_before_and_says_both() {
    let team = Team::new().await;
    let ada = team.sign_in("ada", &[Role::Approver]).await;
    team.sign_in("bob", &[Role::Approver]).await;
    team.deploy(&[("sluice.toml", ONE)]).await;
    team.promote().await;

    team.deploy(&[("sluice.toml", NONE)]).await;
    let waiting = team.ask_to_promote().await;
    assert_eq!(waiting.status, ExecutionStatus::AwaitingApproval, "one has to approve still");
    let path = format!("/environments/prod/executions/{}/plan", waiting.id);
    let plan = team.get(&ada, &path).await;
    assert_eq!(plan.json["standing"]["needed"], 1);
    let sentence = "Approvals of prod change: before 1 approval, within 72 hours; who asked may not \
                    approve, authors of its commits may not, after no approval unless permissions \
                    widen or data may be lost, within 72 hours; who asked may not approve, authors of \
                    its commits may not";
    assert_eq!(plan.json["rules_change"][0], sentence);
    let page = team.page(&ada, &format!("/prod/pipelines/{}/plan", waiting.id)).await;
    assert!(page.text.contains("judged by the rules before"), "the page says it too");
    approve(&team, &ada, &waiting).await.unwrap();
    team.delivery.carry_out_due().await.unwrap();
    team.let_through("prod").await;

    team.deploy(&[("README.md", "one more")]).await;
    let free = team.ask_to_promote().await;
    assert_eq!(free.status, ExecutionStatus::Succeeded, "nobody is asked any more");
    let again = team.get(&ada, &path).await;
    assert_eq!(again.json["rules_change"][0], sentence, "an old plan says what it said");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_rule_that_nobody_can_satisfy_is_refused_and_says_who_is_missing() {
    let team = Team::new().await;
    let ada = team.sign_in("ada", &[Role::Approver]).await;
    team.sign_in("vic", &[Role::Viewer]).await;
    let first = team.deploy(&[("sluice.toml", TWO)]).await;
    let lines = team.delivery.pipelines.lines(first.id, 0, 1_000).await.unwrap();
    let warned = lines.iter().any(|line| line.message.contains("nobody could deploy to prod"));
    assert!(warned, "a first rule is warned of, people may come yet: {lines:?}");
    team.promote().await;

    let five = TWO.replace('2', "5");
    team.commit(&[("sluice.toml", &five)]).await;
    team.look().await;
    let refused = team.newest("dev").await;
    assert_eq!(refused.status, ExecutionStatus::Failed);
    let shown = team.get(&ada, &format!("/environments/dev/executions/{}", refused.id)).await;
    let sentence = "nobody could deploy to prod: 5 approvals are needed, and only 2 people may \
                    approve there (ada, local); 3 more approvers are missing";
    assert!(shown.text.contains(sentence), "{}", shown.text);

    let teams = format!("{ONE}teams = [\"acme/ops\"]\n");
    team.commit(&[("sluice.toml", &teams)]).await;
    team.look().await;
    assert_eq!(team.newest("dev").await.status, ExecutionStatus::Failed, "nobody is in the team");
    team.join("ada", &["acme/ops"]).await;
    let by = team.accounts.on_this_machine(Timestamp::now()).await.unwrap().person();
    team.delivery.start(&"dev".parse().unwrap(), by).await.unwrap();
    team.delivery.carry_out_due().await.unwrap();
    team.let_through("dev").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c13_teams_are_those_of_the_last_sign_in_and_read_again_before_the_deployment() {
    let team = Team::new().await;
    let ada = team.sign_in("ada", &[Role::Approver]).await;
    let bob = team.sign_in("bob", &[Role::Approver]).await;
    team.join("ada", &["acme/ops", "acme/data"]).await;
    team.join("bob", &["acme/data"]).await;
    team.deploy(&[("sluice.toml", &format!("{ONE}teams = [\"acme/ops\"]\n"))]).await;
    let waiting = team.ask_to_promote().await;
    let refused = approve(&team, &bob, &waiting).await.unwrap_err();
    assert!(refused.contains("is not in acme/ops"), "{refused}");
    let mine = team.get(&ada, "/me").await;
    let theirs = team.get(&bob, "/me").await;
    assert_eq!((&mine.json["waiting"], &theirs.json["waiting"]), (&1.into(), &0.into()));
    let page = team.page(&ada, "/dev").await;
    assert!(page.text.contains("aria-label=\"1 waits for you\""), "the navigation says so");
    let page = team.page(&bob, "/dev").await;
    assert!(!page.text.contains("for you\""), "nothing waits for bob");

    approve(&team, &ada, &waiting).await.unwrap();
    // They leave the team, which their next sign-in tells.
    team.join("ada", &["acme/data"]).await;
    team.delivery.carry_out_due().await.unwrap();
    let again = team.newest("prod").await;
    assert_eq!(again.status, ExecutionStatus::AwaitingApproval, "people are asked again");
    let mine = team.get(&ada, "/me").await;
    assert_eq!(mine.json["waiting"], 0);
    team.join("bob", &["Acme/Ops"]).await;
    approve(&team, &bob, &again).await.unwrap();
    team.delivery.carry_out_due().await.unwrap();
    assert_eq!(team.newest("prod").await.status, ExecutionStatus::Succeeded);
}
