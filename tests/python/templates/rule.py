"""The list of rules. A rule is given a stack as it would be deployed; it yields a sentence for each
fault, and `LOOKED` for each thing it looked at, because a rule that looks at nothing is useless."""

LOOKED = object()
RULES = []


def rule(function):
    """Adds a rule to the list."""
    RULES.append(function)
    return function
