#!/usr/bin/env bash
# Makes `.venv-builder`, with which tests/builder_app drives PsychoPy's wx Builder. Quick when it is
# there. Where it cannot be made those tests are skipped with the reason.
set -u
ROOT="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)"
PACKAGES="openbox xdotool python3-wxgtk4.0 python3-wxgtk-webview4.0 python3-venv"

[ "$(uname -s)" = Linux ] && command -v dpkg-query >/dev/null && [ "$(id -u)" = 0 ] || exit 0
missing=""
for package in $PACKAGES; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
        missing="$missing $package"
done
if [ -n "$missing" ]; then
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2 || exit 0
fi
# wx comes with the system's Python, whichever that is.
venv="$ROOT/.venv-builder"
[ -x "$venv/bin/python" ] || /usr/bin/python3 -m venv --system-site-packages "$venv" || exit 0
"$venv/bin/python" -c 'import psychopy_app' 2>/dev/null ||
    "$venv/bin/pip" install --quiet --disable-pip-version-check psychopy psychopy-app >&2 || exit 0
"$venv/bin/pip" install --quiet --disable-pip-version-check --editable "$ROOT" >&2 || exit 0
