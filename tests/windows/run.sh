#!/usr/bin/env bash
# Runs tests in a Windows Python on Linux: README.md of this folder says what that shows.
#     bash tests/windows/run.sh             what makes sense there, in about ten minutes
#     bash tests/windows/run.sh --smoke     one session from start to end, in about two
#     bash tests/windows/run.sh --python -m psychopy_nfb.cli check --no-window
# The first time it installs what is missing. Where that is not possible it says why, and its exit
# status is 0: nothing was tested.
set -eu
HERE="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" >/dev/null && pwd -P)"
APT_PACKAGES="wine wine64 gcc-mingw-w64-x86-64-win32"

skip() {
    printf 'windows: skipped: %s\n' "$*"
    exit 0
}

missing() {
    local package
    for package in $APT_PACKAGES; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf ' %s' "$package"
    done
}

[ "$(uname -sm)" = "Linux x86_64" ] || skip "this is $(uname -sm), and only Linux x86_64 will do"
command -v dpkg-query >/dev/null || skip "the system's packages are not Debian's or Ubuntu's"
packages="$(missing)"
if [ -n "$packages" ]; then
    as_root=""
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || skip "without root and sudo this has to be installed:$packages"
        as_root="sudo -n"
    fi
    printf 'windows: installing%s\n' "$packages"
    apt="env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300"
    # shellcheck disable=SC2086  # lists of words
    { $as_root $apt update && $as_root $apt install -y --no-install-recommends $packages; } \
        >/dev/null 2>&1 || skip "apt-get could not install$packages"
fi
source "$HERE/../../.ci/setup.sh"
exec "$VENV/bin/python" "$HERE/run.py" "$@"
