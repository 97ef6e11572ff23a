"""`psychopy-nfb guide` as a person calls it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from psychopy_nfb.cli import main


def test_it_opens_the_page_in_the_browser(tmp_path):
    browser = tmp_path / "browser.py"
    browser.write_text(
        "import pathlib, sys\n"
        f"pathlib.Path({str(tmp_path / 'opened')!r}).write_text(sys.argv[1], encoding='utf-8')\n",
        encoding="utf-8",
    )
    own = {"HOME": str(tmp_path), "APPDATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "psychopy_nfb.cli", "guide", "troubleshooting"],
        env={**os.environ, **own, "BROWSER": f'"{sys.executable}" "{browser}" %s'},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    page = Path(done.stdout.strip())
    assert (tmp_path / "opened").read_text(encoding="utf-8") == page.as_uri()
    assert page.name == "troubleshooting.html"
    assert "psychopy-nfb inspect" in page.read_text(encoding="utf-8")
    assert page.is_relative_to(tmp_path)


def test_pages_are_written_where_one_wants_them(tmp_path, capsys):
    assert main(["guide", "files", "--out", str(tmp_path / "manual")]) == 0
    assert Path(capsys.readouterr().out.strip()) == tmp_path / "manual" / "files.html"
    assert (tmp_path / "manual" / "pictures" / "demo.png").is_file()


def test_a_page_that_is_not_there_is_one_sentence(capsys):
    assert main(["guide", "fles"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("psychopy-nfb guide: page='fles'")
    assert "'files'" in said
    assert said.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["guide", "--out", str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err
