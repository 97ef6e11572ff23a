"""All that an experimenter can see of a blinded study, in numbers and words; and a classifier."""

from __future__ import annotations

import json
import re
import warnings

import numpy as np

from psychopy_nfb import read_session, rerun
from psychopy_nfb.engine.configuration import build_configuration
from psychopy_nfb.recording import SessionFiles

TELLING = ("sham", "yoked", "Yoked", "shown_", '"own"', "donor", "real=", '"real"')
"""Words that would tell the arm where they stand in a file of one session."""
TAKEN = 3
"""Numbers that the classifier takes."""
SHUFFLES = 99


def numbers_in(content, place=""):
    """Yield each number of a JSON document with its place."""
    if isinstance(content, dict):
        for name, one in content.items():
            yield from numbers_in(one, f"{place}.{name}")
    elif isinstance(content, list):
        for row, one in enumerate(content[:50]):
            yield from numbers_in(one, f"{place}.{row}")
    elif isinstance(content, (int, float)) and not isinstance(content, bool):
        yield place, float(content)


def seen(stem, said=()):
    """Return all numbers that can be seen of a session.

    Sizes and times of its files, settings, tables, events, lags, and what the console `said`.
    """
    files = SessionFiles(stem)
    paths = sorted(stem.parent.glob(f"{stem.name}_*"))
    begun = min(path.stat().st_mtime for path in paths)
    found = {}
    for path in paths:
        name = path.name.removeprefix(stem.name)
        found[f"size of {name}"] = float(path.stat().st_size)
        found[f"written {name}"] = path.stat().st_mtime - begun
    found |= dict(numbers_in(json.loads(files.settings.read_text("utf-8"))))
    session = read_session(stem)
    for name, table in (("frames", session.frames), ("signals", session.signals)):
        numeric = table.select_dtypes("number")
        steps = numeric.diff().iloc[1:]
        found |= {f"{name} {column} level": value for column, value in numeric.mean().items()}
        found |= {f"{name} {column} mean": value for column, value in steps.mean().items()}
        found |= {f"{name} {column} sd": value for column, value in steps.std().items()}
        found[f"{name} rows"] = float(len(table))
    frames = session.frames
    if len(frames):
        for name, lag in (
            ("lag", frames.t_flip - frames.t_sample + frames.delay),
            ("publish", frames.t_published - frames.t_received),
            ("read", frames.t_flip - frames.t_read),
        ):
            for share in (0.05, 0.5, 0.95, 0.99):
                found[f"{name} {share}"] = float(lag.quantile(share))
    counts = session.events.trial_type.value_counts()
    found |= {f"events {name}": float(n) for name, n in counts.items()}
    details = session.events.detail.dropna()
    found["length of details"] = float(details.str.len().sum())
    found["lines on the console"] = float(len(said))
    found["length on the console"] = float(sum(map(len, said)))
    return found


def told_by(content: bytes, words=TELLING):
    """Return the telling words that stand in a file's content."""
    return [word for word in words if re.search(rb"(?<!\w)" + re.escape(word).encode(), content)]


def examined(stem, said=()):
    """Return which words in a session's files tell the arm, and `seen`."""
    told = [(stem.name, word) for word in told_by("\n".join(said).encode())]
    for path in sorted(stem.parent.glob(f"{stem.name}_*")):
        same_for_all = path.name.endswith(("_events.json", "_frames.json"))
        if not same_for_all and not path.name.endswith("_sealed.bin"):
            told += [(path.name, word) for word in told_by(path.read_bytes())]
    return told, seen(stem, said)


def verified(stem):
    """Return whether an opened session's values are those of a rerun, what was shown included.

    And at which share of the samples the own value was shown.
    """
    session = read_session(stem)
    names = list(build_configuration(session.settings["configuration_at_start"]).value_names)
    signals = session.signals.dropna(subset=["shown_z"])
    values, _ = rerun(session)
    off = np.abs(values[signals.index] - signals[names].to_numpy())
    right = len(signals) > 0.9 * len(session.signals) and bool(off.max() < 1e-9)
    return right, float((signals.shown_z == signals.alpha_z).mean())


def guessed(table, arms):
    """Return how many arms a classifier guesses right, each from all other people.

    It takes the numbers in which the arms of the others differ most: one that tells is enough.
    """
    from sklearn.feature_selection import SelectKBest, f_classif
    from sklearn.model_selection import LeaveOneOut, cross_val_predict
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline

    table = table.loc[:, table.notna().all() & (table.std() > 1e-12)]
    table = (table - table.mean()) / table.std()
    model = make_pipeline(
        SelectKBest(f_classif, k=min(TAKEN, len(table.columns))),
        GaussianNB(priors=[0.5, 0.5]),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numbers that are the same in all others
        found = cross_val_predict(model, table.to_numpy(), np.asarray(arms), cv=LeaveOneOut())
    return int((found == np.asarray(arms)).sum())


def alarm(table, arms, seed=1):
    """Return how many right ones chance gives in none of `SHUFFLES` other orders of the arms."""
    random = np.random.default_rng(seed)
    return 1 + max(guessed(table, random.permutation(arms)) for _ in range(SHUFFLES))
