//! Facts about resource types: which properties make a resource anew, which hold data.

mod stateful;

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::stack::Recreation;

pub use stateful::is_stateful;

/// Written by generate.py, which says where it is from.
const TABLE: &str = include_str!("recreation.txt");

/// What the schemas do not say and CloudFormation's documentation does, in the table's format.
///
/// - A table's key and the types of its attributes cannot be changed in place; attributes can be
///   added, for an index.
/// - A change of a key's immutable settings is refused by AWS, so it must never pass unseen.
/// - A Glue database is known by its name.
const ADDED: &str = "\
AWS::DynamoDB::Table KeySchema ?AttributeDefinitions ?LocalSecondaryIndexes
AWS::KMS::Key ?KeySpec ?KeyUsage ?MultiRegion ?Origin
AWS::Glue::Database CatalogId ?DatabaseInput/Name
";

type Rules = Vec<(Vec<&'static str>, Recreation)>;

static RULES: LazyLock<HashMap<&'static str, Rules>> = LazyLock::new(|| {
    let mut types: HashMap<&str, Rules> = HashMap::new();
    for line in TABLE.lines().chain(ADDED.lines()).filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let rules = types.entry(words.next().unwrap_or_default()).or_default();
        rules.extend(words.map(|path| match path.strip_prefix('?') {
            Some(path) => (path.split('/').collect(), Recreation::Conditionally),
            None => (path.split('/').collect(), Recreation::Always),
        }));
    }
    types
});

/// Whether the facts about a type are known.
pub fn is_known(resource_type: &str) -> bool {
    RULES.contains_key(resource_type)
}

/// Whether changing the property at `path`, as `["KeySchema", "0"]`, makes the resource anew.
/// Of a type that is not known any change may.
pub fn recreation(resource_type: &str, path: &[String]) -> Recreation {
    let Some(rules) = RULES.get(resource_type) else { return Recreation::Conditionally };
    let effects = rules.iter().filter_map(|(rule, recreation)| {
        let touches = rule.iter().zip(path).all(|(rule, part)| *rule == "*" || rule == part);
        match touches {
            false => None,
            // A whole object came, went or changed, with the property somewhere in it.
            true if path.len() < rule.len() => Some(Recreation::Conditionally),
            true => Some(*recreation),
        }
    });
    effects.max().unwrap_or(Recreation::Never)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(resource_type: &str, path: &str, expected: Recreation) {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        assert_eq!(recreation(resource_type, &path), expected, "{resource_type} {path:?}");
    }

    #[test]
    fn the_table_knows_what_the_documentation_says() {
        check("AWS::S3::Bucket", "BucketName", Recreation::Always);
        check("AWS::S3::Bucket", "VersioningConfiguration.Status", Recreation::Never);
        check("AWS::DynamoDB::Table", "KeySchema.0.AttributeName", Recreation::Always);
        check("AWS::DynamoDB::Table", "AttributeDefinitions", Recreation::Conditionally);
        check("AWS::DynamoDB::Table", "BillingMode", Recreation::Never);
        check("AWS::KMS::Key", "KeyPolicy.Statement", Recreation::Never);
        check("AWS::SQS::Queue", "FifoQueue", Recreation::Always);
        check("AWS::SQS::Queue", "VisibilityTimeout", Recreation::Never);
        check("AWS::EC2::Subnet", "CidrBlock", Recreation::Always);
        check("AWS::EC2::SecurityGroup", "SecurityGroupIngress", Recreation::Never);
        check("AWS::IAM::Role", "RoleName", Recreation::Always);
        check("AWS::IAM::Role", "AssumeRolePolicyDocument.Statement.0", Recreation::Never);
        check("AWS::Glue::Table", "TableInput.Name", Recreation::Always);
        check("AWS::Glue::Table", "TableInput.Parameters", Recreation::Never);
        check("AWS::Glue::Table", "TableInput", Recreation::Conditionally);
        check("AWS::StepFunctions::StateMachine", "StateMachineType", Recreation::Always);
        check("AWS::RDS::DBInstance", "MultiAZ", Recreation::Conditionally);
    }

    #[test]
    fn a_type_that_is_not_known_may_be_made_anew_by_any_change() {
        assert!(!is_known("Custom::Thing"));
        check("Custom::Thing", "Colour", Recreation::Conditionally);
        assert!(is_known("AWS::S3::Bucket"));
    }
}
