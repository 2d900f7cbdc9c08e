"""How a template is broken on purpose, for the rule that must find it."""

import copy

import stack
from rule import LOOKED


class Broken:
    """One template, changed; `what` says how in words."""

    def __init__(self, rule, name, what, edit, environment="prod"):
        self.rule, self.name, self.what = rule, name, what
        self._edit, self._environment = edit, environment

    def faults(self):
        template = copy.deepcopy(stack.read(self.name))
        self._edit(template)
        found = self.rule(stack.Stack(self.name, template, self._environment))
        return [fault for fault in found if fault is not LOOKED]


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
