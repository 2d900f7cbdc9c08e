"""What must hold of every stack, beyond what cfn-lint knows. A rule yields a sentence for each
fault, and the word `looked` once for each thing it looked at: a rule that looks at nothing in any
template is a fault of its own."""

import json
import re

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from policies import (
    denies,
    every_policy,
    identity_policies,
    key_policies,
    many,
    resource_policies,
    statements,
    takes_a_resource,
    trust_policies,
)
import stack as stacks

LOOKED = object()
RULES = []
NO_TLS = {"Bool": {"aws:SecureTransport": "false"}}
ZONES = ("-raw", "-conformed", "-purpose-built")
QUERYABLE = ("-conformed", "-purpose-built")
STATEFUL = ("S3::Bucket", "S3::BucketPolicy", "DynamoDB::Table", "KMS::Key", "Glue::Database")
AT_ONCE = {"STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"}


def rule(function):
    RULES.append(function)
    return function


def buckets(stack):
    """(key, properties, whether it receives access logs) of every bucket."""
    receiving = {
        bucket.get("LoggingConfiguration", {}).get("DestinationBucketName")
        for _, bucket in stack.of("S3::Bucket")
    }
    for key, bucket in stack.of("S3::Bucket"):
        yield key, bucket, f"<{key}>" in receiving


def boundary_of(environment):
    """The actions that the permission boundary of the environment lets through."""
    target = stacks.stack("bootstrap-target", environment)
    document = target.resources["Boundary"]["Properties"]["PolicyDocument"]
    return {action for entry in statements(document) for action in many(entry["Action"])}


def policy_of(stack, kind, field, key):
    for _, properties in stack.of(kind):
        if f"<{key}>" in many(properties[field]):
            return properties["PolicyDocument"]
    return {"Statement": []}


@rule
def buckets_are_encrypted(stack):
    for key, bucket, receives_logs in buckets(stack):
        yield LOOKED
        rules = bucket.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [{}])
        default = rules[0].get("ServerSideEncryptionByDefault", {})
        # Access logs cannot be delivered under a KMS key.
        wanted = "AES256" if receives_logs else "aws:kms"
        if default.get("SSEAlgorithm") != wanted:
            yield f"{key}: its default encryption is not {wanted}"
        elif not receives_logs and not default.get("KMSMasterKeyID", "").endswith(".Arn>"):
            yield f"{key}: it is not encrypted with a key of ours"
        elif not receives_logs and rules[0].get("BucketKeyEnabled") is not True:
            yield f"{key}: no bucket key, so that every object costs a call to KMS"


@rule
def messages_are_encrypted(stack):
    for kind in ("SQS::Queue", "SNS::Topic"):
        for key, properties in stack.of(kind):
            yield LOOKED
            if not properties.get("KmsMasterKeyId", "").endswith(".Arn>"):
                yield f"{key}: it is not encrypted with a key of ours"


@rule
def tables_are_encrypted(stack):
    for key, table in stack.of("DynamoDB::Table"):
        yield LOOKED
        encryption = table.get("SSESpecification", {})
        if encryption.get("SSEType") != "KMS" or "KMSMasterKeyId" not in encryption:
            yield f"{key}: it is not encrypted with a key of ours"


@rule
def the_catalog_is_encrypted(stack):
    for key, properties in stack.of("Glue::DataCatalogEncryptionSettings"):
        yield LOOKED
        settings = properties["DataCatalogEncryptionSettings"]
        if settings.get("EncryptionAtRest", {}).get("CatalogEncryptionMode") != "SSE-KMS":
            yield f"{key}: the catalog is not encrypted with a key of ours"


@rule
def keys_rotate(stack):
    for key, properties in stack.of("KMS::Key"):
        yield LOOKED
        if properties.get("EnableKeyRotation") is not True:
            yield f"{key}: it does not rotate"


@rule
def workgroups_enforce_their_limits(stack):
    for key, workgroup in stack.of("Athena::WorkGroup"):
        yield LOOKED
        settings = workgroup.get("WorkGroupConfiguration", {})
        result = settings.get("ResultConfiguration", {})
        if settings.get("EnforceWorkGroupConfiguration") is not True:
            yield f"{key}: clients can override its settings"
        if int(settings.get("BytesScannedCutoffPerQuery", 0)) <= 0:
            yield f"{key}: a query may read without bound"
        if result.get("EncryptionConfiguration", {}).get("EncryptionOption") != "SSE_KMS":
            yield f"{key}: results are not encrypted with a key of ours"
        if not result.get("OutputLocation", "").startswith("s3://"):
            yield f"{key}: clients choose where results go"


