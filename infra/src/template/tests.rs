//! What is read, what is refused, and what values become.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Existing, Inputs, Resolved, Template, fill};

const TABLE: &str = r#"
AWSTemplateFormatVersion: 2010-09-09
Description: Tables
Parameters:
  Environment: {Type: String, AllowedValues: [Dev, Prod]}
  Prefix: {Type: String, Default: lake, AllowedPattern: "[a-z][a-z0-9-]*", MaxLength: 10}
  Zones: {Type: CommaDelimitedList, Default: "a, b"}
  Days: {Type: Number, Default: 60, MinValue: 1}
  Token: {Type: String, Default: none, NoEcho: true}
Mappings:
  Retention:
    Dev: {Days: 30}
    Prod: {Days: 90}
Conditions:
  IsProd: !Equals [!Ref Environment, Prod]
  IsOther: !Not [!Condition IsProd]
  Either: !Or [!Condition IsProd, !And [!Condition IsOther, !Equals [a, b]]]
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub "${Environment}-${Prefix}-${AWS::AccountId}-${!kept}"
      Tags: [!If [IsProd, {Key: a, Value: "1"}, !Ref AWS::NoValue]]
      Zone: !Select [1, !Ref Zones]
      Days: !FindInMap [Retention, !Ref Environment, Days]
      Secret: !Ref Token
      Version: 1.10
      Blocks: !Cidr [10.0.0.0/24, 3, 6]
      Vpc: !ImportValue
        Fn::Sub: "${Environment}VpcId"
  Policy:
    Type: AWS::IAM::ManagedPolicy
    DependsOn: Archive
    Properties:
      Arns:
        - !Sub "${Table.Arn}/index/*"
        - !Join ["/", [!GetAtt Table.Arn, index, "*"]]
        - !Join ["", [!GetAtt [Table, Arn], "/index/", !Sub "*"]]
  Archive:
    Type: AWS::S3::Bucket
    Condition: IsProd
    DeletionPolicy: Retain
Outputs:
  Arn: {Value: !GetAtt Table.Arn, Export: {Name: !Sub "${Environment}TableArn"}}
"#;

fn resolved(environment: &str) -> Resolved {
    let inputs = Inputs::new("111122223333", "eu-central-1", "tables");
    let inputs = inputs.with_parameter("Environment", environment);
    Template::parse(TABLE).unwrap().resolve(&inputs).unwrap()
}

fn refused(text: &str, expected: &str) {
    let error = Template::parse(text).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}\nis not about\n{expected}");
}

fn not_resolved(properties: &str, expected: &str) {
    let text = format!("Resources:\n  One:\n    Type: A::B::C\n    Properties: {properties}\n");
    let inputs = Inputs::new("1", "eu-central-1", "s");
    let error = Template::parse(&text).unwrap().resolve(&inputs).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}\nis not about\n{expected}");
}

#[test]
fn functions_are_evaluated_as_far_as_known() {
    let stack = resolved("Prod");
    let arn = json!({ "Fn::GetAtt": ["Table", "Arn"] });
    assert_eq!(
        stack.resources["Table"].properties,
        json!({
            "TableName": "Prod-lake-111122223333-${kept}",
            "Tags": [{ "Key": "a", "Value": "1" }],
            "Zone": "b",
            "Days": 90,
            "Secret": { "Ref": "Token" },
            "Version": "1.10",
            "Blocks": ["10.0.0.0/26", "10.0.0.64/26", "10.0.0.128/26"],
            "Vpc": { "Fn::ImportValue": "ProdVpcId" },
        })
    );
    let one = json!({ "Fn::Join": ["", [arn, "/index/*"]] });
    assert_eq!(stack.resources["Policy"].properties["Arns"], json!([one, one, one]));
    let needed: Vec<_> = stack.resources["Policy"].depends_on.iter().collect();
    assert_eq!(needed, ["Archive", "Table"]);
    assert!(stack.resources["Archive"].is_retained());
    assert_eq!(stack.exports().into_iter().collect::<Vec<_>>(), ["ProdTableArn"]);
    assert_eq!(stack.imports.iter().collect::<Vec<_>>(), ["ProdVpcId"]);
    assert!(!stack.parameters.contains_key("Token"), "a secret is no part of a plan");
}

