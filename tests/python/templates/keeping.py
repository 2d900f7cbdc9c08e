"""Rules on what stacks keep: encrypted, private, over TLS alone, kept, readable, logged, tagged."""

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from policies import denies, many, statements
from rule import LOOKED, rule

NO_TLS = {"Bool": {"aws:SecureTransport": "false"}}
ZONES = ("-raw", "-conformed", "-purpose-built")
QUERYABLE = ("-conformed", "-purpose-built")
STATEFUL = ("S3::Bucket", "S3::BucketPolicy", "DynamoDB::Table", "KMS::Key", "Glue::Database")
AT_ONCE = {"STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"}
PUBLIC_BLOCKS = (
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "IgnorePublicAcls",
    "RestrictPublicBuckets",
)


def buckets(stack):
    """(key, properties, whether it receives access logs) of every bucket."""
    receiving = {
        bucket.get("LoggingConfiguration", {}).get("DestinationBucketName")
        for _, bucket in stack.of("S3::Bucket")
    }
    for key, bucket in stack.of("S3::Bucket"):
        yield key, bucket, f"<{key}>" in receiving


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
        for what in PUBLIC_BLOCKS:
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
def networks_carry_the_name_of_the_lake(stack):
    """The role of CloudFormation may change and delete by that name alone."""
    for key, resource in stack.resources.items():
        tags = resource.get("Properties", {}).get("Tags")
        if not resource["Type"].startswith("AWS::EC2::") or tags is None:
            continue
        yield LOOKED
        name = next((tag["Value"] for tag in tags if tag["Key"] == "Name"), "")
        if not name.startswith(f"{stack.environment}-lake-"):
            yield f"{key}: it is called {name!r}"
