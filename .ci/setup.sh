# shellcheck shell=bash
# Prepares this checkout for the two commands `experiments/run_demo.sh` and `tests/run_tests.sh`:
# the system's packages, `.venv` and the package in it, a display. Sourced by them, and quick when
# all is there. Afterwards $ROOT is the checkout, and `on_display COMMAND…` runs a command with a
# display, a virtual one if there is no other.
#
# PSYCHOPY_NFB_PSYCHOPY=2026.1.3 takes that PsychoPy, in `.venv-2026.1.3`, and not the newest.

# Hundreds of processes import the package: without its bytecode each compiles it, for 0.3 s.
unset PYTHONDONTWRITEBYTECODE
ROOT="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)"
PSYCHOPY="${PSYCHOPY_NFB_PSYCHOPY:-}"
VENV="$ROOT/.venv${PSYCHOPY:+-$PSYCHOPY}"
APT_PACKAGES="xvfb libgl1 libglu1-mesa libegl1 libgl1-mesa-dri libxkbcommon-x11-0 libxcb-cursor0
    libxcb-icccm4
    libxcb-keysyms1 libportaudio2 x11-utils pulseaudio libasound2-plugins"
# PsychoPy before 2026.2 needs wxPython, which has no wheels for Linux: the system's takes its place.
SYSTEM_WX=""
if [ -n "$PSYCHOPY" ] && [ "$(uname -s)" = Linux ] && command -v dpkg-query >/dev/null; then
    SYSTEM_WX=/usr/lib/python3/dist-packages
    APT_PACKAGES="$APT_PACKAGES python3-venv python3-wxgtk4.0"
fi

say() { printf '%s\n' "$*" >&2; }

# The first Python that PsychoPy runs on. A name on PATH may be there and not work: pyenv's do that.
find_python() {
    local name
    if [ -n "$SYSTEM_WX" ]; then
        printf '%s\n' /usr/bin/python3
        return
    fi
    for name in python3.12 python3.11 python3.10 python3 python; do
        if "$name" -c 'import sys, venv, ensurepip
sys.exit(not (3, 10) <= sys.version_info < (3, 13))' >/dev/null 2>&1; then
            printf '%s\n' "$name"
            return
        fi
    done
    say "No Python from 3.10 to 3.12 with venv was found, and PsychoPy runs on no other." \
        "Install one (Debian, Ubuntu: apt-get install python3 python3-venv) and run this again."
    return 1
}

system_packages() {
    [ "$(uname -s)" = Linux ] && command -v dpkg-query >/dev/null || return 0
    local package missing=""
    for package in $APT_PACKAGES; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    local as_root=""
    if [ "$(id -u)" != 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            say "These system packages are missing; without them a window may not open. To install:"
            say "    sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing"
            return 0
        fi
        as_root="sudo -n"
    fi
    say "Installing system packages:$missing"
    $as_root apt-get update -qq >&2 &&
        $as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends $missing >&2 ||
        say "apt-get did not succeed; going on without:$missing"
}

python_packages() {
    local python stamp
    if ! "$VENV/bin/python" -c '' >/dev/null 2>&1; then
        python="$(find_python)" || return 1
        say "Making $VENV with $("$python" --version)"
        "$python" -m venv --clear "$VENV" || return 1
        if [ -n "$SYSTEM_WX" ]; then
            ln -s "$SYSTEM_WX"/wx "$SYSTEM_WX"/wxPython-* "$VENV"/lib/python3*/site-packages
        fi
    fi
    # The path is part of it: an editable install points at the checkout.
    stamp="$(cat "$ROOT/setup.py" "$ROOT/pyproject.toml" | cksum) $ROOT"
    [ "$(cat "$VENV/.psychopy_nfb_setup" 2>/dev/null)" = "$stamp" ] && return 0
    say "Installing psychopy-nfb and what it needs into $VENV; the first time takes some minutes"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --editable \
        "$ROOT[files,dev]" "psychopy${PSYCHOPY:+==$PSYCHOPY}" >&2 || {
        say "pip could not install psychopy-nfb; what it said stands above."
        return 1
    }
    printf '%s\n' "$stamp" >"$VENV/.psychopy_nfb_setup"
}

# Runs a command and returns its status; on Linux without DISPLAY under a virtual one of its own.
on_display() {
    if [ -n "${DISPLAY:-}" ] || [ "$(uname -s)" != Linux ]; then
        "$@"
        return
    fi
    if ! command -v Xvfb >/dev/null; then
        say "There is no display (DISPLAY is not set), and no Xvfb to start a virtual one." \
            "Run this on a desktop, or install Xvfb: sudo apt-get install xvfb"
        return 1
    fi
    local folder server number="" status=0 tries
    folder="$(mktemp -d)"
    Xvfb -displayfd 3 -screen 0 1280x800x24 +extension GLX -noreset -nolisten tcp \
        3>"$folder/number" >/dev/null 2>&1 &
    server=$!
    # shellcheck disable=SC2064  # now, not then
    trap "kill $server 2>/dev/null; rm -rf '$folder'" EXIT
    for tries in $(seq 100); do
        number="$(cat "$folder/number")"
        [ -n "$number" ] && break
        sleep 0.1
    done
    if [ -z "$number" ]; then
        say "Xvfb did not start within ten seconds."
        return 1
    fi
    DISPLAY=":$number" LIBGL_ALWAYS_SOFTWARE=1 "$@" || status=$?
    return "$status"
}

system_packages
python_packages || exit 1
