"""The Windows Python has what setup.py asks for, and the tests that it leaves out exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
NOT_TAKEN = {
    *("pytest-xdist", "ruff", "mypy", "esprima"),
    *("playwright", "bids-validator-deno"),
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


def test_what_is_left_out_is_a_test_and_so_is_what_runs():
    """A test that has another name now would be run, or nothing would be, without a word."""
    root = HERE.parents[1]
    lines = (HERE / "left_out.txt").read_text(encoding="utf-8").splitlines()
    left_out = [line.split("::") for line in lines if line and not line.startswith("#")]
    assert left_out
    for path, name in left_out:
        assert f"def {name}(" in (root / path).read_text(encoding="utf-8"), f"{path}::{name}"
    run = (HERE / "run.py").read_text(encoding="utf-8")
    paths = re.findall(r"tests/[\w/.]+", run[run.index("SUITES = [") : run.index("SUITE_SECONDS")])
    assert len(paths) > 10
    for path in paths:
        assert (root / path).exists(), path
