//! Values that stacks hand to each other.

use domain::ErrorKind;

use super::{Ability, StacksUnderTest, template};
use crate::stacks::{StackOperation, StackStatus};
use crate::testing::cases;

/// Reads the bucket's name from the stack that [`template`] makes.
const READER: &str = r#"
Resources:
  Setting:
    Type: AWS::SSM::Parameter
    Properties:
      Name: /lake/raw
      Type: String
      Value: !Join ["", ["s3://", !ImportValue DevRawBucketName]]
Outputs:
  Name:
    Value: !ImportValue DevRawBucketName
"#;

pub(super) async fn run(make: &impl AsyncFn() -> StacksUnderTest) {
    cases!(
        "stack service: exports",
        make,
        [
            an_import_takes_the_value_of_the_export,
            a_stack_whose_export_is_used_is_not_deleted,
            an_export_in_use_is_neither_changed_nor_deleted needs Ability::GuardExports,
            a_name_is_exported_by_one_stack_only needs Ability::GuardExports,
        ]
    );
}

async fn an_import_takes_the_value_of_the_export(stacks: StacksUnderTest) {
    let made = stacks.deploy("DevLake", &template(0), "one").await;
    let reader = stacks.deploy("DevReader", READER, "one").await;
    assert_eq!(reader.status, StackStatus::CreateComplete);
    assert_eq!(reader.outputs["Name"].value, made.outputs["RawBucket"].value);
    let exports = stacks.service.exports().await.unwrap();
    assert_eq!(exports.len(), 1, "{exports:?}");
    assert_eq!(
        (exports[0].name.as_str(), exports[0].stack.as_str()),
        ("DevRawBucketName", "DevLake")
    );
    let again = stacks.prepare("DevReader", READER, "two").await;
    assert_eq!(again.changes, []);
}

async fn a_stack_whose_export_is_used_is_not_deleted(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    stacks.deploy("DevReader", READER, "one").await;
    let delete = StackOperation::Delete { retain: Vec::new() };
    let error = stacks.operate("DevLake", &delete, "delete").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(error.message().contains("DevReader"), "{error}");
    assert_eq!(stacks.delete("DevReader", &[], "delete").await, None);
    assert_eq!(stacks.delete("DevLake", &[], "delete-2").await, None);
}

async fn an_export_in_use_is_neither_changed_nor_deleted(stacks: StacksUnderTest) {
    let before = stacks.deploy("DevLake", &template(0), "one").await;
    stacks.deploy("DevReader", READER, "one").await;
    let changed = template(0).replace("Value: !Ref Bucket", "Value: !Ref Queue");
    let renamed = template(0).replace("DevRawBucketName", "DevRareBucketName");
    for (token, template) in [("two", changed), ("three", renamed)] {
        let stack = stacks.deploy("DevLake", &template, token).await;
        assert_eq!(stack.status, StackStatus::UpdateRollbackComplete);
        assert!(stack.reason.is_some_and(|reason| reason.contains("DevReader")));
        assert_eq!(stack.outputs, before.outputs);
    }
}

async fn a_name_is_exported_by_one_stack_only(stacks: StacksUnderTest) {
    let exporting = |value: &str| {
        format!(
            "Resources: {{Queue: {{Type: AWS::SQS::Queue}}}}\nOutputs: {{Out: {{Value: {value}, \
             Export: {{Name: DevOut}}}}}}"
        )
    };
    stacks.deploy("DevOne", &exporting("one"), "t").await;
    let second = stacks.deploy("DevTwo", &exporting("two"), "t").await;
    assert_eq!(second.status, StackStatus::RollbackComplete);
    let exports = stacks.service.exports().await.unwrap();
    assert_eq!((exports.len(), exports[0].value.as_str()), (1, "one"));
}
