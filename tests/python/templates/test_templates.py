"""Checks of infra/templates: cfn-lint, our own rules in two environments, what stacks hand to each
other, and for every rule that it finds the fault it is there for.

Usage: python -m unittest discover --start-directory tests/python/templates
"""

import re
import tempfile
import unittest
from pathlib import Path

from cfnlint.api import lint_file

import broken_keeping
import broken_rights
from rule import LOOKED, RULES
from stack import ENVIRONMENTS, FOLDER, ORDER, path, read, stack

BROKEN = broken_keeping.BROKEN + broken_rights.BROKEN

# Names that stacks of other teams import today.
REFERENCE_EXPORTS = """VpcId AvailabilityZone1 AvailabilityZone2 AvailabilityZone3 SubnetId1
    SubnetId2 SubnetId3 RouteTable1 RouteTable2 RouteTable3 SharedSecurityGroupId S3KmsKeyArn
    S3AccessLogBucket RawBucketName ConformedBucketName PurposeBuiltBucketName""".split()

# Names that people, dashboards and other programs know.
REFERENCE_NAMES = [
    ("storage", "DataKeyAlias", "AliasName", "alias/prod-lake-kms-key"),
    ("storage", "RawBucket", "BucketName", "prod-lake-{}-raw"),
    ("storage", "ConformedBucket", "BucketName", "prod-lake-{}-conformed"),
    ("storage", "PurposeBuiltBucket", "BucketName", "prod-lake-{}-purpose-built"),
    ("storage", "AccessLogBucket", "BucketName", "prod-lake-{}-access-logs"),
    ("tables", "AuditTable", "TableName", "prod-lake-etl-job-audit"),
]


class Templates(unittest.TestCase):
    maxDiff = None

    def test_every_template_is_checked(self):
        self.assertEqual(sorted(ORDER), sorted(file.stem for file in FOLDER.iterdir()))

    def test_every_file_says_what_it_makes_where_and_what_it_needs(self):
        for name in ORDER:
            text = path(name).read_text()
            for word in ("# Makes:", "# Where:", "# Needs:"):
                self.assertIn(word, text.split("AWSTemplateFormatVersion")[0], name)

    def test_a_template_fits_into_one_request(self):
        for name in ORDER:
            self.assertLess(path(name).stat().st_size, 51_200, name)

    def test_no_account_and_no_secret_is_written_down(self):
        for name in ORDER:
            # The other number of twelve digits is a query's limit in bytes.
            text = path(name).read_text().replace("107374182400", "")
            self.assertNotRegex(text, r"\b[0-9]{12}\b|\bAKIA[A-Z0-9]{12,}|PRIVATE KEY", name)

    def test_neither_anchors_nor_macros(self):
        for name in ORDER:
            self.assertNotRegex(path(name).read_text(), r"(?m)^Transform:|[:-] [&*][A-Za-z]", name)

    def test_a_parameter_means_the_same_everywhere(self):
        seen = {}
        for name in ORDER:
            for key, parameter in read(name)["Parameters"].items():
                definition = {what: parameter[what] for what in parameter if what != "Description"}
                self.assertEqual(seen.setdefault(key, definition), definition, f"{name}: {key}")

    def test_the_prefix_takes_hyphens_inside_and_nothing_else(self):
        pattern = read("storage")["Parameters"]["ResourceNamePrefix"]["AllowedPattern"]
        for good in ("a", "lake", "a-b", "a-b-c", "0lake9"):
            self.assertTrue(re.fullmatch(pattern, good), good)
        for bad in ("", "-x", "x-", "a--b", "a|b", "Lake", "a_b"):
            self.assertFalse(re.fullmatch(pattern, bad), bad)

    def test_what_a_stack_imports_an_earlier_one_exports(self):
        for environment in ENVIRONMENTS:
            exports = set()
            for name in ORDER:
                here = stack(name, environment)
                self.assertLessEqual(here.imports, exports, f"{name} in {environment}")
                self.assertFalse(here.exports & exports, f"{name} exports what another does")
                exports |= here.exports
            title = ENVIRONMENTS[environment]["EnvironmentTitle"]
            self.assertLessEqual({title + name for name in REFERENCE_EXPORTS}, exports)

    def test_known_names_are_kept(self):
        for name, resource, field, wanted in REFERENCE_NAMES:
            properties = stack(name, "prod").resources[resource]["Properties"]
            self.assertEqual(properties[field], wanted.format("1" * 12 + "-ap-southeast-2"))

    def test_a_fault_is_seen_by_cfn_lint(self):
        text = path("tables").read_text().replace("TableName:", "TabelName:")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "tables.yaml"
            file.write_text(text)
            self.assertIn("E3002", {match.rule.id for match in lint_file(file)})

    def test_every_rule_is_shown_to_fail(self):
        shown = {case.rule for case in BROKEN}
        self.assertEqual([rule.__name__ for rule in RULES if rule not in shown], [])

    def test_every_rule_looks_at_something(self):
        for rule in RULES:
            looked = any(fault is LOOKED for name in ORDER for fault in rule(stack(name, "prod")))
            self.assertTrue(looked, rule.__name__)


def lints(name):
    def test(self):
        self.assertEqual([str(match) for match in lint_file(path(name))], [])

    return test


def obeys(rule, environment):
    def test(self):
        found = [(name, fault) for name in ORDER for fault in rule(stack(name, environment))]
        faults = [f"{name}: {fault}" for name, fault in found if fault is not LOOKED]
        self.assertEqual(faults, [])

    return test


def is_found(case):
    def test(self):
        self.assertTrue(case.faults(), f"{case.rule.__name__} does not see: {case.what}")

    return test


def add(title, test):
    name = "test_" + re.sub(r"\W+", "_", title)
    assert not hasattr(Templates, name), name
    setattr(Templates, name, test)


for template in ORDER:
    add(f"{template} is clean to cfn-lint", lints(template))
for rule in RULES:
    for environment in ENVIRONMENTS:
        add(f"{rule.__name__} in {environment}", obeys(rule, environment))
for case in BROKEN:
    add(f"{case.rule.__name__} finds {case.name} with {case.what}", is_found(case))

if __name__ == "__main__":
    unittest.main()
