//! What Sluice asks of AWS against the policies of its templates: each role may do what the code does
//! under it, by the names that the code makes.

mod calls;
mod drift;
mod lake;
mod request;

use std::collections::BTreeSet;

use domain::environment::EnvironmentName;

use crate::parameters::ParameterPath;
use crate::secrets::SecretName;
use calls::{CLOUD_FORMATION, ENGINE, NEVER, QUERY, UNSEEN, arn_of, operations_in};
use lake::{ACCOUNT, DEPLOYMENT, REGION, Role, arn_in_stack, property, stack};
use request::Request;

/// The ARN of something in the environment's account.
fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

/// Whether the policy of an endpoint of the network lets a role's call through.
fn passes(endpoint: &str, role: &Role, action: &str, resource: &str) -> bool {
    let network = stack("network.yaml", &[("InterfaceEndpoints", "true")]);
    let policy = property(&network, endpoint, "PolicyDocument");
    role.asks(action, resource).is_allowed_by(&[&policy])
}

#[test]
fn stacks_read_the_parameters_that_are_put_for_their_environment_and_nobody_else_does() {
    let dev: EnvironmentName = "dev".parse().unwrap();
    let path = ParameterPath::of(&dev, "Size").unwrap();
    let (get, parameter) = ("ssm:GetParameters", arn("ssm", &format!("parameter{path}")));
    assert!(Role::cloud_formation().may(get, &parameter));
    assert!(passes("SsmEndpoint", &Role::cloud_formation(), get, &parameter));
    for role in [Role::server(), Role::deploy(), Role::engine(), Role::query()] {
        assert!(!role.may(get, &parameter), "{:?}", role.asks(get, &parameter));
    }
    let another: EnvironmentName = "dev2".parse().unwrap();
    let other = ParameterPath::of(&another, "Size").unwrap();
    assert!(!Role::cloud_formation().may(get, &arn("ssm", &format!("parameter{other}"))));
}

#[test]
fn stacks_read_the_secrets_that_are_put_for_their_environment_and_nobody_else_does() {
    let name: SecretName = "/sluice/dev/ApiKey".parse().unwrap();
    // Secrets Manager ends each ARN with six characters of its own.
    let secret = arn("secretsmanager", &format!("secret:{name}-a1B2c3"));
    let get = "secretsmanager:GetSecretValue";
    assert!(Role::cloud_formation().may(get, &secret));
    assert!(passes("SecretsManagerEndpoint", &Role::cloud_formation(), get, &secret));
    let others = ["/sluice/dev2/ApiKey-a1B2c3", "/DataLake/GitHubToken-a1B2c3"];
    for other in others.map(|name| arn("secretsmanager", &format!("secret:{name}"))) {
        assert!(!Role::cloud_formation().may(get, &other), "{other}");
    }
    let token = "secret:/DataLake/GitHubToken-a1B2c3";
    let token = format!("arn:aws:secretsmanager:{REGION}:{DEPLOYMENT}:{token}");
    for role in [Role::server(), Role::deploy(), Role::engine(), Role::query()] {
        assert!(!role.may(get, &secret) && !role.may(get, &token), "{:?}", role.asks(get, &secret));
    }
}

/// The role that CloudFormation is handed, as the deploy role names it.
const HANDED: &str = "arn:aws:iam::111111111111:role/sluice-bootstrap/dev-data-lake-cloudformation";

#[test]
fn every_call_to_cloudformation_is_known_here() {
    let known: Vec<_> = CLOUD_FORMATION.iter().map(|(operation, _)| *operation).collect();
    assert_eq!(operations_in("aws/src/stacks"), known, "say in calls.rs which action each needs");
}

#[test]
fn the_deploy_role_may_do_what_the_stack_service_does_to_stacks_of_the_lake_and_to_no_others() {
    let stack = |name: &str| arn("cloudformation", &format!("stack/{name}/0a1b-2c3d"));
    let of_lake = stack("DevDataLakeEtlStorage");
    let others = ["DevDataLakeBootstrap", "DataLakeBootstrap", "TestDataLakeEtlStorage"];
    let role = Role::deploy();
    for (operation, action) in CLOUD_FORMATION {
        let may = |on: &str, handed: &str| {
            role.may_ask(&role.asks(action, on).with("cloudformation:RoleArn", handed))
        };
        if may("*", HANDED) {
            continue;
        }
        assert!(may(&of_lake, HANDED), "{operation} needs {action}");
        for other in others.map(stack) {
            assert!(!may(&other, HANDED), "{action} {other}");
        }
    }
}