@rule
def nothing_is_public(stack):
    for key, bucket, _ in buckets(stack):
        yield LOOKED
        blocked = bucket.get("PublicAccessBlockConfiguration", {})
        for what in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"):
            if blocked.get(what) is not True:
                yield f"{key}: {what} is not set"
        ownership = bucket.get("OwnershipControls", {}).get("Rules", [{}])
        if ownership[0].get("ObjectOwnership") != "BucketOwnerEnforced":
            yield f"{key}: objects may have other owners and ACLs"
    for key, group in stack.of("EC2::SecurityGroupIngress") + [
        (key, entry)
        for key, group in stack.of("EC2::SecurityGroup")
        for entry in group.get("SecurityGroupIngress", [])
    ]:
        yield LOOKED
        if "SourceSecurityGroupId" not in group:
            yield f"{key}: it lets in by address and not by membership"
    for key, subnet in stack.of("EC2::Subnet"):
        yield LOOKED
        if subnet.get("MapPublicIpOnLaunch") is not False:
            yield f"{key}: it hands out public addresses"
    for kind in ("EC2::InternetGateway", "EC2::NatGateway"):
        for key, _ in stack.of(kind):
            yield f"{key}: the network has a way to the internet"


@rule
def nobody_is_let_in_by_star(stack):
    for where, document in every_policy(stack):
        for statement in statements(document):
            yield LOOKED
            if statement["Effect"] != "Allow":
                continue
            principal = statement.get("Principal")
            names = principal.values() if isinstance(principal, dict) else [principal]
            stars = any("*" in many(name) for name in names)
            only_ours = "aws:PrincipalAccount" in statement.get("Condition", {}).get("StringEquals", {})
            if stars and not only_ours:
                yield f"{where}/{statement['Sid']}: everybody is let in"


@rule
def tls_is_asked_for(stack):
    for key, _ in stack.of("S3::Bucket"):
        yield LOOKED
        document = policy_of(stack, "S3::BucketPolicy", "Bucket", key)
        if not denies(document, "s3:*", [f"<{key}.Arn>", f"<{key}.Arn>/*"], NO_TLS):
            yield f"{key}: requests without TLS are not denied on bucket and objects"
    for key, _ in stack.of("SQS::Queue"):
        yield LOOKED
        document = policy_of(stack, "SQS::QueuePolicy", "Queues", key)
        if not denies(document, "sqs:*", [f"<{key}.Arn>"], NO_TLS):
            yield f"{key}: requests without TLS are not denied"
    for key, _ in stack.of("SNS::Topic"):
        yield LOOKED
        document = policy_of(stack, "SNS::TopicPolicy", "Topics", key)
        if not denies(document, "sns:Publish", [f"<{key}>"], NO_TLS):
            yield f"{key}: publishing without TLS is not denied"


@rule
def state_outlives_its_stack(stack):
    for kind in STATEFUL:
        for key, _ in stack.of(kind):
            yield LOOKED
            resource = stack.resources[key]
            if resource.get("DeletionPolicy") not in ("Retain", "RetainExceptOnCreate"):
                yield f"{key}: it is deleted with its stack"
            if resource.get("UpdateReplacePolicy") != "Retain":
                yield f"{key}: it is deleted when it is replaced"


@rule
def protected_state_cannot_be_deleted(stack):
    if not stack.protected:
        return
    for key, _ in stack.of("S3::Bucket"):
        yield LOOKED
        document = policy_of(stack, "S3::BucketPolicy", "Bucket", key)
        if not denies(document, "s3:DeleteBucket", [f"<{key}.Arn>"]):
            yield f"{key}: a user may delete it"
    for key, table in stack.of("DynamoDB::Table"):
        yield LOOKED
        if table.get("DeletionProtectionEnabled") is not True:
            yield f"{key}: a user may delete it"
        recovery = table.get("PointInTimeRecoverySpecification", {})
        if recovery.get("PointInTimeRecoveryEnabled") is not True:
            yield f"{key}: it cannot be restored to a point in time"


@rule
def versions_are_kept_and_end(stack):
    for key, bucket, _ in buckets(stack):
        yield LOOKED
        if bucket.get("VersioningConfiguration", {}).get("Status") != "Enabled":
            yield f"{key}: replaced objects are lost"
        rules = bucket.get("LifecycleConfiguration", {}).get("Rules", [])
        for what in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
            if not any(what in entry and entry["Status"] == "Enabled" for entry in rules):
                yield f"{key}: no {what}, so that it grows without an end"


