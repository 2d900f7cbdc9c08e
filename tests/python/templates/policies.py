"""Policy documents of a stack, and what can be said about their statements."""

import json
from pathlib import Path

import cfnlint

# What AWS knows of each action, as cfn-lint carries it: without "Resources" it takes only "*".
_KNOWN = json.loads(
    (Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json").read_text()
)


def many(value):
    """One or many, as policies and templates allow, as many."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def statements(document):
    return many(document["Statement"])


def identity_policies(stack):
    """(where, document) of every policy that gives rights to a role."""
    for key, role in stack.of("IAM::Role"):
        for policy in role.get("Policies", []):
            yield f"{key}/{policy['PolicyName']}", policy["PolicyDocument"]
    for kind in ("IAM::RolePolicy", "IAM::ManagedPolicy", "IAM::Policy"):
        for key, policy in stack.of(kind):
            yield key, policy["PolicyDocument"]


def trust_policies(stack):
    for key, role in stack.of("IAM::Role"):
        yield key, role["AssumeRolePolicyDocument"]


def key_policies(stack):
    for key, properties in stack.of("KMS::Key"):
        yield key, properties["KeyPolicy"]


def resource_policies(stack):
    """(where, document) of policies on buckets, queues, topics and endpoints."""
    for kind in ("S3::BucketPolicy", "SQS::QueuePolicy", "SNS::TopicPolicy", "EC2::VPCEndpoint"):
        for key, properties in stack.of(kind):
            if "PolicyDocument" in properties:
                yield key, properties["PolicyDocument"]


def every_policy(stack):
    for kind in (identity_policies, trust_policies, key_policies, resource_policies):
        yield from kind(stack)


def takes_a_resource(action):
    service, name = action.lower().split(":")
    known = _KNOWN[service]["Actions"].get(name)
    return known is None or "Resources" in known


def denies(document, action, resources, condition=None):
    """Whether everybody is denied the action on all the resources, under just this condition."""
    for statement in statements(document):
        if (
            statement["Effect"] == "Deny"
            and statement.get("Principal") == "*"
            and action in many(statement["Action"])
            and set(resources) <= set(many(statement["Resource"]))
            and statement.get("Condition") == condition
        ):
            return True
    return False
