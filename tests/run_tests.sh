#!/usr/bin/env bash
# All checks: installs what is missing, then ruff, mypy for each system, without arguments the short
# form of the tests on Windows, and pytest, three tests at a time. Arguments go to pytest.
set -eu
source "$(dirname -- "${BASH_SOURCE[0]}")/../.ci/setup.sh"
cd "$ROOT"
bash "$ROOT/.ci/builder_app.sh"

static_checks() {
    local system status=0
    "$VENV/bin/python" -m ruff check . || status=1
    "$VENV/bin/python" -m ruff format --check . || status=1
    for system in linux win32 darwin; do
        "$VENV/bin/python" -m mypy --platform "$system" || status=1
    done
    return "$status"
}

status=0
if [ "$#" -gt 0 ]; then
    static_checks || status=1
    on_display "$VENV/bin/python" -m pytest "$@" || status=$?
    exit "$status"
fi
static_checks &
checks=$!
bash tests/windows/run.sh --smoke || status=1
# Most tests wait half of their time. Those that compare times or count frames run at the end, while
# no other does, and by then the checks of types have ended.
on_display "$VENV/bin/python" -m pytest -n 3 --dist loadfile --no-loadscope-reorder \
    --durations 40 --durations-min 10 || status=$?
wait "$checks" || {
    say "Ruff or mypy found something: see above."
    status=1
}
exit "$status"
