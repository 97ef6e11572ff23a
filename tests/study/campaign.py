"""A whole study, simulated: from the allocation to the report, with crashes in it.

``python tests/study/campaign.py --seed 1`` plans a study of two arms, own feedback and a yoked
sham, with learners and people who do not learn in each arm. Most sessions run faster than they last
(see `accelerated`); those that are killed or interrupted run in real time, in processes of their
own, on streams of others. It prints what came out in one line for each thing that is asked, and
ends with 1 if one of them is not as it must be.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

from simulated_study import ALL_ENDINGS, BLOCKS, PASSPHRASE, SimulatedStudy
from visible import alarm, examined, guessed, told_by, verified

WHY = ("--who", "A. Meyer", "--why", "the study is over", "--yes")

FEWEST_FOR_CLASSIFIER = 12
"""People: of fewer a classifier learns nothing."""


class Campaign:
    """Looks whether a simulated study is as it must be.

    Parameters
    ----------
    study : SimulatedStudy
        The study, before its begin.
    """

    def __init__(self, study):
        self.study, self.failures = study, []
        self.command = study.command

    def tell(self, right, sentence):
        """Print what came out."""
        print(f"{'ok    ' if right else 'FAILED'} {sentence}", flush=True)
        if not right:
            self.failures.append(sentence)

    def run(self):
        """Do all of it; return whether it is as it must be."""
        begun, study = time.monotonic(), self.study
        study.make()
        study.take_part()
        self.report(study.place / "blind")
        self.tell_of_sessions(study.place / "blind" / "study.csv")
        self.look_while_blind()
        self.refuse_the_wrong()
        self.open()
        self.tell_of_learning()
        minutes = (time.monotonic() - begun) / 60
        people, runs = len(study.people), len(study.people) * study.sessions
        print(
            f"seed {study.seed}: {people} people, {runs} sessions, {len(study.endings)} of them "
            f"killed or interrupted, {minutes:.1f} min: "
            + ("all as it must be" if not self.failures else f"{len(self.failures)} FAILED")
        )
        return not self.failures

    def pool(self):
        """Return processes that look at sessions."""
        return ProcessPoolExecutor(self.study.processes, get_context("spawn"))

    def runs(self):
        """Return all runs of the register."""
        from psychopy_nfb.study.plan import StudyFolder
        from psychopy_nfb.study.register import Register

        return Register(StudyFolder(self.study.folder)).runs()

    def tell_of_sessions(self, table):
        """Look whether each session is there once, in the register, the data and a report."""
        study, runs = self.study, self.runs()
        finished = [(run.participant, run.number) for run in runs if run.state == "finished"]
        wanted = [(one, n) for one in sorted(study.people) for n in range(1, study.sessions + 1)]
        self.tell(
            sorted(finished) == wanted,
            f"sessions: {len(set(finished))} of {len(wanted)} finished, "
            f"{len(finished) - len(set(finished))} twice; {len(runs) - len(finished)} other runs",
        )
        stems = {Path(run.stem).name for run in runs}
        data = study.folder / "data"
        there = {path.name.removesuffix("_nfb.json") for path in data.glob("*_nfb.json")}
        self.tell(stems == there, f"recordings: {len(there)}, each is of one run of the register")
        table = pd.read_csv(table, dtype={"participant": str})
        blocks = table[(table.kind == "feedback") & (table.measure == "z_own")]
        counts = blocks.groupby(["participant", "session"]).size()
        self.tell(
            len(counts) == len(wanted) and (counts == BLOCKS).all() and table.arm.isna().all(),
            f"blocks with feedback in the report: {sorted(set(counts))} of each session",
        )

    def look_while_blind(self):
        """Look at everything that can be seen, by words and by a classifier."""
        study, runs = self.study, self.runs()
        said = [self.command("study", "status", study.folder)]
        pages = [one for one in (study.place / "blind").glob("*.*") if one.suffix != ".png"]
        said += [path.read_text("utf-8") for path in pages]
        said += [
            self.command("study", what, study.folder, *more, status=2)
            for what, more in (("contingency", ()), ("next", ("01",)))
        ]
        told = [("reports and commands", one) for text in said for one in told_by(text.encode())]
        stems = [study.folder / run.stem for run in runs]
        with self.pool() as pool:
            seen = list(pool.map(examined, stems, [study.said.get(one.name, []) for one in stems]))
        rows = []
        for run, (words, numbers) in zip(runs, seen, strict=True):
            content = (study.folder / "sessions" / run.name).read_bytes()
            told += [*words, *((run.name, word) for word in told_by(content))]
            if (run.run, run.state) == (1, "finished"):
                rows.append({"who": run.participant, **numbers})
        self.tell(not told, f"words that tell an arm in {len(runs)} runs: {told[:3] or 'none'}")
        if len(study.people) >= FEWEST_FOR_CLASSIFIER:
            table = pd.DataFrame(rows).set_index("who")
            table = table.loc[:, table.notna().all()].groupby("who").mean()
            arms = [study.arms[label] for label in table.index]
            self.seen = table
            right, most = guessed(table, arms), alarm(table, arms)
            self.tell(
                right < most,
                f"classifier while blind: {right} of {len(arms)} right, alarm from {most} on, "
                f"{len(table.columns)} numbers of each",
            )

    def report(self, out):
        """Write the study's report."""
        self.command("study", "report", self.study.folder, "--out", out)

    def refuse_the_wrong(self):
        """Try a wrong passphrase, another study's key, and a changed file of each kind."""
        study, right = self.study, f"{PASSPHRASE}\n"

        def refused(key=study.key, types=right):
            return self.command(
                "study", "unblind", study.folder, "--key", key, *WHY, types=types, status=2
            )

        other, key = study.place / "other", study.place / "other.json"
        arms = ("--arm", "real=own", "--arm", "down=inverse")
        self.command("study", "new", other, "--name", "O", "--sessions", 1, *arms)
        self.command("study", "allocate", other, "--key", key, types=right)
        said = [refused(types="wrong\n"), refused(key=key)]
        data = study.folder / "data"
        first = min(data.glob("*_sealed.bin")).name.removesuffix("_sealed.bin")
        endings = ("_sealed.bin", "_eeg.xdf", "_events.tsv")
        kinds = [data / f"{first}{ending}" for ending in endings]
        for path in (*kinds, study.folder / "allocation.json", study.key):
            kept = path.read_bytes()
            changed = bytearray(kept)
            changed[-40 if path.suffix == ".json" else len(kept) // 2] ^= 1
            path.write_bytes(changed)
            said.append(refused())
            path.write_bytes(kept)
        nothing = not (study.folder / "arms.csv").exists() and not [*data.glob("*_opened.npz")]
        self.tell(
            nothing and {one.count("\n") for one in said} == {1},
            f"wrong keys and changed files: {len(said)} refused in one sentence each, nothing "
            "opened",
        )

    def open(self):
        """Unblind, and look whether what was shown is what it should have been."""
        study, runs = self.study, self.runs()
        typed = f"{PASSPHRASE}\n"
        self.command("study", "unblind", study.folder, "--key", study.key, *WHY, types=typed)
        with self.pool() as pool:
            found = list(pool.map(verified, [study.folder / run.stem for run in runs]))
        differ = [run.name for run, (right, _) in zip(runs, found, strict=True) if not right]
        self.tell(
            not differ,
            f"shown values: those of {len(runs) - len(differ)} of {len(runs)} runs are those of a "
            f"rerun {differ[:3] or ''}",
        )
        rows = [
            {"who": run.participant, "same": one} for run, (_, one) in zip(runs, found, strict=True)
        ]
        table = pd.DataFrame(rows).groupby("who").mean()
        arms = [study.arms[label] for label in table.index]
        if len(arms) >= FEWEST_FOR_CLASSIFIER:
            # One number more that tells: a classifier that did not find it would prove nothing.
            right = guessed(self.seen.join(table.same), arms)
            self.tell(
                right == len(arms),
                f"the same classifier after unblinding: {right} of {len(arms)} right",
            )

    def tell_of_learning(self):
        """Compare slopes with those that were planted, and the arms' contingency."""
        from psychopy_nfb.analysis import between_sessions

        study = self.study
        said = self.command("study", "contingency", study.folder)
        table = pd.read_csv(study.folder / "contingency.csv", dtype={"participant": str})
        by_session = table.groupby(["arm", "participant", "session"]).r.mean().groupby("arm")
        mean, low, high = by_session.mean(), by_session.min(), by_session.max()
        self.tell(
            mean["real"] > 0.95 and low["real"] > 0.95,
            f"contingency, own feedback: {mean['real']:.3f} (least of a session {low['real']:.3f})",
        )
        self.tell(
            abs(mean["sham"]) < 0.1,
            f"contingency, yoked sham: {mean['sham']:+.3f} (sessions {low['sham']:+.3f} to "
            f"{high['sham']:+.3f})",
        )
        assert set(table.arm) == {"real", "sham"}, said
        out = study.folder / "report"
        self.report(out)
        text = dict.fromkeys(("participant", "session", "arm"), str)
        slopes = between_sessions(pd.read_csv(out / "study.csv", dtype=text))
        held = {True: [], False: []}
        for row in slopes.itertuples():
            person = study.people[row.participant]
            planted = person.slope / self._baseline_sd(row.participant)
            held[person.slope > 0].append(row.low <= planted <= row.high)
        for learns, what in ((True, "the planted slope"), (False, "0")):
            inside, n = sum(held[learns]), len(held[learns])
            who = "learners" if learns else "non-learners"
            self.tell(
                inside >= int(0.9 * n),
                f"{who}: {what} is inside the 95 % interval of {inside} of {n}",
            )

    def _baseline_sd(self, label):
        """Return the standard deviation of the person's baseline, which z is counted in."""
        path = self.study.folder / "sessions" / f"sub-{label}_ses-01_run-01_calibration.json"
        content = json.loads(path.read_text("utf-8"))
        return content["signals"]["alpha"]["baseline"]["sd"]


def main(arguments=None):
    """Run a study; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=20, help="in each arm; default %(default)s")
    parser.add_argument("--sessions", type=int, default=6)
    parser.add_argument("--broken", type=int, default=len(ALL_ENDINGS), help="sessions cut off")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder that is kept; default a temporary one")
    options = parser.parse_args(arguments)
    place = options.keep or Path(tempfile.mkdtemp(prefix="nfb_study_"))
    place.mkdir(parents=True, exist_ok=True)
    kinds = list(dict.fromkeys(ALL_ENDINGS))  # of fewer, one of each first
    endings = ALL_ENDINGS if options.broken >= len(ALL_ENDINGS) else kinds[: options.broken]
    sizes = (options.people, options.sessions, endings, options.processes)
    try:
        right = Campaign(SimulatedStudy(place, options.seed, *sizes)).run()
    finally:
        if options.keep is None:
            shutil.rmtree(place, ignore_errors=True)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
