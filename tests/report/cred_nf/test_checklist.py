"""The CRED-nf checklist: what it says is what the raw files say, and nothing is left out."""

from __future__ import annotations

import csv
import json
import re
import shutil

import numpy as np
import pytest
from scipy import stats

from psychopy_nfb.cli import main
from psychopy_nfb.errors import NfbError
from psychopy_nfb.recording import SessionFiles
from psychopy_nfb.report.cred_nf.answers import answers_of, read_answers
from psychopy_nfb.report.cred_nf.checklist import checklist
from psychopy_nfb.report.cred_nf.items import ITEMS
from psychopy_nfb.report.cred_nf.written import markdown
from psychopy_nfb.study.words import ITEM_NAMES

pyxdf = pytest.importorskip("pyxdf")

NOT_TRUSTED = 1 | 2 | 4 | 8 | 16 | 32 | 8192
"""INVALID, AMPLITUDE, BURST, FLAT, GAP, SETTLING and RATE, as the sidecar of the frames says."""
CALIBRATING, UNCALIBRATED = 64, 512
ARMS = {"01": "real", "02": "sham", "03": "real", "04": "sham", "05": "real"}
BEHAVIOUR = {"memory": {"01": 3.0, "02": 1.0, "03": 4.5, "04": 1.5, "05": 2.0}}


@pytest.fixture(scope="module")
def study(recorded, tmp_path_factory):
    """Return five people's sessions of different length, and the second one of the first."""
    folder, stems = tmp_path_factory.mktemp("study"), []
    who = [("01", "01"), ("01", "02"), *((f"0{person}", "01") for person in range(2, 6))]
    for place, (participant, session) in enumerate(who):
        at = 12.0 + place / 2
        blocks = (
            ("baseline", 3.0, 8.0, False),
            ("training", 8.5, at, True),
            ("training", at, 18.0, True),
            ("rest", 18.0, 20.0, False),
        )
        files = recorded(blocks=blocks, seconds=20.5)
        stem = folder / f"sub-{participant}_ses-{session}_task-report_run-01"
        for path in files.stem.parent.glob(f"{files.stem.name}_*"):
            shutil.copy(path, folder / path.name.replace(files.stem.name, stem.name))
        stems.append(stem)
    return stems


@pytest.fixture(scope="module")
def filled(study):
    return checklist(study, answers_of({"arms": ARMS, "behaviour": BEHAVIOUR}))


class Raw:
    """A session's raw files, read without the package's own readers."""

    def __init__(self, stem):
        self.stem, self.facts = stem, SessionFiles(stem).facts()
        self.settings = json.loads(self._path("nfb.json").read_text("utf-8"))
        with open(self._path("events.tsv"), encoding="utf-8", newline="") as file:
            self.events = list(csv.DictReader(file, delimiter="\t"))
        with open(self._path("frames.csv"), encoding="utf-8", newline="") as file:
            self.frames = list(csv.DictReader(file))
        streams, _ = pyxdf.load_xdf(str(self._path("eeg.xdf")), dejitter_timestamps=False)
        (own,) = [one for one in streams if one["info"]["type"][0] == "Feedback"]
        channels = own["info"]["desc"][0]["channels"][0]["channel"]
        names = [channel["label"][0] for channel in channels]
        self.signals = dict(zip(names, own["time_series"].T, strict=True))
        self.t = own["time_stamps"]

    def _path(self, ending):
        return self.stem.with_name(f"{self.stem.name}_{ending}")

    def blocks(self):
        """Return label, whether there is feedback, and which samples, of each block."""
        ends = {
            json.loads(one["detail"])["block"]: int(one["sample"])
            for one in self.events
            if one["trial_type"] == "block_end"
        }
        for one in self.events:
            if one["trial_type"] == "block_begin":
                detail, samples = json.loads(one["detail"]), self.signals["sample"]
                inside = samples >= int(one["sample"])
                inside &= samples < ends[detail["block"]]
                yield one["value"], detail["feedback"], inside

    def trained(self):
        """Return for each block with feedback: z over clean samples, flags, rewards a minute."""
        flags = self.signals["flags"].astype(int)
        for _, feedback, inside in self.blocks():
            if feedback:
                clean = inside & (flags & (NOT_TRUSTED | CALIBRATING | UNCALIBRATED) == 0)
                steps = np.diff(self.signals["rewards"], prepend=0)[inside]
                minutes = inside.sum() / 250 / 60
                yield self.signals["trained_z"][clean], flags[inside], steps.sum() / minutes


@pytest.fixture(scope="module")
def raw(study):
    return [Raw(stem) for stem in study]


def test_a_study_knows_the_names_of_all_items():
    assert tuple(ITEMS) == ITEM_NAMES


def values(filled, name):
    return filled.entries[name].values


