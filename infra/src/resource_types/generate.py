#!/usr/bin/env python3
"""Writes recreation.txt from the resource schemas that the PyPI package cfn-lint carries (MIT-0).

    python3 -m venv V && V/bin/pip install cfn-lint
    V/bin/python infra/src/resource_types/generate.py > infra/src/resource_types/recreation.txt

The schemas are AWS's own: createOnlyProperties make a resource anew when they change,
conditionalCreateOnlyProperties may. The region us-east-1 has nearly all types.
"""

import json
import pathlib

import cfnlint
from cfnlint.version import __version__

HEAD = f"""\
# Which properties make a resource anew when they change. Written by generate.py; do not edit.
# Source: the resource schemas of CloudFormation's registry, region us-east-1, as cfn-lint
# {__version__} carries them. One type a line: its name, then the paths of its properties, `*` for any
# element of a list; `?` before a path says that it depends on other values.
"""


def paths(schema, key):
    return {path.removeprefix("/properties/").replace("/properties/", "/") for path in schema.get(key, [])}


def main():
    schemas = pathlib.Path(cfnlint.__file__).parent / "data" / "schemas"
    files = json.loads((schemas / "providers" / "us-east-1.json").read_text())
    print(HEAD, end="")
    for name in sorted(files):
        schema = json.loads((schemas / "resources" / f"{files[name]}.json").read_text())
        # What CloudFormation sets itself cannot be changed by a template.
        ours = lambda key: paths(schema, key) - paths(schema, "readOnlyProperties")
        always = ours("createOnlyProperties")
        perhaps = ours("conditionalCreateOnlyProperties") - always
        print(" ".join([name, *sorted(always), *sorted("?" + path for path in perhaps)]))


main()