@rule
def zones_stay_queryable(stack):
    for key, bucket, _ in buckets(stack):
        name = bucket["BucketName"]
        if not name.endswith(ZONES):
            continue
        yield LOOKED
        for entry in bucket.get("LifecycleConfiguration", {}).get("Rules", []):
            for transition in entry.get("Transitions", []) + many(entry.get("Transition")):
                if transition["StorageClass"] not in AT_ONCE:
                    yield f"{key}: {transition['StorageClass']} does not answer at once"
            if "ExpirationInDays" in entry and name.endswith(QUERYABLE):
                yield f"{key}: current objects of a queryable zone expire"
            if "ExpirationInDays" in entry and not stack.protected:
                yield f"{key}: current objects expire though nobody asked for it"


@rule
def access_is_logged(stack):
    for key, bucket, receives_logs in buckets(stack):
        yield LOOKED
        if not receives_logs and "LoggingConfiguration" not in bucket:
            yield f"{key}: nobody knows who read it"
    for key, _ in stack.of("EC2::VPC"):
        yield LOOKED
        logged = {properties["ResourceId"] for _, properties in stack.of("EC2::FlowLog")}
        if f"<{key}>" not in logged:
            yield f"{key}: it has no flow log"


@rule
def rights_are_named(stack):
    on_its_own = {where for where, _ in key_policies(stack)}
    for where, document in every_policy(stack):
        for statement in statements(document):
            if statement["Effect"] != "Allow":
                continue
            yield LOOKED
            here = f"{where}/{statement.get('Sid')}"
            if {"NotAction", "NotResource", "NotPrincipal"} & set(statement):
                yield f"{here}: it allows all but something"
                continue
            actions = many(statement["Action"])
            for action in actions:
                if "*" in action or "?" in action:
                    yield f"{here}: {action} is not one action"
            for resource in many(statement.get("Resource")):
                # In the policy of a key, "*" is that key.
                if resource == "*" and where not in on_its_own:
                    named = [action for action in actions if takes_a_resource(action)]
                    if named:
                        yield f"{here}: any resource, though {named[0]} could name it"
                elif re.match(r"arn:[^:]*:(s3:::|(sqs|sns):[^:]*:[^:]*:|(iam|dynamodb|athena):[^:]*:[^:]*:[a-z]+/)\*", resource):
                    yield f"{here}: {resource} is any of its kind"
                elif re.match(r"arn:[^:]*:[^:]*:\*|arn:[^:]*:[^:]*:[^:]*:\*", resource):
                    yield f"{here}: {resource} is in any region or account"


@rule
def no_administrator_is_attached(stack):
    for key, role in stack.of("IAM::Role"):
        yield LOOKED
        for arn in many(role.get("ManagedPolicyArns")):
            if "::aws:policy/" in arn:
                yield f"{key}: {arn} is as wide as AWS makes it"


@rule
def roles_carry_the_boundary(stack):
    # Those of the bootstrap are made by a person, and are what makes the boundary hold for others.
    if stack.name.startswith("bootstrap-"):
        return
    for key, role in stack.of("IAM::Role"):
        yield LOOKED
        if not role.get("PermissionsBoundary", "").endswith("-boundary"):
            yield f"{key}: it has no permission boundary"


@rule
def roles_stay_within_the_boundary(stack):
    """What a role is given and the boundary cuts off would fail at three in the morning."""
    if stack.name.startswith("bootstrap-"):
        return
    most = boundary_of(stack.environment)
    for where, document in identity_policies(stack):
        for statement in statements(document):
            yield LOOKED
            for action in many(statement["Action"]):
                if action not in most:
                    yield f"{where}/{statement['Sid']}: the boundary does not let {action} through"


@rule
def who_makes_roles_makes_them_within_the_boundary(stack):
    guarded = {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy",
               "iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"}
    boundaries = [f"<{key}>" for key, _ in stack.of("IAM::ManagedPolicy") if key == "Boundary"]
    for where, document in identity_policies(stack):
        for statement in statements(document):
            if statement["Effect"] == "Allow" and guarded & set(many(statement["Action"])):
                yield LOOKED
                asked = statement.get("Condition", {}).get("StringEquals", {})
                if asked.get("iam:PermissionsBoundary") not in boundaries:
                    yield f"{where}/{statement['Sid']}: roles may be made without the boundary"
                if any("/sluice/" not in resource for resource in many(statement["Resource"])):
                    yield f"{where}/{statement['Sid']}: roles of the bootstrap may be changed"


@rule
def roles_are_passed_one_by_one(stack):
    for where, document in identity_policies(stack):
        for statement in statements(document):
            if "iam:PassRole" not in many(statement.get("Action")):
                continue
            yield LOOKED
            here = f"{where}/{statement['Sid']}"
            if any("*" in resource for resource in many(statement["Resource"])):
                yield f"{here}: any role may be passed"
            if "iam:PassedToService" not in statement.get("Condition", {}).get("StringEquals", {}):
                yield f"{here}: a role may be passed to any service"


