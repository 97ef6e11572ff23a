"""The tests of Windows; the programs beside them run on Linux and are no tests."""

from pathlib import Path

collect_ignore = [
    path.name for path in Path(__file__).parent.glob("*.py") if not path.name.startswith("test_")
]
