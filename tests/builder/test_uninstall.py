"""Installed as a person does it, and taken away again: PsychoPy goes on working."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow]
ROOT = Path(__file__).parents[2]
OURS = ("psychopy_nfb", "psychopy-nfb", "__editable__")

LOOK = """
import json
from psychopy import experiment, plugins
from psychopy.experiment import getAllComponents
plugins.activatePlugins()
components = getAllComponents()
exp = experiment.Experiment()
exp.loadFromXML({path!r})
print("FOUND", json.dumps({{
    "ours": "NeuroFeedbackComponent" in components,
    "text": "TextComponent" in components,
    "kept": [one.name for routine in exp.routines.values() for one in routine],
    "text_in_script": "visual.TextStim" in exp.writeScript(expPath="x.py"),
}}))
"""


class OtherEnvironment:
    """All that is installed here, by links, but this package."""

    def __init__(self, folder):
        self.folder = folder
        venv.create(folder / "venv", with_pip=True)
        self.python = str(folder / "venv" / "bin" / "python")
        there = Path(
            self.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        )
        for one in Path(sysconfig.get_path("purelib")).iterdir():
            if not one.name.startswith(OURS) and not (there / one.name).exists():
                (there / one.name).symlink_to(one)

    def run(self, *words):
        """Run its Python without this environment's paths."""
        ran = subprocess.run(
            [self.python, *words],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.folder,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        assert ran.returncode == 0, ran.stderr[-2000:]
        return ran.stdout

    def look(self, experiment):
        """Return what PsychoPy finds there."""
        said = self.run("-c", LOOK.format(path=str(experiment)))
        (found,) = (line for line in said.splitlines() if line.startswith("FOUND"))
        return json.loads(found.removeprefix("FOUND"))


@pytest.mark.skipif(os.name == "nt", reason="links need an administrator on Windows")
def test_without_the_plugin_psychopy_works_and_keeps_what_it_does_not_know(builder, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="1", simulate="always")
    builder.add("TextComponent", "words", stopVal="1")
    path = builder.save(tmp_path / "one.psyexp")
    source = tmp_path / "source"  # pip builds beside the source
    for name in ("psychopy_nfb", "experiments"):
        shutil.copytree(ROOT / name, source / name)
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    other = OtherEnvironment(tmp_path)
    other.run("-m", "pip", "install", "--no-deps", "--no-build-isolation", str(source))
    assert other.look(path)["ours"]
    other.run("-m", "pip", "uninstall", "-y", "psychopy-nfb")
    assert other.look(path) == {
        "ours": False,
        "text": True,
        "kept": ["trial", "nfb", "words"],
        "text_in_script": True,
    }