#[test]
fn what_changes_a_stack_works_under_the_role_of_cloudformation_alone() {
    let (role, stack) = (Role::deploy(), arn("cloudformation", "stack/DevDataLakeEtlStorage/0a1b"));
    let another = "arn:aws:iam::111111111111:role/Administrator";
    for action in ["ContinueUpdateRollback", "CreateChangeSet", "DeleteStack", "RollbackStack"] {
        let asked = role.asks(&format!("cloudformation:{action}"), &stack);
        assert!(!role.may_ask(&asked), "{action} under its own rights");
        assert!(!role.may_ask(&asked.with("cloudformation:RoleArn", another)), "{action}");
    }
    let pass = |arn: &str, to: &str| {
        role.may_ask(&role.asks("iam:PassRole", arn).with("iam:PassedToService", to))
    };
    assert!(pass(HANDED, "cloudformation.amazonaws.com"));
    assert!(!pass(HANDED, "ec2.amazonaws.com") && !pass(another, "cloudformation.amazonaws.com"));
}

#[test]
fn every_call_of_the_data_flow_is_known_here() {
    let known = [ENGINE, QUERY, NEVER].into_iter().flatten().map(|(operation, ..)| *operation);
    let known: BTreeSet<_> = known.collect();
    let called = operations_in("../etl-engine/aws/src");
    let called: BTreeSet<_> = called.iter().map(String::as_str).collect();
    assert_eq!(called, known, "say in calls.rs under which role, and which action it needs");
}

#[test]
fn engine_and_query_roles_may_do_what_the_adapters_do_under_them() {
    for (role, calls) in [(Role::engine(), ENGINE), (Role::query(), QUERY)] {
        for (operation, action, places) in calls {
            for place in places.iter().map(|place| arn_of(place)) {
                assert!(role.may(action, &place), "{operation} needs {action} on {place}");
            }
        }
    }
    for (action, places) in UNSEEN {
        for place in places.iter().map(|place| arn_of(place)) {
            assert!(Role::engine().may(action, &place), "the engine needs {action} on {place}");
        }
    }
}

#[test]
fn what_was_landed_and_recorded_stays() {
    let (engine, query) = (Role::engine(), Role::query());
    for (_, action, places) in NEVER {
        for place in places.iter().map(|place| arn_of(place)) {
            assert!(!engine.may(action, &place) && !query.may(action, &place), "{action} {place}");
        }
    }
    for (action, place) in [
        ("s3:DeleteObject", "object raw"),
        ("s3:DeleteObjectVersion", "object conformed"),
        ("dynamodb:DeleteItem", "table etl-job-audit"),
        ("dynamodb:DeleteItem", "table sources"),
        ("sqs:SendMessage", "queue arrivals"),
    ] {
        assert!(!engine.may(action, &arn_of(place)), "{action} {place}");
    }
    for (action, place) in [
        ("s3:GetObject", "object raw"),
        ("s3:PutObject", "object conformed"),
        ("glue:UpdateTable", "glue-table served/trips"),
        ("dynamodb:GetItem", "table run-state"),
        ("sqs:GetQueueAttributes", "queue arrivals"),
    ] {
        assert!(!query.may(action, &arn_of(place)), "{action} {place}");
    }
}

/// A role of people in the environment's account, whose own policies allow everything.
const OPERATOR: &str = "arn:aws:iam::111111111111:role/sso/Operator";

#[test]
fn dead_letters_are_moved_back_by_the_roles_that_may_and_nobody_else_fills_the_queue() {
    let chosen =
        [("RedriveRoleArns", "arn:aws:iam::111111111111:role/other,".to_owned() + OPERATOR)];
    let chosen = chosen.each_ref().map(|(name, value)| (*name, value.as_str()));
    let send = |caller| Request::new(caller, "sqs:SendMessage", &arn_of("queue arrivals"));
    let from_raw = send("s3.amazonaws.com")
        .with("aws:SourceArn", "arn:aws:s3:::dev-data-lake-111111111111-eu-central-1-raw")
        .with("aws:SourceAccount", ACCOUNT);
    let decrypt = |service: &str| {
        let via = format!("{service}.{REGION}.amazonaws.com");
        Request::new(OPERATOR, "kms:Decrypt", "*").with("kms:ViaService", &via)
    };
    for (chosen, may) in [(&[][..], false), (&chosen[..], true)] {
        let events = stack("events.yaml", chosen);
        let queue = property(&events, "ArrivalQueuePolicy", "PolicyDocument");
        assert_eq!(!send(OPERATOR).is_denied_by(&queue), may);
        assert!(send("arn:aws:iam::111111111111:role/Administrator").is_denied_by(&queue));
        assert!(
            Role::engine().asks("sqs:SendMessage", &arn_of("queue arrivals")).is_denied_by(&queue)
        );
        assert!(from_raw.is_allowed_by(&[&queue]));
        let key = property(&events, "MessagesKey", "KeyPolicy");
        assert_eq!(decrypt("sqs").is_allowed_by(&[&key]), may);
        assert!(!decrypt("s3").is_allowed_by(&[&key]), "by way of SQS alone");
    }
}

