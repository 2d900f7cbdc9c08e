//! Whatever happens to a stack, in whatever order, its bookkeeping stays right and it has a way out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use infra::stacks::{ChangeSetRequest, ChangeSetStatus, NextAction, StackOperation, StackStatus};
use infra::template::Template;
use jiff::Timestamp;
use proptest::prelude::*;

use super::faults::{FaultMoment, Faults, ResourceFault};
use super::state::{Made, Step};
use super::world::{Around, World};
use crate::AccountRegion;

const STACK: &str = "DevLake";
const IDS: [&str; 4] = ["A", "B", "C", "D"];

/// Enough for every phase of the largest template here.
const ENOUGH: usize = 40;

#[derive(Debug, Clone)]
enum Act {
    /// Resources, and a number that changes their properties.
    Deploy {
        held: [bool; 4],
        number: u8,
    },
    Ticks(u8),
    Break {
        id: usize,
        moment: FaultMoment,
    },
    Heal,
    Operate(StackOperation),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let moment = prop_oneof![
        Just(FaultMoment::Create),
        Just(FaultMoment::Update),
        Just(FaultMoment::Delete),
        Just(FaultMoment::RollBack),
    ];
    let operation = prop_oneof![
        Just(StackOperation::CancelUpdate),
        Just(StackOperation::RollBack { skip: Vec::new() }),
        Just(StackOperation::RollBack { skip: IDS.map(str::to_owned).to_vec() }),
        Just(StackOperation::Delete { retain: Vec::new() }),
        Just(StackOperation::Delete { retain: IDS.map(str::to_owned).to_vec() }),
    ];
    let act = prop_oneof![
        4 => (any::<[bool; 4]>(), 0..4_u8).prop_map(|(held, number)| Act::Deploy { held, number }),
        6 => (1..12_u8).prop_map(Act::Ticks),
        2 => (0..IDS.len(), moment).prop_map(|(id, moment)| Act::Break { id, moment }),
        1 => Just(Act::Heal),
        2 => operation.prop_map(Act::Operate),
    ];
    prop::collection::vec(act, 1..25)
}

/// `A` is a table, whose key cannot be changed in place; the others follow it.
fn template(held: [bool; 4], number: u8) -> String {
    let key = format!("k{}", number / 2);
    let mut text = "Resources:\n  Always: {Type: AWS::SNS::Topic}\n".to_owned();
    for (id, _) in IDS.iter().zip(held).filter(|(_, held)| *held) {
        text.push_str(&match *id {
            "A" => format!(
                "  A: {{Type: AWS::DynamoDB::Table, Properties: {{KeySchema: [{{AttributeName: \
                 {key}, KeyType: HASH}}], AttributeDefinitions: [{{AttributeName: {key}, \
                 AttributeType: S}}]}}}}\n"
            ),
            "B" => "  B: {Type: AWS::S3::Bucket, DeletionPolicy: Retain}\n".to_owned(),
            "C" if held[0] => format!(
                "  C: {{Type: AWS::SQS::Queue, Properties: {{DelaySeconds: {number}, Tags: [{{Key: \
                 table, Value: !Ref A}}]}}}}\n"
            ),
            id => format!(
                "  {id}: {{Type: AWS::SQS::Queue, Properties: {{DelaySeconds: {number}}}}}\n"
            ),
        });
    }
    text
}

fn world() -> World {
    let around = Around {
        at: AccountRegion::new("111111111111", "eu-central-1").unwrap(),
        now: Timestamp::UNIX_EPOCH,
        faults: Faults::default(),
        inventory: BTreeMap::new(),
    };
    World { stacks: BTreeMap::new(), around }
}

impl World {
    fn act(&mut self, act: &Act, number: usize) {
        match act {
            Act::Deploy { held, number: variant } => {
                self.deploy(&template(*held, *variant), number)
            }
            Act::Ticks(count) => (0..*count).for_each(|_| self.tick()),
            Act::Break { id, moment } => self.around.faults.resources.push(ResourceFault {
                stack: STACK.to_owned(),
                logical_id: IDS[*id].to_owned(),
                moment: *moment,
                reason: "asked for".to_owned(),
            }),
            Act::Heal => self.around.faults = Faults::default(),
            // What the state forbids is refused, and nothing happened.
            Act::Operate(operation) => {
                drop(self.operate(STACK, operation, &format!("token-{number}")));
            }
        }
    }