#[test]
fn what_a_condition_leaves_out_is_not_there() {
    let stack = resolved("Dev");
    assert_eq!(stack.resources.keys().collect::<Vec<_>>(), ["Policy", "Table"]);
    assert_eq!(stack.resources["Table"].properties["Tags"], json!([]));
    assert_eq!(stack.resources["Policy"].depends_on.iter().collect::<Vec<_>>(), ["Table"]);
}

#[test]
fn references_are_filled_in_once_the_resource_is_there() {
    let stack = resolved("Dev");
    let attributes = BTreeMap::from([("Arn".to_owned(), "arn:table".to_owned())]);
    let table = Existing { physical_id: "dev-lake".to_owned(), attributes };
    let existing = BTreeMap::from([("Table".to_owned(), table)]);
    let filled = fill(&stack.resources["Policy"].properties, &existing).unwrap();
    assert_eq!(filled["Arns"][1], json!("arn:table/index/*"));
    let import = &stack.resources["Table"].properties["Vpc"];
    assert_eq!(&fill(import, &existing).unwrap(), import);
}

#[test]
fn json_says_the_same_as_yaml() {
    let yaml = Template::parse(
        "Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties:\n      Name: !Sub x\n      \
         On: true\n      Arn: !GetAtt C.D.E\n  C: {Type: A::B::C}\n",
    );
    let json = Template::parse(
        "{\"Resources\": {\"C\": {\"Type\": \"A::B::C\"}, \"B\": {\"Properties\": {\"On\": true,\n\
         \t\"Arn\": {\"Fn::GetAtt\": \"C.D.E\"}, \"Name\": {\"Fn::Sub\": \"x\"}},\n\
         \"Type\": \"AWS::S3::Bucket\"}}}",
    );
    assert_eq!(yaml.unwrap(), json.unwrap());
}

#[test]
fn text_that_is_no_template_is_refused_with_its_place() {
    refused("", "empty");
    refused("Resources: {}", "line 1 column 1: Resources: a template needs");
    refused("Resources:\n  A: {Type: A::B}\n  A: {Type: A::B}\n", "line 3 column 3: the key A");
    refused("{\"Resources\": {\"A\": 1, \"A\": 2}}", "the key A stands twice here");
    refused("Resources:\n  A: &x {Type: A::B}\n", "line 2 column");
    refused("Resources:\n  A: *x\n", "line 2 column");
    refused("Resources:\n  A:\n    Type: !Reff B\n", "line 3 column 11: !Reff is no function");
    refused("Resources:\n  A:\n    Type:\n", "no value stands here");
    refused("Resources:\n\t- a\n", "no valid YAML");
    refused("Resources: {A: {Type: A::B}}\n---\nx: 1\n", "a second document");
    refused("Resources:\n  A: {Type: A::B, Propertys: {}}\n", "Resources.A.Propertys");
    refused("Resources:\n  A: {Type: Bucket}\n", "Bucket is no resource type");
    refused("Transform: x\nResources: {A: {Type: A::B}}\n", "line 1 column 1: Transform");
    refused("Resources:\n  A-b: {Type: A::B}\n", "letters and digits");
    let text = "Resources:\n  A:\n    Type: A::B\n    Properties: {X: !Ref C}\n";
    refused(text, "line 4 column 5: Resources.A.Properties: C is neither");
    refused("Resources:\n  A: {Type: A::B, DependsOn: C}\n", "C is no other resource");
    refused("Resources:\n  A: {Type: A::B, Condition: C}\n", "C is no condition");
    refused("Resources: {A: {Type: A::B, Properties: {X: {Fn::ForEach: 1}}}}", "Fn::ForEach");
}

