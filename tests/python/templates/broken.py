"""Templates with one fault each, and the rule that must find it."""

import copy

import rules
import stack


class Broken:
    """One template, changed; `what` says how in words."""

    def __init__(self, rule, name, what, edit, environment="prod"):
        self.rule, self.name, self.what = rule, name, what
        self._edit, self._environment = edit, environment

    def faults(self):
        template = copy.deepcopy(stack.read(self.name))
        self._edit(template)
        found = self.rule(stack.Stack(self.name, template, self._environment))
        return [fault for fault in found if fault is not rules.LOOKED]


def without(path):
    """Takes away what stands at `Resource/Property/...`."""

    def edit(template):
        holder, last = _place(template, path)
        del holder[last]

    return edit


def with_(path, value):
    """Puts `value` at `Resource/Property/...`."""

    def edit(template):
        holder, last = _place(template, path)
        holder[last] = value

    return edit


def statement(sid, **changes):
    """Changes fields of the first statement of that name; `None` takes one away."""

    def edit(template):
        found = next(_statements(template, sid))
        for key, value in changes.items():
            if value is None:
                del found[key]
            else:
                found[key] = value

    return edit


def unstated(sid):
    """Turns the first statement of that name into one that forbids nothing of interest."""
    return statement(sid, Action="s3:GetObjectTorrent")


def _place(template, path):
    resource, *keys = path.split("/")
    holder = template["Resources"][resource]
    keys = keys if keys[0] in ("DeletionPolicy", "UpdateReplacePolicy") else ["Properties", *keys]
    for key in keys[:-1]:
        holder = holder[int(key) if isinstance(holder, list) else key]
    return holder, int(keys[-1]) if isinstance(holder, list) else keys[-1]


def _statements(value, sid):
    if isinstance(value, dict):
        if value.get("Sid") == sid:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _statements(item, sid)


ROOT = {"AWS": f"arn:aws:iam::{stack.ACCOUNT}:root"}
KEYED = "BucketEncryption/ServerSideEncryptionConfiguration/0"
RULES_OF = "LifecycleConfiguration/Rules"

