"""Templates with one fault each in what they keep."""

import keeping
from broken import Broken, statement, unstated, with_, without

CATALOG_MODE = "DataCatalogEncryptionSettings/EncryptionAtRest/CatalogEncryptionMode"
KEYED = "BucketEncryption/ServerSideEncryptionConfiguration/0"
RULES_OF = "LifecycleConfiguration/Rules"

BROKEN = [
    Broken(
        keeping.buckets_are_encrypted,
        "storage",
        "raw zone without encryption",
        without("RawBucket/BucketEncryption"),
    ),
    Broken(
        keeping.buckets_are_encrypted,
        "storage",
        "conformed zone under the keys of S3",
        with_(f"ConformedBucket/{KEYED}/ServerSideEncryptionByDefault", {"SSEAlgorithm": "AES256"}),
    ),
    Broken(
        keeping.buckets_are_encrypted,
        "storage",
        "purpose-built zone under the key of AWS",
        without(f"PurposeBuiltBucket/{KEYED}/ServerSideEncryptionByDefault/KMSMasterKeyID"),
    ),
    Broken(
        keeping.buckets_are_encrypted,
        "bootstrap-deployment",
        "assets without a bucket key",
        without(f"AssetBucket/{KEYED}/BucketKeyEnabled"),
    ),
    Broken(
        keeping.buckets_are_encrypted,
        "storage",
        "access logs that S3 could not deliver",
        with_(f"AccessLogBucket/{KEYED}/ServerSideEncryptionByDefault/SSEAlgorithm", "aws:kms"),
    ),
    Broken(
        keeping.messages_are_encrypted,
        "events",
        "queue in the clear",
        without("ArrivalQueue/KmsMasterKeyId"),
    ),
    Broken(
        keeping.messages_are_encrypted,
        "events",
        "topic under the key of AWS",
        with_("NotificationTopic/KmsMasterKeyId", "alias/aws/sns"),
    ),
    Broken(
        keeping.tables_are_encrypted,
        "tables",
        "ledger under the key of AWS",
        without("AuditTable/SSESpecification/KMSMasterKeyId"),
    ),
    Broken(
        keeping.the_catalog_is_encrypted,
        "catalog",
        "catalog in the clear",
        with_(f"CatalogEncryption/{CATALOG_MODE}", "DISABLED"),
    ),
    Broken(
        keeping.keys_rotate,
        "storage",
        "key that stays the same",
        with_("DataKey/EnableKeyRotation", False),
    ),
    Broken(
        keeping.workgroups_enforce_their_limits,
        "catalog",
        "settings that clients override",
        with_("Workgroup/WorkGroupConfiguration/EnforceWorkGroupConfiguration", False),
    ),
    Broken(
        keeping.workgroups_enforce_their_limits,
        "catalog",
        "queries without bound",
        without("Workgroup/WorkGroupConfiguration/BytesScannedCutoffPerQuery"),
    ),
    Broken(
        keeping.workgroups_enforce_their_limits,
        "catalog",
        "results in the clear",
        without("Workgroup/WorkGroupConfiguration/ResultConfiguration/EncryptionConfiguration"),
    ),
    Broken(
        keeping.workgroups_enforce_their_limits,
        "catalog",
        "results anywhere",
        without("Workgroup/WorkGroupConfiguration/ResultConfiguration/OutputLocation"),
    ),
    Broken(
        keeping.nothing_is_public,
        "storage",
        "bucket that may become public",
        with_("RawBucket/PublicAccessBlockConfiguration/BlockPublicPolicy", False),
    ),
    Broken(
        keeping.nothing_is_public,
        "storage",
        "objects of other owners",
        without("RawBucket/OwnershipControls"),
    ),
    Broken(
        keeping.nothing_is_public,
        "network",
        "security group open to addresses",
        with_(
            "SharedSecurityGroup/SecurityGroupIngress",
            [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}],
        ),
    ),
    Broken(
        keeping.nothing_is_public,
        "network",
        "public addresses",
        with_("Subnet1/MapPublicIpOnLaunch", True),
    ),
    Broken(keeping.tls_is_asked_for, "storage", "bucket without TLS", unstated("NeverWithoutTls")),
    Broken(
        keeping.tls_is_asked_for,
        "storage",
        "TLS for two actions only",
        statement("NeverWithoutTls", Action=["s3:GetObject", "s3:PutObject"]),
    ),
    Broken(
        keeping.tls_is_asked_for,
        "bootstrap-deployment",
        "TLS for the bucket and not for objects",
        statement("NeverWithoutTls", Resource={"Fn::GetAtt": ["AccessLogBucket", "Arn"]}),
    ),
    Broken(
        keeping.tls_is_asked_for,
        "storage",
        "TLS in a policy of another bucket",
        with_("RawBucketPolicy/Bucket", {"Ref": "AccessLogBucket"}),
    ),
    Broken(
        keeping.tls_is_asked_for,
        "events",
        "queue without TLS",
        without("DeadLetterQueuePolicy/PolicyDocument/Statement/0"),
    ),
    Broken(
        keeping.tls_is_asked_for,
        "events",
        "topic without TLS",
        without("NotificationTopicPolicy/PolicyDocument/Statement/1"),
    ),
    Broken(
        keeping.state_outlives_its_stack,
        "storage",
        "zone deleted with its stack",
        with_("ConformedBucket/DeletionPolicy", "Delete"),
        "dev",
    ),
    Broken(
        keeping.state_outlives_its_stack,
        "tables",
        "ledger deleted when replaced",
        with_("AuditTable/UpdateReplacePolicy", "Delete"),
    ),
    Broken(
        keeping.protected_state_cannot_be_deleted,
        "storage",
        "zone that a user may delete",
        unstated("NeverDeleted"),
    ),
    Broken(
        keeping.protected_state_cannot_be_deleted,
        "tables",
        "table that a user may delete",
        without("SourcesTable/DeletionProtectionEnabled"),
    ),
    Broken(
        keeping.protected_state_cannot_be_deleted,
        "tables",
        "table that cannot be restored",
        with_(
            "AuditTable/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled",
            {"Fn::If": ["IsProtected", False, True]},
        ),
    ),
    Broken(
        keeping.versions_are_kept_and_end,
        "storage",
        "zone without versions",
        with_("PurposeBuiltBucket/VersioningConfiguration/Status", "Suspended"),
    ),
    Broken(
        keeping.versions_are_kept_and_end,
        "storage",
        "replaced versions for ever",
        without(f"ConformedBucket/{RULES_OF}/0/NoncurrentVersionExpiration"),
    ),
    Broken(
        keeping.versions_are_kept_and_end,
        "storage",
        "unfinished uploads for ever",
        with_(f"ConformedBucket/{RULES_OF}/1/Status", "Disabled"),
    ),
    Broken(
        keeping.zones_stay_queryable,
        "storage",
        "conformed zone in an archive",
        with_(
            f"ConformedBucket/{RULES_OF}/0/Transitions",
            [{"StorageClass": "GLACIER", "TransitionInDays": 365}],
        ),
    ),
    Broken(
        keeping.zones_stay_queryable,
        "storage",
        "purpose-built zone that expires",
        with_(f"PurposeBuiltBucket/{RULES_OF}/0/ExpirationInDays", 60),
    ),
    Broken(
        keeping.zones_stay_queryable,
        "storage",
        "raw zone of dev that expires unasked",
        with_(f"RawBucket/{RULES_OF}/0/ExpirationInDays", 60),
        "dev",
    ),
    Broken(
        keeping.access_is_logged,
        "storage",
        "zone that nobody watches",
        without("RawBucket/LoggingConfiguration"),
    ),
    Broken(
        keeping.access_is_logged,
        "network",
        "network that nobody watches",
        with_("FlowLog/ResourceId", "vpc-0"),
    ),
    Broken(
        keeping.queues_have_a_dead_letter_queue_and_one_sender,
        "events",
        "no dead-letter queue",
        without("ArrivalQueue/RedrivePolicy"),
    ),
    Broken(
        keeping.queues_have_a_dead_letter_queue_and_one_sender,
        "events",
        "other senders",
        without("ArrivalQueuePolicy/PolicyDocument/Statement/1"),
    ),
    Broken(keeping.everything_is_tagged, "network", "subnet without tags", without("Subnet2/Tags")),
    Broken(
        keeping.everything_is_tagged,
        "catalog",
        "workgroup with one tag missing",
        without("Workgroup/Tags/0"),
    ),
    Broken(
        keeping.networks_carry_the_name_of_the_lake,
        "network",
        "network of no name",
        without("Vpc/Tags/0"),
    ),
]
