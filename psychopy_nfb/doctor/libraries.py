"""The looks of `psychopy-nfb check` at Python, its packages and the libraries that they need."""

from __future__ import annotations

import ctypes
import importlib.metadata
import platform
import sys
from collections.abc import Sequence

from psychopy_nfb.doctor.finding import Finding
from psychopy_nfb.errors import cause

CPP_RUNTIME = ("MSVCP140.dll", "VCRUNTIME140.dll", "VCRUNTIME140_1.dll")
"""What liblsl needs of Windows, which brings none of them by itself."""


def check_python() -> list[Finding]:
    """Look at the Python that runs this and at PsychoPy's version."""
    try:
        psychopy = importlib.metadata.version("psychopy")
    except importlib.metadata.PackageNotFoundError:
        psychopy = ""
    return [
        Finding(
            "Python",
            (3, 10) <= sys.version_info[:2] < (3, 13),
            f"{platform.python_version()} on {platform.platform()}",
            "use Python 3.10 to 3.12, the ones that PsychoPy runs on",
        ),
        Finding("PsychoPy", bool(psychopy), psychopy or "not installed", "pip install psychopy"),
    ]


def check_runtime(libraries: Sequence[str] = CPP_RUNTIME) -> list[Finding]:
    """Look on Windows for the libraries without which liblsl cannot be loaded."""
    if sys.platform != "win32":
        return []
    missing = [name for name in libraries if not _loads(name)]
    return [
        Finding(
            "Visual C++ runtime",
            not missing,
            f"missing: {', '.join(missing)}" if missing else "installed",
            "install Microsoft's Visual C++ Redistributable for x64 from "
            "https://aka.ms/vs/17/release/vc_redist.x64.exe, then start PsychoPy again",
        )
    ]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def check_lsl() -> list[Finding]:
    """Look for the LSL library; a finding without a version means that it does not load."""
    try:
        import pylsl

        version = pylsl.library_version()
    except (ImportError, RuntimeError, OSError) as error:
        return [
            Finding(
                "liblsl",
                False,
                f"does not load ({cause(error).split('. ')[0]})",
                "pip install --upgrade --force-reinstall pylsl. What needs LSL was left out",
            )
        ]
    return [
        Finding(
            "liblsl",
            version >= 116,
            f"{version // 100}.{version % 100}",
            "pip install --upgrade pylsl: versions before 1.16 wake up late",
        )
    ]


def lsl_loads() -> bool:
    """Return whether pylsl can be imported, with the library in it."""
    try:
        import pylsl  # noqa: F401
    except (ImportError, RuntimeError, OSError):
        return False
    return True
