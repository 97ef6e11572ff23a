#!/usr/bin/env bash
# All checks: installs what is missing, then ruff, mypy for each system, without arguments the short
# form of the tests on Windows, and pytest. Arguments go to pytest.
set -eu
source "$(dirname -- "${BASH_SOURCE[0]}")/../.ci/setup.sh"
cd "$ROOT"
bash "$ROOT/.ci/builder_app.sh"
status=0
"$VENV/bin/python" -m ruff check . || status=1
"$VENV/bin/python" -m ruff format --check . || status=1
for system in linux win32 darwin; do
    "$VENV/bin/python" -m mypy --platform "$system" || status=1
done
[ "$#" -gt 0 ] || bash tests/windows/run.sh --smoke || status=1
on_display "$VENV/bin/python" -m pytest "$@" || status=$?
exit "$status"
