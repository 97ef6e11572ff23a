"""The Windows Python has what setup.py asks for."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
NOT_TAKEN = {
    *("hypothesis", "pytest-xdist", "ruff", "mypy", "esprima"),
    *("bokeh", "playwright", "cryptography", "pybv", "mne-bids", "bids-validator-deno"),
}
"""Said in requirements.txt, with the reason."""


def key(requirement):
    return re.sub("[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def test_what_setup_py_lists_is_in_the_windows_python():
    tree = ast.parse((HERE.parents[1] / "setup.py").read_text(encoding="utf-8"))
    listed = {
        key(item.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg in ("install_requires", "extras_require")
        for items in ast.walk(node.value)
        if isinstance(items, ast.List)
        for item in items.elts
    }
    lines = (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    there = {key(line) for line in lines if not line.startswith("#")}
    assert len(listed) > 10
    assert listed - there - NOT_TAKEN == set()
