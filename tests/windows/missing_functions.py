"""Functions that Wine 8 lacks: complex ones for numpy and scipy, random numbers for Rust.

Windows programs get the complex functions from ``api-ms-win-crt-math-l1-1-0.dll``. A library of our
own has them, compiled from the compiler's, and passes every other function on to Wine's. A name of
the same length, written over the other in each file that calls a complex function, leads there.

What is written in Rust, such as the package cryptography, takes its random numbers from
``bcryptprimitives.dll``, which Wine 8 does not have at all. Ours lies beside Python's program,
where Windows looks first, and asks the older function, whose numbers are of the same kind.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

TOOLS = "x86_64-w64-mingw32-"
SYSTEMS = "api-ms-win-crt-math-l1-1-0.dll"
OURS = "nfb-ms-win-crt-math-l1-1-0.dll"
ONE_ARGUMENT = (
    "cacos cacosh casin casinh catan catanh ccos ccosh cexp clog conj cproj csin csinh csqrt ctan "
    "ctanh"
).split()
TO_REAL = "cabs carg cimag creal".split()
NAMES = [*ONE_ARGUMENT, *TO_REAL, "cpow"]
# Windows hands a complex number over as a structure of two. Its long double is a double.
RANDOM_NUMBERS = """
#include <stdlib.h>
#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL ProcessPrng(unsigned char *to, size_t n)
{
    while (n) {
        ULONG part = n > 0x10000000 ? 0x10000000 : (ULONG)n;
        if (!RtlGenRandom(to, part)) abort();
        to += part;
        n -= part;
    }
    return TRUE;
}
"""
KINDS = {"": ("double", ""), "f": ("float", "f"), "l": ("double", "")}


def exported(library: Path) -> list[str]:
    """Return the names of the functions that a library offers."""
    text = _dump(library)
    table = text[text.find("[Ordinal/Name Pointer] Table") :]
    return re.findall(r"^\s+\[ *\d+\].*?(\w+)$", table, re.MULTILINE)


def imported(program: Path) -> set[str]:
    """Return the names of the functions that a program takes from the mathematical library."""
    names: set[str] = set()
    taking = False
    for line in _dump(program).splitlines():
        if "DLL Name:" in line:
            taking = line.split(":")[1].strip().lower() == SYSTEMS
        elif taking and (function := re.match(r"\t[0-9a-f]+\t +\d+  (\w+)$", line)):
            names.add(function[1])
    return names


def _dump(path: Path) -> str:
    command = [f"{TOOLS}objdump", "--private-headers", str(path)]
    return subprocess.run(command, capture_output=True, text=True, errors="replace").stdout


def source() -> str:
    """Return the functions in C; those with a number as result keep it, others return a pair."""
    lines = ["#include <complex.h>"]
    for kind in ("double", "float"):
        lines += [
            f"typedef struct {{ {kind} re, im; }} {kind}_pair;",
            f"static {kind} complex {kind}_in({kind}_pair p)",
            f"{{ union {{ {kind}_pair p; {kind} complex z; }} u = {{p}}; return u.z; }}",
            f"static {kind}_pair {kind}_out({kind} complex z)",
            f"{{ union {{ {kind} complex z; {kind}_pair p; }} u = {{z}}; return u.p; }}",
        ]
    for suffix, (kind, theirs) in KINDS.items():
        for name in NAMES:
            second = f", {kind}_pair q" if name == "cpow" else ""
            call = f"{name}{theirs}({kind}_in(p){f', {kind}_in(q)' if second else ''})"
            real = name in TO_REAL
            result = kind if real else f"{kind}_pair"
            value = call if real else f"{kind}_out({call})"
            lines.append(
                f"{result} our_{name}{suffix}({kind}_pair p{second}) {{ return {value}; }}"
            )
    lines.append("int DllMain(void *h, unsigned why, void *r) { return 1; }")
    return "\n".join(lines) + "\n"


def supply(python: Path, build: Path) -> int:
    """Make both libraries; return how many files in `python` take complex functions from ours."""
    supply_random_numbers(python, build)
    return supply_complex_functions(python, build)


def supply_random_numbers(python: Path, build: Path) -> None:
    """Make the library of random numbers, whose only function never fails."""
    (build / "random.c").write_text(RANDOM_NUMBERS)
    command = [f"{TOOLS}gcc", "-O1", "-shared", build / "random.c", "-ladvapi32"]
    subprocess.run([*command, "-o", python / "bcryptprimitives.dll"], check=True)


def supply_complex_functions(python: Path, build: Path) -> int:
    """Make the library and lead the files in `python` that need it there; return how many."""
    complex_names = {name + suffix for name in NAMES for suffix in KINDS}
    files, others = [], set()
    for path in sorted(python.rglob("*")):
        if path.suffix.lower() in (".dll", ".pyd") and SYSTEMS.encode() in path.read_bytes():
            names = imported(path)
            if names & complex_names:
                files.append(path)
                others |= names - complex_names
    definition = [f"LIBRARY {OURS}", "EXPORTS"]
    definition += [f"  {name} = our_{name}" for name in sorted(complex_names)]
    definition += [f"  {name} = ucrtbase.{name}" for name in sorted(others)]
    (build / "complex.c").write_text(source())
    (build / "complex.def").write_text("\n".join(definition) + "\n")
    command = [f"{TOOLS}gcc", "-O1", "-shared", "-static-libgcc"]
    command += [build / "complex.c", build / "complex.def", "-o", python / OURS]
    subprocess.run(command, check=True)
    for path in files:
        path.write_bytes(path.read_bytes().replace(SYSTEMS.encode(), OURS.encode()))
    return len(files)
