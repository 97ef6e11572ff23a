"""PsychoPy's Session runs an experiment of ours, and the same again, in one process."""

from __future__ import annotations

import json

import pytest

from psychopy_nfb.recording import read_session

pytestmark = [pytest.mark.display, pytest.mark.slow]

RUN_TWICE = """
import json, sys
from pathlib import Path
from psychopy import plugins
plugins.activatePlugins()
from psychopy.session import Session
import psutil

root = Path(sys.argv[1])
session = Session(root=root)
for key in ("whole", "broken"):
    session.addExperiment(root / key / f"{key}.psyexp", key=key)
session.setupWindowFromExperiment("whole")
done = []
for key in ("whole", "broken", "whole"):
    info = session.getExpInfoFromExperiment(key)
    try:
        done.append(bool(session.runExperiment(key, expInfo=info)))
    except ZeroDivisionError:
        done.append("raised")
children = psutil.Process().children(recursive=True)
workers = [child for child in children if "worker" in " ".join(child.cmdline())]
print("DONE", json.dumps({"done": done, "workers": len(workers)}))
session.close()
"""


def test_session_runs_an_experiment_again_also_after_one_that_failed(builder, run_script, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="1.5", simulate="always")
    builder.add("FeedbackDisplayComponent", "bar", value="nfb.value", stopVal="1.5")
    (tmp_path / "whole").mkdir()
    builder.save(tmp_path / "whole" / "whole.psyexp")
    builder.code(each_frame="if frameN > 20:\n    1 / 0")
    (tmp_path / "broken").mkdir()
    builder.save(tmp_path / "broken" / "broken.psyexp")
    script = tmp_path / "run_twice.py"
    script.write_text(RUN_TWICE, encoding="utf-8")
    ran = run_script(script, str(tmp_path))
    said = [line for line in ran.stdout.splitlines() if line.startswith("DONE")]
    assert said, ran.stderr[-2000:]
    found = json.loads(said[0].removeprefix("DONE"))
    assert found["done"][0] is True
    assert found["done"][2] is True
    assert found["workers"] == 0, "each run ends its worker"
    sessions = sorted(tmp_path.glob("**/*_nfb.json"))
    assert len(sessions) == 3, "a run of its own for each"
    for settings in sessions:
        assert (read_session(settings).frames.shown.notna()).sum() > 10
