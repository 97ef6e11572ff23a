"""Studies that are made for a test, and sessions of donors without a worker."""

from __future__ import annotations

import numpy as np
import pytest
from written_sessions import write_session

from psychopy_nfb.protocol import Surrogate, Yoked
from psychopy_nfb.study.drawing import allocate
from psychopy_nfb.study.participants import add_participant
from psychopy_nfb.study.plan import Arm, Study, new_study

RATE = 250.0
PASSPHRASE = "a passphrase of the test"


@pytest.fixture
def donors(tmp_path, training):
    """Return a folder with sessions of two donors, of 20 s each."""
    t = np.arange(5_000) / RATE
    random = np.random.default_rng(2)
    eeg = (12 * np.sin(2 * np.pi * 10 * t) * np.sin(0.7 * t))[:, None] + random.random((len(t), 1))
    for who in ("donorA", "donorB"):
        for session in ("01", "02"):
            write_session(
                tmp_path / "donors",
                training(dwell=0.1),
                eeg,
                [("training", 500, 4_900, None)],
                rate=RATE,
                labels=("Oz",),
                participant=who,
                session=session,
            )
    return tmp_path / "donors"


@pytest.fixture
def make_study(tmp_path):
    """Return a function that makes a study with these settings and participants."""

    def make(*participants, **settings):
        folder = new_study(
            tmp_path / "study", Study(**{"name": "Test", "task": "alpha", **settings})
        )
        for label in participants:
            add_participant(folder, label)
        return folder

    return make


@pytest.fixture
def blinded(make_study, donors, tmp_path):
    """Return a function that makes and allocates a blinded study; returns folder and key."""

    def make(*participants, seed=1, slots=8, sham=None, **settings):
        sham = sham or Yoked(session="donor", block="training", seconds=3.0)
        arms = {"real": Arm(), "sham": Arm(shown=sham)}
        folder = make_study(arms=arms, **{"sessions": 2, **settings})
        key = tmp_path / "elsewhere" / "key.json"
        key.parent.mkdir()
        private = allocate(folder, key, PASSPHRASE, seed=seed, slots=slots, donors=donors)
        for label in participants:
            add_participant(folder, label)
        return folder, key, private

    return make


@pytest.fixture
def surrogate():
    """Return a sham that is made of the baseline."""
    return Surrogate(seed=1)
