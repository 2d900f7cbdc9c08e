"""Rules on who may do what: named actions, named resources, one role or service, the boundary."""

import json
import re

from policies import (
    every_policy,
    identity_policies,
    key_policies,
    many,
    resource_policies,
    statements,
    takes_a_resource,
    trust_policies,
)
from rule import LOOKED, rule
from stack import stack as stack_of

# Any bucket, queue, topic, role, table or workgroup of an account.
ANY_OF_ITS_KIND = re.compile(
    r"arn:[^:]*:(s3:::|(sqs|sns):[^:]*:[^:]*:|(iam|dynamodb|athena):[^:]*:[^:]*:[a-z]+/)\*"
)
ANY_REGION_OR_ACCOUNT = re.compile(r"arn:[^:]*:[^:]*:(\*|[^:]*:\*)")
GUARDED = {
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
}
USE_OF_A_KEY = {
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
}


def equal_to(statement):
    """What the statement asks of its caller by plain comparison."""
    return statement.get("Condition", {}).get("StringEquals", {})


def boundary_of(environment):
    """The actions that the permission boundary of the environment lets through."""
    target = stack_of("bootstrap-target", environment)
    document = target.resources["Boundary"]["Properties"]["PolicyDocument"]
    return {action for entry in statements(document) for action in many(entry["Action"])}


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
            only_ours = "aws:PrincipalAccount" in equal_to(statement)
            if stars and not only_ours:
                yield f"{where}/{statement['Sid']}: everybody is let in"


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
                elif ANY_OF_ITS_KIND.match(resource):
                    yield f"{here}: {resource} is any of its kind"
                elif ANY_REGION_OR_ACCOUNT.match(resource):
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
    boundaries = [f"<{key}>" for key, _ in stack.of("IAM::ManagedPolicy") if key == "Boundary"]
    for where, document in identity_policies(stack):
        for statement in statements(document):
            if statement["Effect"] == "Allow" and GUARDED & set(many(statement["Action"])):
                yield LOOKED
                if equal_to(statement).get("iam:PermissionsBoundary") not in boundaries:
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
            if "iam:PassedToService" not in equal_to(statement):
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
    for where, document in key_policies(stack):
        for statement in statements(document):
            yield LOOKED
            root = any(arn.endswith(":root") for arn in many(statement["Principal"].get("AWS")))
            uses = USE_OF_A_KEY & set(many(statement["Action"]))
            if root and uses and "Condition" not in statement:
                yield f"{where}/{statement['Sid']}: whoever the account lets may use the key"
            services = many(statement["Principal"].get("Service"))
            if services and "aws:SourceAccount" not in equal_to(statement):
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
def names_and_policies_fit(stack):
    for key, bucket in stack.of("S3::Bucket"):
        yield LOOKED
        # The longest that a lake may have: environment and prefix have twenty characters together.
        prefix = f"{stack.environment}-lake"
        longest = bucket["BucketName"].replace(prefix, "e" * 8 + "-" + "p" * 12)
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
