"""Messages that no program should send."""

from __future__ import annotations

import json
import random
import string

from hypothesis import strategies as st

from psychopy_nfb.engine.operator_commands import COMMANDS

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
ALMOST = st.fixed_dictionaries(
    {"do": st.sampled_from([*COMMANDS, "eval", ""])},
    optional={name: ANYTHING for name in ("changes", "signal", "text", "label", "code")},
)


def hostile(count):
    """Return messages that no program should send, with the very few that are right left out."""
    chance = random.Random(1)
    letters = string.printable + "µ\0\u2028"
    right = {"do": "set", "changes": {"threshold": 5.0}}
    for _ in range(count):
        kind = chance.randrange(6)
        if kind == 0:
            yield "".join(chance.choices(letters, k=chance.randrange(200)))
        elif kind == 1:
            yield json.dumps(right)[: chance.randrange(len(json.dumps(right)))]
        elif kind == 2:
            name = "".join(chance.choices(string.ascii_letters, k=8))
            yield json.dumps({"do": name, "code": "__import__('os')._exit(1)"})
        elif kind == 3:
            yield json.dumps(
                {**right, "number": chance.choice([1.5, "x", [], 10**30, None]), "x": 1}
            )
        elif kind == 4:
            yield "[" * chance.randrange(1, 3000)
        else:
            yield json.dumps({"values": chance.choice([-1, 1e9, "NaN", {}, True])})
