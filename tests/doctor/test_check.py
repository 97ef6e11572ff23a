"""`psychopy-nfb check` on the machine that runs the tests, whatever it finds there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from psychopy_nfb.doctor.check import check_compositor
from psychopy_nfb.doctor.libraries import CPP_RUNTIME, check_runtime

LOOKED_AT = ["Python", "PsychoPy", *["Visual C++ runtime"] * (sys.platform == "win32"), "liblsl"]
LOOKED_AT += ["LSL network", "LSL streams", "clock offset"]
LOOKED_AT += ["clock steadiness", "sleep", "process start", "processor"]
NEEDS_WINDOW = ["compositor", "graphics", "vertical sync", "frame rate"]


def run(*start, hidden=()):
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(
        [sys.executable, *map(str, start)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
    )


def check(folder, *options):
    """Run the command; return its exit status, what it printed and what it wrote."""
    done = run("-m", "psychopy_nfb.cli", "check", "--json", folder / "found.json", *options)
    assert "Traceback" not in done.stderr, done.stderr
    return (
        done.returncode,
        done.stdout.splitlines(),
        json.loads((folder / "found.json").read_text()),
    )


def as_printed(findings):
    lines = []
    for finding in findings:
        sign = "ok" if finding["good"] else "!!"
        lines.append(f"[{sign}] {finding['what']}: {finding['found']}")
        if not finding["good"]:
            assert finding["remedy"], f"nothing to do about {finding['what']}"
            lines.append(f"     -> {finding['remedy']}")
    return lines


def test_row_116_every_finding_is_a_line_and_a_bad_one_has_a_remedy(tmp_path):
    status, printed, findings = check(tmp_path, "--no-window")
    assert printed == as_printed(findings)
    names = [finding["what"] for finding in findings if finding["what"] != "power"]
    assert names == LOOKED_AT
    assert status == int(not all(finding["good"] for finding in findings))
    found = {finding["what"]: finding for finding in findings}
    assert found["Python"]["found"].startswith(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert found["LSL network"]["good"]  # without it no other test could have passed


@pytest.mark.display
def test_row_116_a_window_shows_vertical_sync_and_frame_rate(tmp_path):
    status, printed, findings = check(tmp_path)
    assert printed == as_printed(findings)
    assert status == int(not all(finding["good"] for finding in findings))
    found = {finding["what"]: finding for finding in findings}
    assert list(found)[-4:] == NEEDS_WINDOW
    rate = re.fullmatch(
        r"([\d.]+) Hz, jitter [\d.]+ ms \(SD\), \d+ of \d+ late", found["frame rate"]["found"]
    )
    # Faster than any display, it did not wait for one.
    assert not (found["vertical sync"]["good"] and float(rate[1]) > 500)
    if "llvmpipe" in found["graphics"]["found"]:  # the virtual display of the tests
        assert not found["graphics"]["good"]
        # Also where a busy machine makes its flips as slow as those of a display.
        assert not found["vertical sync"]["good"]
        assert "without vertical sync" in found["frame rate"]["remedy"]
        assert status == 1


def test_without_lsl_the_rest_is_checked_all_the_same():
    code = (
        "import sys; sys.modules['pylsl'] = None\n"
        "from psychopy_nfb.cli import main; sys.exit(main(['check', '--no-window']))"
    )
    done = run("-c", code)
    assert done.returncode == 1
    assert done.stderr == ""
    assert re.search(r"^\[!!\] liblsl: .*\n     -> pip install", done.stdout, re.MULTILINE)
    assert "streams" not in done.stdout
    assert "] processor: " in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_no_display_is_a_finding():
    code = (
        "from psychopy_nfb.doctor.check import check_compositor, check_display\n"
        "for finding in check_compositor() + check_display():\n"
        "    print(finding.good, finding.what, finding.found, finding.remedy, sep='|')"
    )
    done = run("-c", code, hidden=("DISPLAY", "WAYLAND_DISPLAY"))
    compositor, display = done.stdout.splitlines()
    assert compositor == "False|compositor|no display|run this on a desktop; over ssh, set DISPLAY"
    assert re.fullmatch(
        r"False\|display\|no window could be opened \(.+\)\|run this on a desktop, or use .*",
        display,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="Wayland is Linux's")
def test_a_wayland_session_is_told_with_its_remedy(monkeypatch):
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    (finding,) = check_compositor()
    assert not finding.good
    assert finding.remedy == "log in to an X11 session"


def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path):
    path = tmp_path / "nowhere" / "found.json"
    done = run("-m", "psychopy_nfb.cli", "check", "--no-window", "--json", path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"psychopy-nfb check: json='{path}': cannot be written; ")
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.skipif(sys.platform == "win32", reason="pylsl takes no other library there")
def test_a_library_that_does_not_load_is_a_finding_and_the_rest_goes_on(tmp_path):
    broken = tmp_path / "liblsl.so"
    broken.write_text("no library")
    environment = {**os.environ, "PYLSL_LIB": str(broken)}
    command = [sys.executable, "-m", "psychopy_nfb.cli", "check", "--no-window"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == ""
    assert f"[!!] liblsl: does not load (liblsl library '{broken}' found but" in done.stdout
    assert "] processor: " in done.stdout


def test_what_liblsl_lacks_of_windows_is_named_with_where_to_get_it(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    (finding,) = check_runtime(["MSVCP140_that_is_not_there.dll"])
    assert not finding.good
    assert finding.found == "missing: MSVCP140_that_is_not_there.dll"
    assert "https://aka.ms/vs/17/release/vc_redist.x64.exe" in finding.remedy
    assert "MSVCP140.dll" in CPP_RUNTIME