BROKEN = [
    Broken(rules.buckets_are_encrypted, "storage", "raw zone without encryption",
           without("RawBucket/BucketEncryption")),
    Broken(rules.buckets_are_encrypted, "storage", "conformed zone under the keys of S3",
           with_(f"ConformedBucket/{KEYED}/ServerSideEncryptionByDefault", {"SSEAlgorithm": "AES256"})),
    Broken(rules.buckets_are_encrypted, "storage", "purpose-built zone under the key of AWS",
           without(f"PurposeBuiltBucket/{KEYED}/ServerSideEncryptionByDefault/KMSMasterKeyID")),
    Broken(rules.buckets_are_encrypted, "bootstrap-deployment", "assets without a bucket key",
           without(f"AssetBucket/{KEYED}/BucketKeyEnabled")),
    Broken(rules.buckets_are_encrypted, "storage", "access logs that S3 could not deliver",
           with_(f"AccessLogBucket/{KEYED}/ServerSideEncryptionByDefault/SSEAlgorithm", "aws:kms")),
    Broken(rules.messages_are_encrypted, "events", "queue in the clear",
           without("ArrivalQueue/KmsMasterKeyId")),
    Broken(rules.messages_are_encrypted, "events", "topic under the key of AWS",
           with_("NotificationTopic/KmsMasterKeyId", "alias/aws/sns")),
    Broken(rules.tables_are_encrypted, "tables", "ledger under the key of AWS",
           without("AuditTable/SSESpecification/KMSMasterKeyId")),
    Broken(rules.the_catalog_is_encrypted, "catalog", "catalog in the clear",
           with_("CatalogEncryption/DataCatalogEncryptionSettings/EncryptionAtRest/CatalogEncryptionMode",
                 "DISABLED")),
    Broken(rules.keys_rotate, "storage", "key that stays the same",
           with_("DataKey/EnableKeyRotation", False)),
    Broken(rules.workgroups_enforce_their_limits, "catalog", "settings that clients override",
           with_("Workgroup/WorkGroupConfiguration/EnforceWorkGroupConfiguration", False)),
    Broken(rules.workgroups_enforce_their_limits, "catalog", "queries without bound",
           without("Workgroup/WorkGroupConfiguration/BytesScannedCutoffPerQuery")),
    Broken(rules.workgroups_enforce_their_limits, "catalog", "results in the clear",
           without("Workgroup/WorkGroupConfiguration/ResultConfiguration/EncryptionConfiguration")),
    Broken(rules.workgroups_enforce_their_limits, "catalog", "results anywhere",
           without("Workgroup/WorkGroupConfiguration/ResultConfiguration/OutputLocation")),
    Broken(rules.nothing_is_public, "storage", "bucket that may become public",
           with_("RawBucket/PublicAccessBlockConfiguration/BlockPublicPolicy", False)),
    Broken(rules.nothing_is_public, "storage", "objects of other owners",
           without("RawBucket/OwnershipControls")),
    Broken(rules.nothing_is_public, "network", "security group open to addresses",
           with_("SharedSecurityGroup/SecurityGroupIngress",
                 [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}])),
    Broken(rules.nothing_is_public, "network", "public addresses",
           with_("Subnet1/MapPublicIpOnLaunch", True)),
    Broken(rules.nobody_is_let_in_by_star, "bootstrap-deployment", "assets for everybody",
           statement("ReadByDeployRoles", Principal="*")),
    Broken(rules.nobody_is_let_in_by_star, "network", "endpoint for every account",
           statement("BucketsOfThisLake", Condition=None)),
    Broken(rules.tls_is_asked_for, "storage", "bucket without TLS",
           unstated("NeverWithoutTls")),
    Broken(rules.tls_is_asked_for, "storage", "TLS for two actions only",
           statement("NeverWithoutTls", Action=["s3:GetObject", "s3:PutObject"])),
    Broken(rules.tls_is_asked_for, "bootstrap-deployment", "TLS for the bucket and not for objects",
           statement("NeverWithoutTls", Resource={"Fn::GetAtt": ["AccessLogBucket", "Arn"]})),
    Broken(rules.tls_is_asked_for, "storage", "TLS in a policy of another bucket",
           with_("RawBucketPolicy/Bucket", {"Ref": "AccessLogBucket"})),
    Broken(rules.tls_is_asked_for, "events", "queue without TLS",
           without("DeadLetterQueuePolicy/PolicyDocument/Statement/0")),
    Broken(rules.tls_is_asked_for, "events", "topic without TLS",
           without("NotificationTopicPolicy/PolicyDocument/Statement/1")),
    Broken(rules.state_outlives_its_stack, "storage", "zone deleted with its stack",
           with_("ConformedBucket/DeletionPolicy", "Delete"), "dev"),
    Broken(rules.state_outlives_its_stack, "tables", "ledger deleted when replaced",
           with_("AuditTable/UpdateReplacePolicy", "Delete")),
    Broken(rules.protected_state_cannot_be_deleted, "storage", "zone that a user may delete",
           unstated("NeverDeleted")),
    Broken(rules.protected_state_cannot_be_deleted, "tables", "table that a user may delete",
           without("SourcesTable/DeletionProtectionEnabled")),
    Broken(rules.protected_state_cannot_be_deleted, "tables", "table that cannot be restored",
           with_("AuditTable/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled",
                 {"Fn::If": ["IsProtected", False, True]})),
    Broken(rules.versions_are_kept_and_end, "storage", "zone without versions",
           with_("PurposeBuiltBucket/VersioningConfiguration/Status", "Suspended")),
    Broken(rules.versions_are_kept_and_end, "storage", "replaced versions for ever",
           without(f"ConformedBucket/{RULES_OF}/0/NoncurrentVersionExpiration")),
    Broken(rules.versions_are_kept_and_end, "storage", "unfinished uploads for ever",
           with_(f"ConformedBucket/{RULES_OF}/1/Status", "Disabled")),
    Broken(rules.zones_stay_queryable, "storage", "conformed zone in an archive",
           with_(f"ConformedBucket/{RULES_OF}/0/Transitions",
                 [{"StorageClass": "GLACIER", "TransitionInDays": 365}])),
    Broken(rules.zones_stay_queryable, "storage", "purpose-built zone that expires",
           with_(f"PurposeBuiltBucket/{RULES_OF}/0/ExpirationInDays", 60)),
    Broken(rules.zones_stay_queryable, "storage", "raw zone of dev that expires unasked",
           with_(f"RawBucket/{RULES_OF}/0/ExpirationInDays", 60), "dev"),
    Broken(rules.access_is_logged, "storage", "zone that nobody watches",
           without("RawBucket/LoggingConfiguration")),
    Broken(rules.access_is_logged, "network", "network that nobody watches",
           with_("FlowLog/ResourceId", "vpc-0")),
    Broken(rules.rights_are_named, "roles", "every action of a service",
           statement("ReadAndLandRawObjects", Action="s3:*")),
    Broken(rules.rights_are_named, "roles", "a family of actions",
           statement("ReadTables", Action=["s3:Get*"])),
    Broken(rules.rights_are_named, "roles", "any object of any bucket",
           statement("ReadTables", Resource="*")),
    Broken(rules.rights_are_named, "roles", "any bucket",
           statement("WriteTables", Resource="arn:aws:s3:::*")),
    Broken(rules.rights_are_named, "roles", "any queue",
           statement("TakeArrivals", Resource=f"arn:aws:sqs:{stack.REGION}:{stack.ACCOUNT}:*")),
    Broken(rules.rights_are_named, "bootstrap-target", "any role",
           statement("SettingsOfRoles", Resource=f"arn:aws:iam::{stack.ACCOUNT}:role/*")),
    Broken(rules.rights_are_named, "bootstrap-target", "keys of any region and account",
           statement("SettingsOfKeys", Resource="arn:aws:kms:*:*:key/*")),
    Broken(rules.rights_are_named, "bootstrap-target", "any resource beside actions that take none",
           statement("MakeKeys", Action=["kms:CreateKey", "kms:ScheduleKeyDeletion"])),
    Broken(rules.rights_are_named, "storage", "every action on a key",
           statement("AdministeredByThisAccountWithoutUse", Action="kms:*")),
    Broken(rules.rights_are_named, "bootstrap-target", "all but one action",
           statement("Buckets", Action=None, NotAction="s3:GetObject")),
    Broken(rules.no_administrator_is_attached, "bootstrap-target", "AdministratorAccess",
           with_("CloudFormationRole/ManagedPolicyArns/0", "arn:aws:iam::aws:policy/AdministratorAccess")),
    Broken(rules.roles_carry_the_boundary, "roles", "engine without the boundary",
           without("EngineRole/PermissionsBoundary")),
    Broken(rules.roles_stay_within_the_boundary, "roles", "engine that may do more than the boundary",
           statement("KeepLedgerTransformationsAndSources", Action="dynamodb:DeleteTable")),
    Broken(rules.who_makes_roles_makes_them_within_the_boundary, "bootstrap-target",
           "roles made without the boundary", statement("RolesWithinTheBoundary", Condition=None)),
    Broken(rules.who_makes_roles_makes_them_within_the_boundary, "bootstrap-target",
           "roles of the bootstrap in reach",
           statement("RolesWithinTheBoundary", Resource=f"arn:aws:iam::{stack.ACCOUNT}:role/sluice-bootstrap/a")),
    Broken(rules.roles_are_passed_one_by_one, "bootstrap-target", "any role passed",
           statement("HandTheRoleToCloudFormation", Resource=f"arn:aws:iam::{stack.ACCOUNT}:role/sluice/*")),
    Broken(rules.roles_are_passed_one_by_one, "bootstrap-target", "a role passed to any service",
           statement("EngineOnInstances", Condition=None)),
    Broken(rules.trust_names_one_role_or_service, "bootstrap-target", "the whole deployment account",
           statement("AssumedByTheServer", Principal=ROOT)),
    Broken(rules.trust_names_one_role_or_service, "roles", "no condition on the server",
           statement("AssumedByTheServer", Condition=None)),
    Broken(rules.trust_names_one_role_or_service, "roles", "tasks of any account",
           statement("AssumedByTasksOfThisAccount", Condition=None)),
    Broken(rules.keys_name_who_uses_them, "storage", "key for the whole account",
           statement("UsedByTheRolesOfTheLake", Condition=None)),
    Broken(rules.keys_name_who_uses_them, "events", "key for buckets of any account",
           statement("UsedByTheRawBucketToSend", Condition=None)),
    Broken(rules.services_are_let_in_for_this_account, "events", "queue for any bucket",
           statement("FilledByTheRawBucket", Condition=None)),
    Broken(rules.queues_have_a_dead_letter_queue_and_one_sender, "events", "no dead-letter queue",
           without("ArrivalQueue/RedrivePolicy")),
    Broken(rules.queues_have_a_dead_letter_queue_and_one_sender, "events", "other senders",
           without("ArrivalQueuePolicy/PolicyDocument/Statement/1")),
    Broken(rules.everything_is_tagged, "network", "subnet without tags",
           without("Subnet2/Tags")),
    Broken(rules.everything_is_tagged, "catalog", "workgroup with one tag missing",
           without("Workgroup/Tags/0")),
    Broken(rules.names_and_policies_fit, "storage", "name that is too long",
           with_("RawBucket/BucketName", "prod-lake-" + "r" * 50)),
    Broken(rules.names_and_policies_fit, "bootstrap-target", "policy that is too long",
           statement("Buckets", Resource=["arn:aws:s3:::" + "b" * 60] * 100)),
]
