"""What is installed with `pip install psychopy-nfb`."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent


def version() -> str:
    """Return the version that the package itself states, without importing it."""
    for line in (HERE / "psychopy_nfb" / "__init__.py").read_text(encoding="utf-8").splitlines():
        if line.startswith("__version__"):
            return line.split('"')[1]
    raise RuntimeError("psychopy_nfb/__init__.py states no __version__")


readme = HERE / "README.md"

setup(
    name="psychopy-nfb",
    version=version(),
    description="EEG neurofeedback for PsychoPy, with a known and minimal lag",
    long_description=readme.read_text(encoding="utf-8") if readme.exists() else "",
    long_description_content_type="text/markdown",
    license_expression="GPL-3.0-or-later",
    license_files=["LICENSE"],
    keywords=["EEG", "neurofeedback", "PsychoPy", "LabStreamingLayer", "brain-computer interface"],
    classifiers=[
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Topic :: Scientific/Engineering :: Human Machine Interfaces",
    ],
    python_requires=">=3.10,<3.13",  # as PsychoPy's
    # The ready experiments lie beside the package and are installed inside it.
    packages=[
        *find_packages(include=["psychopy_nfb", "psychopy_nfb.*"]),
        "psychopy_nfb.experiments",
    ],
    package_dir={"psychopy_nfb.experiments": "experiments"},
    include_package_data=False,
    package_data={
        "psychopy_nfb": [
            *("**/*.json", "**/*.png", "**/*.svg", "**/*.html", "**/*.css", "**/*.md"),
            *("py.typed", "**/*.pyi"),  # what editors complete
        ],
        "psychopy_nfb.experiments": ["*.psyexp", "*.json", "*.csv"],
    },
    install_requires=[
        "psychopy",
        "numpy",
        "scipy>=1.12",  # the first with isotonic_regression; PsychoPy 2026.1 wants one before 1.15
        "pandas",
        "pylsl>=1.18.4",  # the first whose pull_chunk can wait for one sample and take all
        "psutil",  # whether the experiment's process still lives, on any system
        "jinja2",  # the pages with figures and verdicts
        "markdown-it-py",  # the manual's pages
        "griffelib",  # its reference, from the docstrings; imports nothing of what it reads
        "mss",  # reads the screen's own pixels on any system: the virtual light sensor
        "matplotlib",  # their figures; PsychoPy brings it too
        "tqdm",  # progress bars of the commands that take a while
    ],
    extras_require={
        "files": [
            "mne",  # recordings in .fif, .set, .vhdr, .edf
            "pyxdf",  # recordings in .xdf, our own among them
        ],
        "asr": [
            "meegkit>=0.2",  # the step ASR learns from a baseline with it
        ],
        "bids": [
            "pyxdf",  # the sessions
            "pybv",  # their EEG as BrainVision files
        ],
        "study": [
            "pyxdf",
            "statsmodels",  # mixed models of several people's sessions
            "cryptography>=38",  # seals the allocation and what a blinded session shows
        ],
        "console": [
            "bokeh>=3.8",  # the operator's page: server, figures, widgets, their JavaScript
        ],
        "osc": [
            "python-osc>=1.9",  # values and commands of a session for programs that speak OSC
        ],
        "dev": [
            "pytest>=8",
            "pytest-xdist>=3.7",  # tests that only compute run side by side
            "ruff",
            "mypy",  # finds what Windows or macOS lack, on any system
            "meegkit>=0.2",  # ASR; also what it and others are compared with
            "cryptography>=38",  # studies
            "asrpy",  # another ASR, which cleans a whole recording at once
            "scikit-learn",  # what LDA is compared with; MNE's decoding needs it
            "hypothesis",  # hostile settings and files: python -m tests.faults.fuzz
            "pybv",
            "statsmodels",
            "mne-bids",  # reads the datasets that we write
            "bids-validator-deno",  # the official judge of them
            "bokeh>=3.8",  # the operator's page
            "python-osc>=1.9",  # a third program that speaks OSC
            "playwright",  # opens it in a real Chromium, where there is one
            "esprima",  # PsychoPy's own tests for Builder components compile to JavaScript too
        ],
    },
    entry_points={
        "console_scripts": ["psychopy-nfb=psychopy_nfb.cli:main"],
        # Groups that PsychoPy resolves. One of our own must not begin with "psychopy".
        "psychopy.experiment.components": [
            "NeuroFeedbackComponent=psychopy_nfb.builder.neurofeedback:NeuroFeedbackComponent",
            "FeedbackDisplayComponent=psychopy_nfb.builder.feedback_display:FeedbackDisplayComponent",
            "DiodePatchComponent=psychopy_nfb.builder.diode_patch:DiodePatchComponent",
        ],
        "psychopy.experiment.devices": [
            "LSLLightSensorBackend=psychopy_nfb.builder.light_sensor:LSLLightSensorBackend",
        ],
        "psychopy.hardware.lightsensor": [
            "LSLLightSensor=psychopy_nfb.hardware.light_sensor:LSLLightSensor",
        ],
        "psychopy.experiment.routines": [
            "NeuroBlockRoutine=psychopy_nfb.builder.neuro_block:NeuroBlockRoutine",
            "NeuroBaselineRoutine=psychopy_nfb.builder.baseline:NeuroBaselineRoutine",
            "SignalCheckRoutine=psychopy_nfb.builder.signal_check:SignalCheckRoutine",
        ],
    },
)
