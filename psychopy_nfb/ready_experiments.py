"""``psychopy-nfb experiments``: the ready experiments, copied to where they can be changed."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from psychopy_nfb.errors import FileError, cause

FILES = (".psyexp", ".py", ".json", ".csv")
"""Kinds of files that belong to the experiments."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb experiments``."""
    parser.add_argument(
        "folder",
        nargs="?",
        default="experiments",
        metavar="FOLDER",
        help="folder to copy them to (default experiments); made if it does not exist",
    )


def main(options: argparse.Namespace) -> int:
    """Copy the experiments and say how each is started."""
    copied = copy_experiments(options.folder)
    print(f"{len(copied)} files are in {Path(options.folder).resolve()}:\n")
    for path in copied:
        print(f"  {path.name}")
    print(
        "\nOpen a .psyexp file in PsychoPy Builder, or try one of the scripts:\n"
        f"  python {Path(options.folder) / 'alpha_training.py'} --simulate"
    )
    return 0


def copy_experiments(folder: str | os.PathLike[str]) -> list[Path]:
    """Copy the ready experiments into a folder.

    Parameters
    ----------
    folder : path
        Made if it does not exist. Nothing in it is replaced.

    Returns
    -------
    list of Path
        The files in the folder, in alphabetical order.

    Raises
    ------
    FileError
        If a file of the same name with other content is there, or the folder cannot be written.
    """
    folder = Path(folder)
    sources = sorted(path for path in shipped_experiments().iterdir() if path.suffix in FILES)
    targets = [folder / path.name for path in sources]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source, target in zip(sources, targets, strict=True):
            if target.exists() and target.read_bytes() != source.read_bytes():
                raise FileError(
                    "folder",
                    os.fspath(folder),
                    f"holds another {target.name}, which is not replaced; choose another folder",
                )
        for source, target in zip(sources, targets, strict=True):
            shutil.copyfile(source, target)
    except OSError as error:
        raise FileError(
            "folder",
            os.fspath(folder),
            f"cannot be written ({cause(error)}); choose another folder",
        ) from None
    return targets


def shipped_experiments() -> Path:
    """Return the folder of the experiments that came with the package."""
    package = Path(__file__).parent
    installed = package / "experiments"
    # In a checkout they are beside the package; setup.py puts them into what is installed.
    return installed if installed.is_dir() else package.with_name("experiments")