const SSE: &str = "s3:x-amz-server-side-encryption";

#[test]
fn objects_are_put_without_a_word_on_encryption_or_under_the_key_of_the_bucket() {
    let (storage, deployment) =
        (stack("storage.yaml", &[]), stack("bootstrap-deployment.yaml", &[]));
    let of_data = ["Raw", "Conformed", "PurposeBuilt", "QueryResult"];
    let of_data = of_data.map(|bucket| (&storage, bucket, arn_of("key da7a")));
    let assets = (&deployment, "Asset", format!("arn:aws:kms:{REGION}:{DEPLOYMENT}:key/a-55e7"));
    for (stack, bucket, key) in of_data.into_iter().chain([assets]) {
        let policy = property(stack, &format!("{bucket}BucketPolicy"), "PolicyDocument");
        let object = format!("{}/1.csv", arn_in_stack(&format!("{bucket}Bucket")));
        let put = Role::engine().asks("s3:PutObject", &object);
        let denied = |headers: &[(&str, &str)]| {
            let named = |put: Request, (name, value): &(&str, &str)| put.with(name, value);
            headers.iter().fold(put.clone(), named).is_denied_by(&policy)
        };
        let (id, customer) = (format!("{SSE}-aws-kms-key-id"), format!("{SSE}-customer-algorithm"));
        assert!(!denied(&[]), "{bucket}: the adapters say nothing");
        assert!(!denied(&[(SSE, "aws:kms"), (&id, &key)]), "{bucket}: Athena names the key");
        assert!(denied(&[(SSE, "aws:kms"), (&id, &arn_of("key another"))]), "{bucket}");
        assert!(denied(&[(SSE, "aws:kms")]), "{bucket}: that would be the key of AWS");
        assert!(denied(&[(SSE, "AES256")]), "{bucket}");
        assert!(denied(&[(&customer, "AES256")]), "{bucket}");
    }
}

/// A role of another account that delivers files.
const PRODUCER: &str = "arn:aws:iam::555555555555:role/shop/Exports";

#[test]
fn producers_put_raw_objects_and_do_nothing_else() {
    let asks = |action: &str, place: &str| Request::new(PRODUCER, action, &arn_of(place));
    for (producers, may) in [("", false), (PRODUCER, true)] {
        let storage = stack("storage.yaml", &[("ProducerRoleArns", producers)]);
        let raw = property(&storage, "RawBucketPolicy", "PolicyDocument");
        assert_eq!(asks("s3:PutObject", "object raw").is_allowed_by(&[&raw]), may);
        for action in ["GetObject", "GetObjectVersion", "DeleteObject", "DeleteObjectVersion"] {
            let asked = asks(&format!("s3:{action}"), "object raw");
            assert!(!asked.is_allowed_by(&[&raw]), "{action}");
            assert_eq!(asked.is_denied_by(&raw), may, "{action}, whatever its own policies allow");
        }
        for bucket in ["Conformed", "PurposeBuilt", "QueryResult", "AccessLog"] {
            let policy = property(&storage, &format!("{bucket}BucketPolicy"), "PolicyDocument");
            assert!(!asks("s3:PutObject", "object conformed").is_allowed_by(&[&policy]));
        }
        let key = property(&storage, "DataKey", "KeyPolicy");
        let uses = |action: &str, service: &str, bucket: &str| {
            let via = format!("{service}.{REGION}.amazonaws.com");
            let asked = Request::new(PRODUCER, action, "*").with("kms:ViaService", &via);
            asked.with("kms:EncryptionContext:aws:s3:arn", &arn_of(bucket)).is_allowed_by(&[&key])
        };
        assert_eq!(uses("kms:GenerateDataKey", "s3", "bucket raw"), may);
        assert_eq!(uses("kms:Decrypt", "s3", "object raw"), may, "the parts of a large upload");
        assert!(!uses("kms:Decrypt", "s3", "bucket conformed"));
        assert!(!uses("kms:GenerateDataKey", "s3", "bucket raw-copy"));
        assert!(!uses("kms:GenerateDataKey", "dynamodb", "bucket raw"));
    }
}

#[test]
fn endpoints_that_cost_by_the_hour_are_made_where_workers_need_them() {
    let interfaces = |chosen: &[(&str, &str)]| {
        let network = stack("network.yaml", chosen);
        let kinds = network.resources.values().map(|one| one.properties["VpcEndpointType"].clone());
        kinds.filter(|kind| kind == "Interface").count()
    };
    assert_eq!(interfaces(&[]), 0);
    assert_eq!(interfaces(&[("InterfaceEndpoints", "true")]), 8);
}