@rule
def trust_names_one_role_or_service(stack):
    for where, document in trust_policies(stack):
        for statement in statements(document):
            yield LOOKED
            here = f"{where}/{statement['Sid']}"
            condition = statement.get("Condition", {})
            for arn in many(statement["Principal"].get("AWS")):
                if not re.fullmatch(r"arn:[^:*]+:iam::[0-9]{12}:role/[^*]+", arn):
                    yield f"{here}: {arn} is not one role"
                elif condition.get("StringEquals", {}).get("aws:PrincipalArn") != arn:
                    yield f"{here}: no condition names the role"
            for service in many(statement["Principal"].get("Service")):
                sources = [key for test in condition.values() for key in test]
                # EC2 sends no source.
                if service != "ec2.amazonaws.com" and "aws:SourceAccount" not in sources:
                    yield f"{here}: {service} may come for any account"


@rule
def keys_name_who_uses_them(stack):
    use = {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom",
           "kms:ReEncryptTo", "kms:CreateGrant"}
    for where, document in key_policies(stack):
        for statement in statements(document):
            yield LOOKED
            root = any(arn.endswith(":root") for arn in many(statement["Principal"].get("AWS")))
            if root and use & set(many(statement["Action"])) and "Condition" not in statement:
                yield f"{where}/{statement['Sid']}: whoever the account lets may use the key"
            services = many(statement["Principal"].get("Service"))
            if services and "aws:SourceAccount" not in statement.get("Condition", {}).get("StringEquals", {}):
                yield f"{where}/{statement['Sid']}: {services[0]} may use the key for any account"


@rule
def services_are_let_in_for_this_account(stack):
    for where, document in resource_policies(stack):
        for statement in statements(document):
            principal = statement.get("Principal")
            if statement["Effect"] != "Allow" or not isinstance(principal, dict):
                continue
            if "Service" not in principal:
                continue
            yield LOOKED
            condition = statement.get("Condition", {})
            keys = {key for test in condition.values() for key in test}
            if not {"aws:SourceAccount", "aws:SourceArn"} <= keys:
                yield f"{where}/{statement['Sid']}: {principal['Service']} may come for any account"


@rule
def queues_have_a_dead_letter_queue_and_one_sender(stack):
    for key, queue in stack.of("SQS::Queue"):
        yield LOOKED
        if "RedriveAllowPolicy" in queue:
            continue
        if queue.get("RedrivePolicy", {}).get("maxReceiveCount") != 5:
            yield f"{key}: a message that cannot be handled stays for ever"
        document = policy_of(stack, "SQS::QueuePolicy", "Queues", key)
        senders = [
            statement.get("Condition", {}).get("ArnNotEquals", {}).get("aws:SourceArn", "")
            for statement in statements(document)
            if statement["Effect"] == "Deny" and "sqs:SendMessage" in many(statement["Action"])
        ]
        if not any(sender.endswith("-raw") for sender in senders):
            yield f"{key}: others than the raw bucket may send"


@rule
def everything_is_tagged(stack):
    wanted = {f"lake:{what}" for what in ("cost-center", "environment", "team", "application")}
    for key, resource in stack.resources.items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema
        # Managed policies are tagged by their stack: CloudFormation takes no tags for them here.
        if "Tags" not in schema["properties"]:
            continue
        yield LOOKED
        tags = {tag["Key"] for tag in resource.get("Properties", {}).get("Tags", [])}
        if not wanted <= tags:
            yield f"{key}: it lacks the tags {sorted(wanted - tags)}"


@rule
def names_and_policies_fit(stack):
    for key, bucket in stack.of("S3::Bucket"):
        yield LOOKED
        # The longest that the parameters allow: eight for the environment, twelve for the prefix.
        longest = bucket["BucketName"].replace(f"{stack.environment}-lake", "e" * 8 + "-" + "p" * 12)
        if len(longest) > 63:
            yield f"{key}: its name may have {len(longest)} characters, S3 takes 63"
    for where, document in every_policy(stack):
        yield LOOKED
        size = len(json.dumps(document, separators=(",", ":")))
        # Names of resources stand for ARNs of up to a hundred characters.
        size += 80 * len(re.findall(r"<[^>]+>", json.dumps(document)))
        most = 2048 if where in dict(trust_policies(stack)) else 6144
        if size > most:
            yield f"{where}: {size} characters, IAM takes {most}"
    for key, role in stack.of("IAM::Role"):
        size = len(json.dumps(role.get("Policies", []), separators=(",", ":")))
        if size > 10240:
            yield f"{key}: {size} characters in its own policies, IAM takes 10240"
