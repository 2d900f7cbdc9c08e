"""Templates with one fault each in who may do what."""

import rights
import stack
from broken import Broken, statement, with_, without

ROOT = {"AWS": f"arn:aws:iam::{stack.ACCOUNT}:root"}
ROLE = f"arn:aws:iam::{stack.ACCOUNT}:role"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"

BROKEN = [
    Broken(
        rights.nobody_is_let_in_by_star,
        "bootstrap-deployment",
        "assets for everybody",
        statement("ReadByDeployRoles", Principal="*"),
    ),
    Broken(
        rights.nobody_is_let_in_by_star,
        "network",
        "endpoint for every account",
        statement("BucketsOfThisLake", Condition=None),
    ),
    Broken(
        rights.rights_are_named,
        "roles",
        "every action of a service",
        statement("ReadAndLandRawObjects", Action="s3:*"),
    ),
    Broken(
        rights.rights_are_named,
        "roles",
        "a family of actions",
        statement("ReadTables", Action=["s3:Get*"]),
    ),
    Broken(
        rights.rights_are_named,
        "roles",
        "any object of any bucket",
        statement("ReadTables", Resource="*"),
    ),
    Broken(
        rights.rights_are_named,
        "roles",
        "any bucket",
        statement("WriteTables", Resource="arn:aws:s3:::*"),
    ),
    Broken(
        rights.rights_are_named,
        "roles",
        "any queue",
        statement("TakeArrivals", Resource=f"arn:aws:sqs:{stack.REGION}:{stack.ACCOUNT}:*"),
    ),
    Broken(
        rights.rights_are_named,
        "bootstrap-target",
        "any role",
        statement("SettingsOfRoles", Resource=f"{ROLE}/*"),
    ),
    Broken(
        rights.rights_are_named,
        "bootstrap-target",
        "keys of any region and account",
        statement("SettingsOfKeys", Resource="arn:aws:kms:*:*:key/*"),
    ),
    Broken(
        rights.rights_are_named,
        "bootstrap-target",
        "any resource beside actions that take none",
        statement("MakeKeys", Action=["kms:CreateKey", "kms:ScheduleKeyDeletion"]),
    ),
    Broken(
        rights.rights_are_named,
        "storage",
        "every action on a key",
        statement("AdministeredByThisAccountWithoutUse", Action="kms:*"),
    ),
    Broken(
        rights.rights_are_named,
        "bootstrap-target",
        "all but one action",
        statement("Buckets", Action=None, NotAction="s3:GetObject"),
    ),
    Broken(
        rights.no_administrator_is_attached,
        "bootstrap-target",
        "AdministratorAccess",
        with_("CloudFormationRole/ManagedPolicyArns/0", ADMINISTRATOR),
    ),
    Broken(
        rights.roles_carry_the_boundary,
        "roles",
        "engine without the boundary",
        without("EngineRole/PermissionsBoundary"),
    ),
    Broken(
        rights.roles_stay_within_the_boundary,
        "roles",
        "engine that may do more than the boundary",
        statement("KeepLedgerTransformationsAndSources", Action="dynamodb:DeleteTable"),
    ),
    Broken(
        rights.who_makes_roles_makes_them_within_the_boundary,
        "bootstrap-target",
        "roles made without the boundary",
        statement("RolesWithinTheBoundary", Condition=None),
    ),
    Broken(
        rights.who_makes_roles_makes_them_within_the_boundary,
        "bootstrap-target",
        "roles of the bootstrap in reach",
        statement("RolesWithinTheBoundary", Resource=f"{ROLE}/sluice-bootstrap/a"),
    ),
    Broken(
        rights.roles_are_passed_one_by_one,
        "bootstrap-target",
        "any role passed",
        statement("HandTheRoleToCloudFormation", Resource=f"{ROLE}/sluice/*"),
    ),
    Broken(
        rights.roles_are_passed_one_by_one,
        "bootstrap-target",
        "a role passed to any service",
        statement("EngineOnInstances", Condition=None),
    ),
    Broken(
        rights.trust_names_one_role_or_service,
        "bootstrap-target",
        "the whole deployment account",
        statement("AssumedByTheServer", Principal=ROOT),
    ),
    Broken(
        rights.trust_names_one_role_or_service,
        "roles",
        "no condition on the server",
        statement("AssumedByTheServer", Condition=None),
    ),
    Broken(
        rights.trust_names_one_role_or_service,
        "roles",
        "tasks of any account",
        statement("AssumedByTasksOfThisAccount", Condition=None),
    ),
    Broken(
        rights.keys_name_who_uses_them,
        "storage",
        "key for the whole account",
        statement("UsedByTheRolesOfTheLake", Condition=None),
    ),
    Broken(
        rights.keys_name_who_uses_them,
        "events",
        "messages for the whole account",
        statement("UsedToMoveDeadLettersBack", Condition=None),
    ),
    Broken(
        rights.keys_name_who_uses_them,
        "events",
        "key for buckets of any account",
        statement("UsedByTheRawBucketToSend", Condition=None),
    ),
    Broken(
        rights.services_are_let_in_for_this_account,
        "events",
        "queue for any bucket",
        statement("FilledByTheRawBucket", Condition=None),
    ),
    Broken(
        rights.names_and_policies_fit,
        "storage",
        "name that is too long",
        with_("RawBucket/BucketName", "prod-lake-" + "r" * 50),
    ),
    Broken(
        rights.names_and_policies_fit,
        "bootstrap-target",
        "policy that is too long",
        statement("Buckets", Resource=["arn:aws:s3:::" + "b" * 60] * 100),
    ),
]
