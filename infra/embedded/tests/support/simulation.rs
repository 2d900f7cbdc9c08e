//! Simulated stacks for the contract of the service of stacks.

use std::sync::Arc;

use database::Database;
use infra::testing::{BoxFuture, Disturbance, StacksUnderTest};
use infra_embedded::{
    AccountRegion, FaultMoment, Faults, ResourceFault, SimulatedStackService, Tampering,
};

/// Two services of one account, over connections of their own.
pub(crate) fn stacks_under_test(
    database: Database,
    second: Database,
    at: &AccountRegion,
) -> StacksUnderTest {
    let service = SimulatedStackService::new(database, at.clone());
    let disturbed = service.clone();
    StacksUnderTest {
        service: Arc::new(service),
        second: Arc::new(SimulatedStackService::new(second, at.clone())),
        disturb: Arc::new(move |disturbance| -> BoxFuture {
            let service = disturbed.clone();
            Box::pin(async move { disturb(&service, disturbance).await })
        }),
        lacks: &[],
    }
}

async fn disturb(service: &SimulatedStackService, disturbance: Disturbance) {
    let faults = service.faults().await.unwrap();
    let faults = match disturbance {
        Disturbance::Set { stack, logical_id, pointer, value } => {
            let tampering = Tampering::Set { pointer: pointer.to_owned(), value: value.into() };
            return service.tamper(&stack, &logical_id, &tampering).await.unwrap();
        }
        Disturbance::Delete { stack, logical_id } => {
            return service.tamper(&stack, &logical_id, &Tampering::Delete).await.unwrap();
        }
        Disturbance::Fail { stack, logical_id, moment } => {
            let moment: FaultMoment = serde_json::from_value(moment.into()).unwrap();
            let reason = "it was asked to fail".to_owned();
            let fault = ResourceFault { stack, logical_id, moment, reason };
            Faults { resources: [faults.resources, vec![fault]].concat(), ..faults }
        }
        Disturbance::LoseRequest => Faults { lost_requests: 1, ..faults },
        Disturbance::LoseAnswer => Faults { lost_answers: 1, ..faults },
        Disturbance::Throttle => Faults { throttled_calls: 1, ..faults },
        Disturbance::Heal => Faults::default(),
    };
    service.set_faults(faults).await.unwrap();
}
