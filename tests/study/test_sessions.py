"""One session after the other, with a real worker: what is taken over, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from psychopy_nfb import Neurofeedback, read_session
from psychopy_nfb.analysis.session_blocks import session_blocks
from psychopy_nfb.cli import main
from psychopy_nfb.engine.records import SAMPLE
from psychopy_nfb.errors import NfbError
from psychopy_nfb.protocol import Baseline, Inverse, Staircase, Surrogate
from psychopy_nfb.settings import read_plain_json, write_json
from psychopy_nfb.study.drawing import allocate
from psychopy_nfb.study.due import due, taken_over
from psychopy_nfb.study.participants import add_participant
from psychopy_nfb.study.plan import Arm
from psychopy_nfb.study.register import Register, Run
from psychopy_nfb.study.session import StudySession
from psychopy_nfb.study.unblinding import unblind

RATE = 250


def refusal(what, *arguments, **keywords):
    with pytest.raises(NfbError) as caught:
        what(*arguments, **keywords)
    return str(caught.value)


def newest(nfb):
    nfb.update()
    record = nfb.records.newest()
    return 0 if record is None else record[SAMPLE]


@pytest.mark.slow
def test_row_086_a_session_begins_where_the_one_before_has_ended(
    make_study, amplifier, training, until
):
    folder = make_study("01", sessions=3, blocks=2, carry_over=["baseline", "threshold"])
    settings = training(
        amplifier().source_id,
        normalise="zscore",
        display_range=(-1.0, 2.0),
        threshold=Staircase(step=0.25),
    )

    def pass_samples(nfb, seconds):
        reached = newest(nfb) + seconds * RATE
        until(lambda: newest(nfb) > reached, 20, "samples")

    other = Neurofeedback(settings, study=folder.path, participant="01")
    with Neurofeedback(settings, study=folder.path, participant="01") as nfb:
        again = partial(Neurofeedback, settings, study=folder.path, participant="01")
        for begin in (other.start, again):
            assert "Session 1 of participant 01 is under way on" in refusal(begin)
        pass_samples(nfb, nfb.settle)
        nfb.begin_baseline()
        pass_samples(nfb, 3.0)
        assert nfb.end_baseline()
        for _ in range(2):
            with nfb.block("training"):
                pass_samples(nfb, 1.5)
        baseline = nfb.configuration.signals["trained"].baseline
    facts = nfb.files.facts()
    assert (facts["participant"], facts["session"], facts["task"]) == ("01", "01", "alpha")
    (first,) = Register(folder).runs("01")
    assert (first.state, first.blocks) == ("finished", 2)
    reached = read_plain_json(nfb.files.settings)["thresholds_reached"]["trained"]["settings"]
    with Neurofeedback(settings, study=folder.path, participant="01") as nfb:
        assert nfb.calibrated
        signal = nfb.configuration.signals["trained"]
        assert signal.baseline == baseline
        assert signal.threshold.start == pytest.approx(reached["start"])
        pass_samples(nfb, 0.2)
        assert nfb.signals["trained"].threshold == pytest.approx(reached["start"])
        with nfb.block("training"):
            pass_samples(nfb, 0.5)
        with pytest.raises(KeyboardInterrupt), nfb.block("training"):
            raise KeyboardInterrupt
        nfb.begin_block("training")  # in which the experiment ends, as by Escape
    session = read_session(nfb.files.stem)
    whole = [block.whole for block in session_blocks(session.events, session.signals)]
    assert whole == [True, False, False]
    second = Register(folder).runs("01")[-1]
    assert (second.number, second.state, second.blocks) == (2, "cut off", 1)
    assert "--continue" in refusal(Neurofeedback, settings, study=folder.path, participant="01")
    Register(folder).decide("01", "continue")
    third = Neurofeedback(settings, study=folder.path, participant="01")
    assert third.blocks_done == 1
    assert third.calibrated
    third.close()


def test_a_crash_leaves_a_session_to_continue_with_its_baseline(make_study, training):
    folder = make_study("01", sessions=2, task="alpha")
    register = Register(folder)
    stem = "data/sub-01_ses-01_task-alpha_run-01"
    run = Run(participant="01", number=1, run=1, stem=stem, begun="2026-03-01T10:00:00+01:00")
    register.write(run)
    files = register.files(run)
    files.stem.parent.mkdir()
    settings = training(normalise="zscore", display_range=(-1.0, 2.0))
    signal = replace(
        settings.signals["trained"], baseline=Baseline(mean=3.0, sd=2.0, minimum=0.0, maximum=9.0)
    )
    write_json({"configuration": replace(settings, signals={"trained": signal})}, files.settings)
    begins = '0\t0\tblock_begin\ttraining\t5\t0\t{"block": %d, "feedback": true}\tn/a'
    rows = ['0\t1\tblock_end\ttraining\t5\t0\t{"block": 1, "feedback": %s}\tn/a']
    head = "onset\tduration\ttrial_type\tvalue\tsample\tt\tdetail\tcommand"
    lines = [head, rows[0] % "true", rows[0] % "false", rows[0] % "true"]
    lines += [begins % number for number in (3, 4)]  # one within the other: only the outer counts
    lines += [rows[0].replace('"block": 1', '"block": 4') % "true"]
    lines += [rows[0].replace('"block": 1', '"block": 3') % 'true, "cut_off": true']
    files.events.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    register.decide("01", "continue")
    one = due(folder, "01")
    assert (one.number, one.blocks_done) == (1, 2)
    taken = taken_over(folder, one, settings)
    assert taken.signals["trained"].baseline == signal.baseline


def test_where_an_arm_is_made_of_a_baseline_each_run_records_its_own(
    make_study, training, caplog, capsys, tmp_path
):
    arms = {"real": Arm(), "noise": Arm(shown=Surrogate())}
    said = refusal(make_study, arms=arms, carry_over=["baseline"])
    assert "baseline" in said
    assert "leave it out of --carry-over" in said
    folder = make_study("01", "02", "03", "04", arms=arms, carry_over=["threshold"])
    allocate(folder, tmp_path / "key.json", "a passphrase", slots=4, seed=1)
    settings = training(normalise="zscore", display_range=(-1.0, 2.0))
    known = Baseline(mean=3.0, sd=2.0, minimum=0.0, maximum=9.0)
    signal = replace(settings.signals["trained"], baseline=known)
    register, said = Register(folder), set()
    for label in folder.study.participants:
        name = f"sub-{label}_calibration.json"
        stem = f"data/sub-{label}_ses-01_task-alpha_run-01"
        begun = "2026-03-01T10:00:00+01:00"
        run = Run(participant=label, number=1, run=1, stem=stem, begun=begun, state="cut off")
        run.blocks, run.calibration, run.thresholds = 2, f"sessions/{name}", {"trained": 0.75}
        register.write(run)
        write_json(replace(settings, signals={"trained": signal}), register.path / name)
        capsys.readouterr()
        assert main(["study", "next", str(folder.path), label, "--continue"]) == 0
        assert "Record a baseline in it" in capsys.readouterr().out
        caplog.clear()
        session = StudySession(folder.path, label, settings, {})
        taken = session.settings.signals["trained"]
        assert (session.blocks_done, taken.baseline, taken.threshold) == (2, None, 0.75)
        said.add(caplog.text.replace(f"participant {label}", ""))
    assert "record a baseline before the first block with feedback" in said.pop()
    assert not said  # the same in both arms


def test_what_a_study_says_is_not_said_twice(make_study, training, tmp_path):
    folder = make_study("01")
    settings = training()

    def asked(**more):
        return refusal(Neurofeedback, settings, study=folder.path, participant="01", **more)

    assert asked(data=tmp_path).startswith("data=")
    assert "leave it out when study=" in asked(calibration="last")
    assert "leave it out when study=" in asked(shown={"down": Inverse()})
    said = refusal(Neurofeedback, settings, study=tmp_path, participant="01")
    assert "psychopy-nfb study new" in said
    said = refusal(Neurofeedback, settings, study=folder.path, participant="09")
    assert "psychopy-nfb study add" in said


def test_what_one_arm_needs_is_asked_of_all(make_study, training, tmp_path):
    folder = make_study(arms={"real": Arm(), "noise": Arm(shown=Surrogate())})
    add_participant(folder, "00")
    settings = training()
    said = refusal(StudySession, folder.path, "00", settings, {})
    assert "has no token" in said
    private = allocate(folder, tmp_path / "key.json", "a passphrase", slots=4, seed=1)
    for label in ("01", "02", "03"):
        add_participant(folder, label)
    sessions = [StudySession(folder.path, f"0{n}", settings, {}) for n in range(4)]
    assert {one.shown(calibrated=True) for one in sessions} == {"own", "noise"}
    assert {refusal(one.shown, calibrated=False) for one in sessions} == {
        "study='Test': has an arm that is made of a baseline; record one in each session, before "
        "the first block with feedback."
    }
    assert len({repr(list(one.settings.shown)) for one in sessions}) == 1
    assert sessions[1].facts()["study"]["blinded"]
    unblind(folder, lambda _: private, "A. Meyer", "an emergency", "01")
    late = [StudySession(folder.path, label, settings, {}) for label in ("01", "02")]
    assert [one.facts()["study"]["blinded"] for one in late] == [False, True]
    said = refusal(StudySession, folder.path, "01", replace(settings, publish=True), {})
    assert "which a blinded study must not" in said
    sessions[0].check_patch("code")
    assert refusal(sessions[0].check_patch, "value").startswith("patch.mode='value'")
