"""`psychopy-nfb certify`: the page, the file beside it, and what a later report says of them."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone

import pytest

from psychopy_nfb.cli import main
from psychopy_nfb.doctor.certify import said_of, write_certificate
from psychopy_nfb.errors import FileError
from psychopy_nfb.recording import machine_facts
from psychopy_nfb.report.certificate import (
    Certificate,
    certificate_sentence,
    certificates_in,
    changes,
    cited_certificate,
    read_certificate,
)
from psychopy_nfb.settings import write_json

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
CHECK = [
    {"what": "sleep", "good": True, "found": "overshoots by 0.1 ms", "remedy": ""},
    {"what": "power", "good": False, "found": "on battery <b>", "remedy": "plug in"},
]
BENCH = {"figures": {"start_s": 1.1, "torn_reads": 3.0}, "bars": {"start_s": 1.5, "torn_reads": 0}}
SELFTEST = {
    "budget_error_ms_median": 0.21,
    "sum_ms_median": 130.1,
    "measured_ms_median": 130.31,
    "stages": {"filter_delay_ms": 112.0},
    "sensor": "Light (screen)",
}


def part(name, content, holds):
    return {"holds": holds, "said": said_of(name, content, holds), "content": content}


def certificate(date=NOON, machine=None, **holds):
    parts = {
        "check": part("check", CHECK, holds.get("check", False)),
        "bench": part("bench", BENCH, holds.get("bench", False)),
        "selftest": part("selftest", SELFTEST, True),
    }
    return Certificate(date, machine or machine_facts(), parts)


def test_row_091_one_command_writes_page_and_file(tmp_path, capsys):
    skipped = ("--skip", "bench", "selftest", "--no-window")
    status = main(["certify", *skipped, "--out", str(tmp_path / "new")])
    assert status == 1  # not all of it was measured
    (page,) = (tmp_path / "new").glob("certificate_*.html")
    found = read_certificate(page.with_suffix(".json"))
    assert found.parts["bench"] == {
        "holds": None,
        "said": "left out on request",
        "content": None,
    }
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.read_text("utf-8")))
    for finding in found.parts["check"]["content"]:
        assert finding["what"] in text
    assert found.machine["python"] in text
    assert found.machine["packages"]["psychopy"] in text
    assert abs(found.date - datetime.now().astimezone()) < timedelta(minutes=5)
    said = capsys.readouterr().out
    assert said.count(found.verdict) == 1
    assert "not measured: bench, selftest" in found.verdict


def test_verdict_and_page_say_what_does_not_hold(tmp_path):
    one = certificate()
    assert not one.holds
    assert one.verdict == "Not certified; not held: check, bench."
    assert one.parts["check"]["said"] == "needs a remedy: power"
    assert one.parts["bench"]["said"] == "not held: torn_reads"
    assert certificate(check=True, bench=True).verdict == "This computer holds what was measured."
    write_certificate(tmp_path / "page.html", one)
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "on battery &lt;b&gt;" in page
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
    assert "start_s 1.1 ≤ 1.5 held torn_reads 3 ≤ 0 not held" in text
    assert "from the screen's own pixels" in text.replace("&#39;", "'")
    assert (
        "filter delay 112.00 sum of the stages 130.10 measured from brain to light 130.31" in text
    )
    assert "2026-03-01" in text


def test_the_nearest_certificate_is_named_with_what_changed_since(tmp_path):
    machine = machine_facts()
    packages = {**machine["packages"], "psychopy": "2025.1.0"}
    older = {**machine, "packages": packages, "python": "3.10.0"}
    for days, facts in ((-200, machine), (-3, older), (40, machine)):
        one = certificate(NOON + timedelta(days=days), facts, check=True, bench=True)
        write_json(one.to_dict(), tmp_path / f"certificate_{one.date:%Y-%m-%d}.json")
    (tmp_path / "certificate_broken.json").write_text("[1]", encoding="utf-8")
    settings = {"session": {"date": NOON.isoformat()}, "machine": machine}
    near = cited_certificate(settings, certificates_in(tmp_path))
    assert (near.name, near.days) == ("certificate_2026-02-26.json", 3)
    said = certificate_sentence(settings, tmp_path)
    assert said.startswith("Timing certificate certificate_2026-02-26.json, 3 days before: This")
    assert f"python was 3.10.0, is {machine['python']}" in said
    assert f"psychopy was 2025.1.0, is {machine['packages']['psychopy']}" in said
    settings["session"]["date"] = (NOON + timedelta(days=39)).isoformat()
    said = certificate_sentence(settings, tmp_path)
    assert "1 day after" in said
    assert "differs" not in said


def test_without_a_certificate_nothing_is_said(tmp_path):
    assert certificate_sentence({"session": {"date": NOON.isoformat()}}, tmp_path) == ""
    assert certificate_sentence({}, tmp_path) == ""
    assert changes({}, machine_facts()) == []


def test_a_file_that_is_no_certificate_is_one_sentence(tmp_path):
    path = tmp_path / "certificate_x.json"
    path.write_text('{"date": 3}', encoding="utf-8")
    with pytest.raises(FileError, match="is no certificate"):
        read_certificate(path)


def test_what_could_not_be_measured_is_told(tmp_path, capsys):
    status = main(
        [
            *("certify", "--skip", "check", "bench", "selftest", "--out", str(tmp_path)),
            *("--photodiode", str(tmp_path / "nobody")),
        ]
    )
    assert status == 1
    (path,) = tmp_path.glob("certificate_*.json")
    photodiode = json.loads(path.read_text("utf-8"))["parts"]["photodiode"]
    assert photodiode["holds"] is None
    assert "nobody" in photodiode["said"]
