"""Who is in which arm: drawn in blocks, sealed, opened by the key alone."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter

import numpy as np
import pytest
from written_sessions import write_session

from psychopy_nfb.errors import FileError, NfbError
from psychopy_nfb.protocol import Inverse, Surrogate, Yoked
from psychopy_nfb.settings import write_json
from psychopy_nfb.study.allocation import Allocation
from psychopy_nfb.study.drawing import allocate, block_randomised
from psychopy_nfb.study.keys import from_print, printed, read_key
from psychopy_nfb.study.openings import unblinding_of
from psychopy_nfb.study.participants import add_participant
from psychopy_nfb.study.plan import Arm, Study, StudyFolder, new_study
from psychopy_nfb.study.register import Register, Run
from psychopy_nfb.study.unblinding import read_arms, unblind

PASSPHRASE = "a passphrase of the test"
STRATA = {"sex": ["f", "m"], "age": ["young", "old"]}


@pytest.fixture
def allocated(tmp_path):
    """Return a study with strata, its key file and its key."""
    arms = {"real": Arm(share=2), "down": Arm(shown=Inverse()), "noise": Arm(shown=Surrogate())}
    folder = new_study(tmp_path / "study", Study(name="Test", arms=arms, strata=STRATA))
    key = tmp_path / "key.json"
    private = allocate(folder, key, PASSPHRASE, seed=5, slots=10)
    return folder, key, private


def refusal(what, *arguments, **keywords):
    with pytest.raises(NfbError) as caught:
        what(*arguments, **keywords)
    return str(caught.value)


def test_each_block_has_each_arm_by_its_share():
    random = np.random.default_rng(0)
    arms = block_randomised({"a": 2, "b": 1}, 300, random, (1, 2))
    assert Counter(arms) == {"a": 2 * len(arms) // 3, "b": len(arms) // 3}
    # After each person no arm is further ahead than half of the largest block.
    ahead = np.cumsum([1 if arm == "a" else -2 for arm in arms])
    assert np.abs(ahead).max() <= 4
    assert len(set(map(tuple, np.reshape(arms[:300], (-1, 3)).tolist()))) > 3


def test_the_same_seed_draws_the_same_arms_for_other_tokens(allocated, tmp_path):
    folder, _, private = allocated
    again = new_study(tmp_path / "again", Study(**{**vars(folder.study), "id": "another"}))
    other = allocate(again, tmp_path / "other.json", PASSPHRASE, seed=5, slots=10)
    drawn = [
        {place: [slot["arm"] for slot in row] for place, row in slots.items()}
        for slots in (Allocation.read(folder).listed(private), Allocation.read(again).listed(other))
    ]
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) == {f"sex={sex}, age={age}" for sex in "fm" for age in ("young", "old")}
    assert all(len(row) >= 10 for row in drawn[0].values())
    tokens = [
        slot["token"]
        for one in (folder, again)
        for row in Allocation.read(one).slots.values()
        for slot in row
    ]
    assert len(set(tokens)) == len(tokens)


def test_no_eye_reads_an_arm_in_the_studys_folder(allocated):
    folder, _, _ = allocated
    for number in range(6):
        add_participant(folder, f"p{number}", {"sex": "f", "age": "old"})
    lengths = set()
    for path in folder.path.rglob("*"):
        text = path.read_text("utf-8") if path.is_file() else ""
        if path.name == "allocation.json":
            content = json.loads(text)
            lengths = {len(slot["sealed"]) for row in content["slots"].values() for slot in row}
            assert "seed" not in content
        if path.name != "study.json":  # which says what arms there are
            # As words: any four letters come up in a long ciphertext now and then.
            assert not re.search(r"\b(real|down|noise|Inverse)\b", text)
    assert len(lengths) == 1
    tokens = [one.token for one in folder.study.participants.values()]
    slots = Allocation.read(folder).slots["sex=f, age=old"]
    assert tokens == [slot["token"] for slot in slots[:6]]


def test_a_stratum_that_is_full_takes_nobody_else(allocated):
    folder, _, _ = allocated
    room = len(Allocation.read(folder).slots["sex=m, age=old"])
    for number in range(room):
        add_participant(folder, f"p{number}", {"sex": "m", "age": "old"})
    said = refusal(add_participant, folder, "more", {"sex": "m", "age": "old"})
    assert "has no token left" in said
    assert add_participant(folder, "other", {"sex": "f", "age": "old"}).token


def test_unblinding_needs_the_key_and_stays_with_the_study(allocated):
    folder, key, private = allocated
    add_participant(folder, "01", {"sex": "f", "age": "old"})
    public, identity = Allocation.read(folder).public, folder.study.id
    assert read_key(key, PASSPHRASE, identity, public) == private
    assert from_print(printed(private).lower(), public) == private
    assert "passphrase is wrong" in refusal(read_key, key, "another one", identity, public)
    assert "another study" in refusal(read_key, key, PASSPHRASE, "another", public)
    typed = printed(private)
    wrong = typed[:5] + ("A" if typed[5] != "A" else "B") + typed[6:]
    assert "typing error" in refusal(from_print, wrong, public)
    other = printed(bytes(32))
    assert "another allocation" in refusal(from_print, other, public)
    assert "is empty" in refusal(unblind, folder, lambda _: private, "", "why")
    assert not unblinding_of(folder)
    assert not read_arms(folder)
    opened = unblind(folder, lambda _: private, "A. Meyer", "an emergency", "01")
    assert opened.arms["01"] in folder.study.arms
    unblind(folder, lambda _: private, "A. Meyer", "the end")
    assert [one["participants"] for one in unblinding_of(folder)] == ["01", "all"]
    assert read_arms(folder)["01"]["arm"] == opened.arms["01"]


@pytest.mark.parametrize("change", ["slot", "swapped", "whole", "token"])
def test_a_changed_allocation_opens_nothing(allocated, change):
    folder, _, private = allocated
    add_participant(folder, "01", {"sex": "f", "age": "old"})
    content = json.loads(folder.allocation.read_text("utf-8"))
    row = content["slots"]["sex=f, age=old"]
    if change == "slot":
        sealed = bytearray(base64.b64decode(row[0]["sealed"]))
        sealed[20] ^= 1
        row[0]["sealed"] = base64.b64encode(bytes(sealed)).decode()
    elif change == "swapped":
        row[0]["sealed"], row[1]["sealed"] = row[1]["sealed"], row[0]["sealed"]
    elif change == "whole":
        content["whole"] = content["whole"][:200] + "AAAA" + content["whole"][204:]
    else:
        folder.study.participants["01"].token = "AAAAAA"
    write_json(content, folder.allocation)
    said = refusal(unblind, folder, lambda _: private, "A. Meyer", "the end")
    assert "changed" in said
    assert not unblinding_of(folder)
    assert not read_arms(folder)


def test_the_key_must_not_lie_with_the_experimenters(make_study, tmp_path):
    folder = make_study(arms={"real": Arm(), "down": Arm(shown=Inverse())})
    said = refusal(allocate, folder, folder.path / "key.json", PASSPHRASE)
    assert "lies in the study's folder" in said
    assert "at least 8 characters" in refusal(allocate, folder, tmp_path / "key.json", "short")
    assert not folder.allocation.exists()
    assert not (tmp_path / "key.json").exists()
    allocate(folder, tmp_path / "key.json", PASSPHRASE)
    said = refusal(allocate, folder, tmp_path / "other.json", PASSPHRASE)
    assert "has an allocation already" in said


def test_unblinding_misses_nobody_whose_label_was_changed(blinded):
    folder, _, private = blinded("01", "02")
    begun = "2026-03-01T10:00:00+01:00"
    stem = "data/sub-02_ses-01_task-alpha_run-01"
    run = Run(participant="02", number=1, run=1, stem=stem, begun=begun, state="cut off")
    Register(folder).write(run)
    content = json.loads(folder.file.read_text("utf-8"))
    content["participants"]["2x"] = content["participants"].pop("02")
    write_json(content, folder.file)
    said = refusal(unblind, StudyFolder(folder.path), lambda _: private, "A. Meyer", "the end")
    assert "was changed: there are sessions of 02, who is not in it; nothing was opened" in said
    assert not unblinding_of(folder)


def test_everybody_has_a_donor_with_enough_sessions_whatever_the_arm(blinded, tmp_path):
    folder, _, private = blinded("01", "02", "03", "04")
    slots = Allocation.read(folder).listed(private)["all"]
    assert Counter(slot["donor"] for slot in slots) == {
        "donorA": len(slots) // 2,
        "donorB": len(slots) // 2,
    }
    assert {slot["arm"] for slot in slots} == {"real", "sham"}


def test_donors_that_end_too_early_are_refused_before_anything_is_written(
    make_study, donors, tmp_path
):
    from psychopy_nfb.protocol import Yoked

    def asked(seconds, sessions):
        sham = Yoked(session="donor", block="training", seconds=seconds)
        arms = {"real": Arm(), "sham": Arm(shown=sham)}
        name = f"study {seconds} {sessions}"
        study = Study(name="Test", task="alpha", sessions=sessions, arms=arms)
        folder = new_study(tmp_path / name, study)
        key = tmp_path / f"{name}.json"
        said = refusal(allocate, folder, key, PASSPHRASE, donors=donors)
        assert not folder.allocation.exists()
        assert not key.exists()
        return said

    assert "is longer than block 1" in asked(60.0, 2)
    assert "has nobody with 3 sessions of the task alpha; the largest number" in asked(3.0, 3)


def test_a_donor_who_was_never_rewarded_is_refused(make_study, donors, training, tmp_path):
    eeg = np.random.default_rng(1).normal(0, 0.01, (5_000, 1))  # never beyond the threshold
    for session in ("01", "02"):
        write_session(
            donors,
            training(dwell=0.1),
            eeg,
            [("training", 500, 4_900, None)],
            rate=250.0,
            labels=("Oz",),
            participant="donorC",
            session=session,
        )
    sham = Arm(shown=Yoked(session="donor", block="training", seconds=3.0))
    folder = make_study(arms={"real": Arm(), "sham": sham}, sessions=2)
    with pytest.raises(FileError, match=r"sub-donorC\S*: has not one reward, as where a baseline"):
        allocate(folder, tmp_path / "key.json", "a passphrase of the test", donors=donors)
    assert not folder.allocation.exists()


def test_sessions_of_donors_that_cannot_be_shown_are_named_whole_and_once(
    make_study, donors, tmp_path
):
    sham = Arm(shown=Yoked(session="donor", block="regulation_of_the_alpha_rhythm", seconds=3.0))
    folder = make_study(arms={"real": Arm(), "sham": sham}, sessions=2)
    with pytest.raises(FileError) as caught:
        allocate(folder, tmp_path / "key.json", "a passphrase of the test", donors=donors)
    said = str(caught.value)
    for name in ("donorA_ses-01", "donorA_ses-02", "donorB_ses-01"):
        assert said.count(f"sub-{name}_task-alpha_run-01; there are training") == 1
        assert said.count(name) == 1
    assert said.endswith("; and 1 more.")