    fn deploy(&mut self, template: &str, number: usize) {
        let before = self.clone();
        if self.stack_to_change(STACK).is_err() {
            *self = before;
            return;
        }
        let request = ChangeSetRequest {
            stack: STACK.to_owned(),
            template: template.to_owned(),
            parameters: BTreeMap::new(),
            tags: BTreeMap::new(),
            token: format!("t{number}"),
        };
        let parsed = Template::parse(template).unwrap();
        let kept = self.compare(&request, &parsed, &BTreeMap::new()).unwrap();
        if kept.view.status == ChangeSetStatus::Prepared {
            let made = Made {
                template: kept.template,
                digest: kept.view.template.clone(),
                parameters: BTreeMap::new(),
                tags: BTreeMap::new(),
                resolved: kept.resolved,
            };
            self.begin(&kept.view, made).unwrap();
        }
    }

    fn tick(&mut self) {
        if self.stacks.get(STACK).is_some_and(|stack| stack.due_at.is_some()) {
            self.step(STACK, Duration::ZERO);
        }
        self.stacks.retain(|_, stack| stack.status != StackStatus::DeleteComplete);
    }

    /// What the stack holds is in the account under its name, and what is there under its name is
    /// held or on its way out.
    fn check(&self) {
        let mut mine = BTreeSet::new();
        if let Some(stack) = self.stacks.get(STACK) {
            let under_way = stack.status.is_in_progress();
            assert_eq!(stack.due_at.is_some(), under_way, "{}", stack.status);
            let stuck = stack.status == StackStatus::UpdateRollbackFailed;
            assert_eq!(stack.operation.is_some(), under_way || stuck, "{}", stack.status);
            for (id, held) in &stack.resources {
                let key = (held.resource_type.clone(), held.physical_id.clone());
                let found = self.around.inventory.get(&key);
                assert!(found.is_some_and(|found| found.stack == stack.arn), "{id}: {stack:?}");
                mine.insert(key);
            }
            let operation = stack.operation.iter();
            let leaving = operation.flat_map(|operation| {
                let lists = operation.steps.iter().chain(&operation.restores);
                lists.chain(&operation.removals).chain(&operation.leftovers)
            });
            mine.extend(leaving.map(|step| match step {
                Step::Delete { resource_type, physical_id, .. } => {
                    (resource_type.clone(), physical_id.clone())
                }
                Step::Restore { held, .. } => {
                    (held.resource_type.clone(), held.physical_id.clone())
                }
                other => (String::new(), other.id().to_owned()),
            }));
        }
        let named = self.around.inventory.iter().filter(|(_, found)| !found.stack.is_empty());
        for (key, _) in named {
            assert!(mine.contains(key), "nobody holds {key:?}");
        }
    }

    /// Follows the next action of each status until the stack is complete or gone.
    fn find_the_way_out(&mut self) {
        self.around.faults = Faults::default();
        for number in 0..ENOUGH * 4 {
            let Some(stack) = self.stacks.get(STACK) else { return };
            match stack.status.next_action() {
                NextAction::Wait => self.tick(),
                NextAction::Update | NextAction::Create | NextAction::Decide => return,
                action => {
                    let operation = action.operation().unwrap();
                    self.operate(STACK, &operation, &format!("out-{number}")).unwrap();
                }
            }
            self.check();
        }
        panic!("there is no way out of {:?}", self.stacks[STACK].status);
    }
}

proptest! {
    #[test]
    fn c9_every_state_has_a_way_out_and_nothing_is_lost(acts in acts()) {
        let mut world = world();
        for (number, act) in acts.iter().enumerate() {
            world.act(act, number);
            world.check();
        }
        world.find_the_way_out();
        world.check();
    }

    #[test]
    fn an_update_that_fails_leaves_no_trace(
        before in any::<[bool; 4]>(),
        after in any::<[bool; 4]>(),
        number in 0..4_u8,
        id in 0..IDS.len(),
    ) {
        let mut world = world();
        world.act(&Act::Deploy { held: before, number: 0 }, 0);
        (0..ENOUGH).for_each(|_| world.tick());
        let inventory = world.around.inventory.clone();
        for moment in [FaultMoment::Create, FaultMoment::Update] {
            world.act(&Act::Break { id, moment }, 1);
        }
        world.act(&Act::Deploy { held: after, number }, 1);
        (0..ENOUGH).for_each(|_| world.tick());
        let stack = &world.stacks[STACK];
        let rolled_back = stack.status == StackStatus::UpdateRollbackComplete;
        prop_assert!(rolled_back || stack.status.is_complete(), "{:?}", stack.status);
        if rolled_back {
            let made = |world: &World| -> BTreeSet<_> {
                let all = world.around.inventory.iter();
                all.filter(|(_, found)| !found.stack.is_empty())
                    .map(|(key, found)| (key.clone(), found.properties.to_string()))
                    .collect()
            };
            let earlier = World { around: Around { inventory, ..world.around.clone() }, ..world.clone() };
            prop_assert_eq!(made(&world), made(&earlier));
        }
    }
}
