"""A template as it would be deployed: parameters and conditions put in, so that rules look at
values and not at functions."""

import functools
import ipaddress
import re
from pathlib import Path

from cfnlint.decode import decode

FOLDER = Path(__file__).resolve().parents[3] / "infra" / "templates"

# In the order in which they are deployed: each imports only what stands before it.
ORDER = [
    "bootstrap-deployment",
    "bootstrap-target",
    "events",
    "storage",
    "tables",
    "catalog",
    "network",
    "roles",
]

ACCOUNT = "1" * 12
REGION = "ap-southeast-2"
SERVER = f"arn:aws:iam::{'2' * 12}:role/sluice-bootstrap/lake-server"
_LAKE = f"arn:aws:iam::{ACCOUNT}:role/sluice"

PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "Stack",
    "AWS::URLSuffix": "amazonaws.com",
}

COMMON = {
    "ResourceNamePrefix": "lake",
    "LogicalIdPrefix": "DataLake",
    "CostCenter": "1",
    "Team": "data",
    "ServerRoleArn": SERVER,
    "AssetBucketName": "lake-assets",
    "AssetKeyArn": f"arn:aws:kms:{REGION}:{'2' * 12}:key/0",
    "VpcCidr": "10.0.0.0/24",
    "DeployRoleArns": f"{_LAKE}-bootstrap/prod-lake-deploy",
    "LakeRoleArns": f"{_LAKE}/prod-lake-engine,{_LAKE}/prod-lake-query",
}

# One with everything switched on, one with as little as possible.
ENVIRONMENTS = {
    "prod": {
        **COMMON,
        "Environment": "prod",
        "EnvironmentTitle": "Prod",
        "Protected": "true",
        "ExternalId": "lake",
        "OrganizationId": "o-0123456789",
        "RawRetentionDays": "2555",
        "InterfaceEndpoints": "true",
        "WorkersRunOn": "ecs",
        "ProducerRoleArns": f"arn:aws:iam::{'3' * 12}:role/producer",
        "RedriveRoleArns": f"arn:aws:iam::{ACCOUNT}:role/operator",
    },
    "dev": {
        **COMMON,
        "Environment": "dev",
        "EnvironmentTitle": "Dev",
        "Protected": "false",
        "WorkersRunOn": "ec2",
        "ServerRunsOn": "ec2",
        "DeployRoleArns": "",
        "LakeRoleArns": "",
    },
}

ABSENT = object()


@functools.cache
def read(name):
    """The template as plain data, with its functions in long form."""
    template, faults = decode(str(path(name)))
    assert not faults, faults
    return template


def path(name):
    return FOLDER / f"{name}.yaml"


@functools.cache
def stack(name, environment):
    """The template as it is, in an environment."""
    return Stack(name, read(name), environment)


class Stack:
    """One template with the parameters of one environment."""

    def __init__(self, name, template, environment):
        self.name = name
        self.environment = environment
        self.protected = ENVIRONMENTS[environment].get("Protected") == "true"
        self.imports = set()
        self._template = template
        self._parameters = {
            key: self._parameter(key, definition)
            for key, definition in template.get("Parameters", {}).items()
        }
        self._conditions = template.get("Conditions", {})
        self.resources = {
            key: self._value(resource)
            for key, resource in template["Resources"].items()
            if "Condition" not in resource or self._holds(resource["Condition"])
        }
        self.exports = {
            self._value(output["Export"]["Name"])
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    def of(self, kind):
        """Logical ids and properties of the resources of a type."""
        return [
            (key, resource.get("Properties", {}))
            for key, resource in self.resources.items()
            if resource["Type"] == f"AWS::{kind}"
        ]

    def _parameter(self, key, definition):
        value = ENVIRONMENTS[self.environment].get(key, definition.get("Default", ABSENT))
        assert value is not ABSENT, f"{self.name}: no value for parameter {key}"
        value = str(value)
        pattern = definition.get("AllowedPattern", ".*")
        assert re.fullmatch(pattern, value), f"{self.name}: {key}={value} does not match {pattern}"
        return value

    def _value(self, value):
        if isinstance(value, list):
            return [item for item in map(self._value, value) if item is not ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            known = getattr(self, "_" + function.removeprefix("Fn::").lower(), None)
            if function in ("Ref", "Condition") or function.startswith("Fn::"):
                assert known, f"{self.name}: {function} is not known here"
                return known(argument)
        values = {key: self._value(item) for key, item in value.items()}
        return {key: item for key, item in values.items() if item is not ABSENT}

    def _ref(self, name):
        if name == "AWS::NoValue":
            return ABSENT
        for known in (PSEUDO, self._parameters):
            if name in known:
                return known[name]
        assert name in self._template["Resources"], f"{self.name}: nothing is called {name}"
        return f"<{name}>"

    def _getatt(self, argument):
        name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
        assert name in self._template["Resources"], f"{self.name}: nothing is called {name}"
        return f"<{name}.{attribute}>"

    def _sub(self, argument):
        text, own = argument if isinstance(argument, list) else (argument, {})

        def put_in(match):
            name = match.group(1)
            if name in own:
                return self._value(own[name])
            return self._getatt(name) if "." in name else self._ref(name)

        return re.sub(r"\$\{([^!}]+)\}", put_in, text)

    def _importvalue(self, argument):
        name = self._value(argument)
        self.imports.add(name)
        return f"<import {name}>"

    def _join(self, argument):
        return argument[0].join(self._value(argument[1]))

    def _split(self, argument):
        return self._value(argument[1]).split(argument[0])

    def _select(self, argument):
        return self._value(argument[1])[int(argument[0])]

    def _getazs(self, _):
        return [f"{REGION}{zone}" for zone in "abc"]

    def _cidr(self, argument):
        block, count, bits = self._value(argument)
        parts = ipaddress.ip_network(block).subnets(new_prefix=32 - int(bits))
        return [str(part) for part in parts][: int(count)]

    def _if(self, argument):
        condition, then, otherwise = argument
        return self._value(then if self._holds(condition) else otherwise)

    def _holds(self, condition):
        return self._value(self._conditions[condition])

    def _condition(self, name):
        return self._holds(name)

    def _equals(self, argument):
        left, right = self._value(argument)
        return str(left) == str(right)

    def _not(self, argument):
        return not self._value(argument[0])

    def _and(self, argument):
        return all(self._value(argument))

    def _or(self, argument):
        return any(self._value(argument))
