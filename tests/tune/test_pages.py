"""Figures and pages of tune and spatial: what a reader needs stands on them."""

from __future__ import annotations

import argparse
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.text import Text

from psychopy_nfb.dsp import WCFIR, SpatialFit
from psychopy_nfb.dsp.estimators import ESTIMATORS
from psychopy_nfb.tune.command import _write_page
from psychopy_nfb.tune.figure import quality_figure
from psychopy_nfb.tune.scores import Score
from psychopy_nfb.tune.spatial_command import _title
from psychopy_nfb.tune.tuning import Entry

CHANNELS = ("Fp1", "Fp2", "F3", "F4", "C3", "Cz", "C4", "P3", "Pz", "P4", "O1", "O2")


@pytest.fixture
def entries():
    """Return all estimators at some delays, one of them without phase."""
    step = WCFIR((8.0, 12.0), delay=0.05)
    return [
        Entry(name, delay, Score(0.6 + delay + 0.02 * place, math.nan if place == 0 else 0.7), step)
        for place, name in enumerate(ESTIMATORS)
        for delay in (0.0, 0.05, 0.1)
    ]


def words(figure):
    figure.draw_without_rendering()
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


def test_curves_of_the_estimators_are_told_apart_without_colour(entries):
    figure = quality_figure(entries, entries[4])
    curves = [line for line in figure.axes[0].lines if line.get_label() in ESTIMATORS]
    looks = {(line.get_linestyle(), line.get_marker()) for line in curves}
    assert len(curves) == len(looks) == len(ESTIMATORS)
    assert all(text.get_fontsize() >= 8 for text in words(figure))
    said = {text.get_text() for text in words(figure)}
    assert f"recommended: {entries[4].estimator}" in said
    assert "best at its delay" in said


def test_each_name_on_the_page_is_explained_and_the_file_s_use_is_said(entries, tmp_path):
    options = argparse.Namespace(band=(8.0, 12.0), recording="rest.set", channel="Oz")
    recording = SimpleNamespace(seconds=120.0)
    settings, path = tmp_path / "tune_rest.json", tmp_path / "page.html"
    _write_page(path, settings, options, recording, entries, entries[4])
    page = re.sub(r"<[^>]*>", " ", path.read_text(encoding="utf-8").replace("&#34;", '"'))
    for name in ESTIMATORS:
        assert ESTIMATORS[name].meaning in page.replace("&#39;", "'")
    assert f'Neurofeedback("{settings}")' in page
    assert f'--settings "{settings}"' in page
    assert "Settings file" in page


def test_maps_have_names_of_electrodes_one_scale_and_its_unit():
    pytest.importorskip("mne")
    from psychopy_nfb.tune.topography import topographies

    patterns = np.random.default_rng(4).normal(size=(len(CHANNELS), len(CHANNELS)))
    fit = SpatialFit(CHANNELS, patterns, patterns, np.arange(12.0, 0, -1))
    figure = topographies(fit, 3, ["one", "two", "three"])
    *maps, bar = figure.axes
    for axes in maps[:3]:
        assert {text.get_text() for text in axes.texts} == set(CHANNELS)
        assert {image.get_clim() for image in axes.images} == {(-1, 1)}
    assert "share of the strongest electrode" in bar.get_xlabel()
    assert all(text.get_fontsize() >= 8 for text in words(figure))


@pytest.mark.parametrize(
    ("options", "score", "said"),
    [
        ({"method": "ssd"}, 32.09, "32.1 times the power beside the band"),
        ({"method": "csp", "states": ("closed", "open")}, 0.97, "closed: 97 %"),
        ({"method": "csp", "states": ("closed", "open")}, 0.02, "open: 98 %"),
        ({"method": "spoc", "target": "EMG"}, -0.31, "power −31 % for one SD of EMG, p = 0.002"),
    ],
)
def test_what_components_are_ordered_by_has_words(options, score, said):
    one = np.ones((1, 1))
    fit = SpatialFit(("Oz",), one, one, np.array([score]), np.array([0.002]))
    assert _title(argparse.Namespace(**options), fit, 0) == f"Component 1\n{said}"