#[test]
fn texts_made_to_harm_are_refused() {
    let deep = format!("Resources: {}1{}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(Template::parse(&deep).is_err());
    let deep = format!("Resources:\n  A:\n    {}b", "- ".repeat(100));
    refused(&deep, "deeper than 64 levels");
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    refused(&deep, "deeper than 64 levels");
    refused(&" ".repeat(1_000_001), "1000001 bytes");
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    refused(bomb, "anchors and aliases");
}

#[test]
fn values_that_grow_without_end_are_refused() {
    let many = |one: &str, times: usize| vec![one; times].join(", ");
    let long = "x".repeat(100_000);
    not_resolved(&format!("{{X: !Join [{long}, [{}]]}}", many("a", 1_000)), "repeat less");
    let sub = format!("{{X: !Sub [\"{}\", {{A: {long}}}]}}", "${A}".repeat(1_000));
    not_resolved(&sub, "repeat less");
    let nested = (0..12).fold("b".to_owned(), |inner, _| {
        format!("!Sub [\"{}\", {{A: {inner}}}]", "${A}".repeat(8))
    });
    not_resolved(&format!("{{X: {nested}}}"), "repeat less");
    let text = format!(
        "Mappings: {{M: {{a: {{b: [{}]}}}}}}\nResources: {{R: {{Type: A::B, Properties: {{X: [{}]}}}}}}",
        many("a", 10_000),
        many("!FindInMap [M, a, b]", 1_000),
    );
    let inputs = Inputs::new("1", "eu-central-1", "s");
    let error = Template::parse(&text).unwrap().resolve(&inputs).unwrap_err().to_string();
    assert!(error.contains("repeat less"), "{error}");
}

#[test]
fn functions_that_cannot_be_evaluated_say_where() {
    not_resolved("{X: !Select [2, [a, b]]}", "Resources.One: Fn::Select asks for value 2");
    not_resolved("{X: !FindInMap [M, a, b]}", "the map M has no value b under a");
    refused("Resources: {A: {Type: A::B, Properties: {X: !If [C, a, b]}}}", "C is no condition");
    not_resolved("{X: !Cidr [10.0.0.0/30, 4, 6]}", "does not hold 4 blocks");
    not_resolved("{X: !Ref One}", "refers to itself");
    not_resolved("{X: !Ref 'AWS::Nothing'}", "no pseudo parameter AWS::Nothing");
    not_resolved("{X: !ImportValue [a]}", "the name of an import");
    not_resolved("{X: !Join [',', {a: b}]}", "Fn::Join takes a list");
}

#[test]
fn parameters_are_checked() {
    let template = Template::parse(TABLE).unwrap();
    let inputs = Inputs::new("1", "eu-central-1", "s");
    let check = |inputs: Inputs, expected: &str| {
        let error = template.resolve(&inputs).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(inputs.clone(), "give a value for the parameters Environment");
    let inputs = inputs.with_parameter("Environment", "Prod");
    check(inputs.clone().with_parameter("Envronment", "Prod"), "no parameter Envronment");
    check(inputs.clone().with_parameter("Environment", "Test"), "Test is none of Dev, Prod");
    check(inputs.clone().with_parameter("Prefix", "-x"), "-x does not match");
    check(inputs.clone().with_parameter("Prefix", "abcdefghijklm"), "has 13 characters");
    check(inputs.clone().with_parameter("Days", "0"), "0 is below 1");
    check(inputs.with_parameter("Days", "many"), "many is no number");
    refused(
        "Parameters:\n  P: {Type: String, AllowedPattern: '(?=x)'}\nResources: {A: {Type: A::B}}",
        "line 2 column 3: Parameters.P: AllowedPattern",
    );
}

#[test]
fn a_secret_decides_and_is_not_shown() {
    let text = "Parameters:\n  Token: {Type: String, NoEcho: true, Default: ''}\n\
                Conditions:\n  HasToken: !Not [!Equals [!Ref Token, '']]\n\
                Resources:\n  A: {Type: A::B, Properties: {X: !Sub \"a ${Token}\"}}\n  \
                B: {Type: A::B, Condition: HasToken}\n";
    let inputs = Inputs::new("1", "eu-central-1", "s").with_parameter("Token", "geheim");
    let stack = Template::parse(text).unwrap().resolve(&inputs).unwrap();
    assert!(stack.resources.contains_key("B"));
    assert!(!serde_json::to_string(&stack).unwrap().contains("geheim"), "{stack:?}");
}

#[test]
fn conditions_that_need_each_other_are_refused() {
    let text = "Conditions:\n  A: !Not [!Condition B]\n  B: !Not [!Condition A]\n\
                Resources: {R: {Type: A::B}}\n";
    let inputs = Inputs::new("1", "eu-central-1", "s");
    let error = Template::parse(text).unwrap().resolve(&inputs).unwrap_err().to_string();
    assert_eq!(error, "Conditions.A: conditions need each other: A -> B -> A");
}

#[test]
fn a_resolved_template_survives_being_stored() {
    let stack = resolved("Prod");
    let stored: Value = serde_json::to_value(&stack).unwrap();
    assert_eq!(serde_json::from_value::<Resolved>(stored).unwrap(), stack);
}