def test_row_125_design_and_settings_are_those_of_the_files(filled, raw, study):
    assert values(filled, "2a")["participants"] == 5
    assert values(filled, "2a")["arms"] == {"real": 3, "sham": 2}
    blocks = sum(feedback for one in raw for _, feedback, _ in one.blocks())
    assert values(filled, "2a")["blocks_by_shown"] == {"own": blocks}
    assert values(filled, "2b") == {"blinded": 0, "recordings": 6}
    settings = raw[0].settings["configuration"]
    steps = [one["type"] for one in settings["signals"]["trained"]["pipeline"]["steps"]]
    found = values(filled, "3d")["steps"]["trained"]
    assert found == [one for one in steps if one in ("DCBlock", "Notch", "ArtifactGate")]
    assert "ArtifactGate" in found
    assert values(filled, "4a")["signals"]["trained"]["steps"] == steps
    assert values(filled, "4a")["variants"] == 1
    delays = {round(1e3 * one.settings["delay"], 3) for one in raw if "delay" in one.settings}
    assert values(filled, "4a")["delays_ms"] == sorted(delays)
    ways = {name: one["direction"] for name, one in settings["signals"].items()}
    found = values(filled, "4a")["signals"]
    assert {name: one["direction"] for name, one in found.items()} == ways
    assert values(filled, "4b")["set_live"] == {}
    assert not [row for one in raw for row in one.events if row["trial_type"] == "set"]
    assert values(filled, "4b")["reward"]["dwell"] == settings["reward"]["dwell"]
    threshold = settings["signals"]["trained"]["threshold"]
    assert values(filled, "4b")["thresholds"] == {"trained": f"fixed at {threshold:g}"}
    assert values(filled, "4c") == {"sounds": [], "sizes": []}
    assert values(filled, "4d")["frames"] == sum(len(one.frames) for one in raw)
    assert values(filled, "4d")["samples"] == sum(len(one.t) for one in raw)
    assert set(values(filled, "4d")["columns"]) <= set(raw[0].frames[0])
    lags = []
    for one in raw:
        rows = [row for row in one.frames if row["t_sample"]]
        own = [float(row["t_flip"]) - float(row["t_sample"]) + float(row["delay"]) for row in rows]
        lags.append(1e3 * np.median(own))
    assert values(filled, "4e")["lag_ms"] == pytest.approx(np.median(lags), abs=0.01)
    assert values(filled, "4e")["without_lag"] == 0
    (amplifier,) = {
        f"stream {one.settings['stream'].get('name')}, "
        f"{len(one.settings['stream']['labels'])} channels, {one.settings['stream']['rate']:g} Hz"
        for one in raw
    }
    assert values(filled, "4e")["amplifiers"] == [amplifier]
    files = [path for stem in study for path in stem.parent.glob(f"{stem.name}_*")]
    size = sum(path.stat().st_size for path in files)
    assert values(filled, "7a") == {"files": len(files), "bytes": size}


def test_row_125_outcome_is_that_of_the_files(filled, raw):
    shares = {"baseline": [], "feedback": [], "no feedback": []}
    for one in raw:
        flags = one.signals["flags"].astype(int)
        for label, feedback, inside in one.blocks():
            kind = "feedback" if feedback else "baseline" if label == "baseline" else "no feedback"
            shares[kind].append((flags[inside] & NOT_TRUSTED != 0).mean())
    assert values(filled, "3e")["by_kind"] == pytest.approx(
        {kind: np.mean(one) for kind, one in shares.items()}
    )
    artifacts, signal = ({arm: {} for arm in set(ARMS.values())} for _ in range(2))
    for one in raw:
        who = one.facts["participant"]
        for own, flags, _ in one.trained():
            share = (flags & NOT_TRUSTED != 0).mean()
            artifacts[ARMS[who]].setdefault(who, []).append(share)
            signal[ARMS[who]].setdefault(who, []).append(own.mean())
    for item, name, found in (("3e", "by_arm", artifacts), ("5a", "z_own_by_arm", signal)):
        wanted = {
            arm: np.mean([np.mean(own) for own in row.values()]) for arm, row in found.items()
        }
        assert values(filled, item)[name] == pytest.approx(wanted)
    z = [[own.mean() for own, _, _ in one.trained()] for one in raw]
    assert values(filled, "5a")["z_own"] == pytest.approx(np.mean(z))
    threshold = raw[0].settings["configuration"]["signals"]["trained"]["threshold"]
    beyond = [(own >= threshold).mean() for one in raw for own, _, _ in one.trained()]
    assert values(filled, "5a")["beyond"] == pytest.approx(np.mean(beyond))
    rewards = [own for one in raw for _, _, own in one.trained()]
    assert values(filled, "5a")["rewards_per_minute"] == pytest.approx(np.mean(rewards))
    slopes = [np.polyfit(range(len(own)), own, 1)[0] for own in z]
    assert values(filled, "5b")["within"] == pytest.approx(np.mean(slopes))
    both = np.mean(z[1]) - np.mean(z[0])
    assert values(filled, "5b")["between"]["01"]["slope"] == pytest.approx(both)
    changes = []
    for one in raw:
        clean = one.signals["flags"].astype(int) & NOT_TRUSTED == 0
        first, *_, last = [inside & clean for _, _, inside in one.blocks()]
        signal = one.signals["trained_signal"]
        changes.append(signal[last].mean() - signal[first].mean())
    assert values(filled, "5b")["rest_change"] == pytest.approx(np.mean(changes))


