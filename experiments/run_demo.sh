#!/usr/bin/env bash
# A whole training on this machine, with a simulated amplifier: installs what is missing, then runs
# `psychopy-nfb demo` with the arguments given (--help lists them).
set -eu
source "$(dirname -- "${BASH_SOURCE[0]}")/../.ci/setup.sh"
on_display "$VENV/bin/python" -m psychopy_nfb.cli demo "$@"
