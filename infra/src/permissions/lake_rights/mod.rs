//! What Sluice asks of AWS against the policies of its templates: each role may do what the code does
//! under it, by the names that the code makes.

mod lake;
mod request;

use domain::environment::EnvironmentName;

use crate::parameters::ParameterPath;
use crate::secrets::SecretName;
use lake::{ACCOUNT, DEPLOYMENT, REGION, Role, property, stack};

/// The ARN of something in the environment's account.
fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

/// Whether the policy of an endpoint of the network lets a role's call through.
fn passes(endpoint: &str, role: &Role, action: &str, resource: &str) -> bool {
    let network = stack("network.yaml", &[]);
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