def test_row_125_arms_and_behaviour_are_those_of_the_files(filled, raw):
    people = {}
    for one in raw:
        means = [own.mean() for own, _, _ in one.trained()]
        people.setdefault(one.facts["participant"], []).append(np.mean(means))
    people = {name: np.mean(own) for name, own in people.items()}
    real, sham = ([people[one] for one in people if ARMS[one] == arm] for arm in ("real", "sham"))
    found = values(filled, "5c")["real - sham"]
    assert found["difference"] == pytest.approx(np.mean(real) - np.mean(sham))
    error = np.sqrt(np.var(real, ddof=1) / 3 + np.var(sham, ddof=1) / 2)
    parts = np.var(real, ddof=1) / 3, np.var(sham, ddof=1) / 2
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 1)
    half = stats.t.ppf(0.975, freedom) * error
    assert found["high"] - found["difference"] == pytest.approx(half)
    names = sorted(people)
    r = np.corrcoef([people[one] for one in names], [BEHAVIOUR["memory"][one] for one in names])
    assert values(filled, "6b")["memory"]["r"] == pytest.approx(r[0, 1])


def test_row_115_the_page_has_every_item_filled_or_asked_for(study, tmp_path, capsys):
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({"1b": "By <script>alert(1)</script> *us*."}), encoding="utf-8")
    stems = [str(stem) for stem in study[:2]]
    assert main(["crednf", *stems, "--answers", str(answers), "--out", str(tmp_path)]) == 0
    page = (tmp_path / "cred-nf.html").read_text("utf-8")
    assert "<script" not in page
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
    written = (tmp_path / "cred-nf.md").read_text("utf-8")
    assert "<script" not in written
    assert "\\*us\\*" in written
    for name, item in ITEMS.items():
        place = text.index(f"{name} {item.title}")
        said = text[place + len(name) + len(item.title) + 1 :].lstrip()
        assert said.startswith(("From the files:", "To be answered:", "By &lt;script")), name
        assert f"### {name} {item.title}" in written
    assert "To be answered: How was the number" not in text
    said = capsys.readouterr().out
    assert said.startswith("8 of 24 items are filled; to be answered: 1a, 2a,")


def test_a_file_of_answers_that_is_not_there_is_written_with_the_questions(study, tmp_path):
    path = tmp_path / "mine.json"
    arguments = ["crednf", str(study[0]), "--answers", str(path), "--out", str(tmp_path)]
    assert main(arguments) == 0
    content = json.loads(path.read_text("utf-8"))
    assert content["questions"] == {name: item.question for name, item in ITEMS.items()}
    content |= dict.fromkeys(ITEMS, "Yes.")
    path.write_text("\ufeff" + json.dumps(content), encoding="utf-8")
    assert main(arguments) == 0
    assert "All 24 items are filled." in (tmp_path / "cred-nf.md").read_text("utf-8")
    assert read_answers(path).texts["7a"] == "Yes."


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"9z": "x"}, "answers='9z': is no item; there are 1a, 1b"),
        ({"1a": 3}, "answers.1a=3: must be a text"),
        ({"arms": ["real"]}, "answers.arms=['real']: must be an object"),
        ({"arms": {"01": 1}}, "answers.arms.01=1: must be a text"),
        ({"behaviour": {"mood": {"01": "x"}}}, "answers.behaviour.mood.01='x': must be a number"),
    ],
)
def test_wrong_answers_are_one_sentence(content, told):
    with pytest.raises(NfbError) as error:
        answers_of(content)
    assert str(error.value).startswith(told)


def test_a_blinded_study_tells_nothing_of_what_was_shown(study, tmp_path):
    for path in study[0].parent.glob(f"{study[0].name}_*"):
        shutil.copy(path, tmp_path)
    settings = tmp_path / f"{study[0].name}_nfb.json"
    content = json.loads(settings.read_text("utf-8"))
    settings.write_text(
        json.dumps({**content, "study": {"blinded": True, "sealed": True}}), encoding="utf-8"
    )
    filled = checklist([settings])
    assert "blocks_by_shown" not in values(filled, "2a")
    assert "blinded" in " ".join(filled.entries["2a"].from_files)
    assert values(filled, "2b") == {"blinded": 1, "recordings": 1}
    assert "by what was shown" not in markdown(filled)
