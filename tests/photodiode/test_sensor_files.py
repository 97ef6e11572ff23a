"""A light sensor in .xdf files whose samples were lost or stamped unevenly."""

from __future__ import annotations

import numpy as np
import pytest
from display_simulation import simulate_display
from examined_light import edge_errors
from xdf_writing import lab_recorder

from psychopy_nfb.photodiode import light_times
from psychopy_nfb.photodiode.sensor_files import choose, read_channels
from psychopy_nfb.photodiode.sensor_stamps import steady_stamps

pytest.importorskip("pyxdf", reason="needs pyxdf")

RATE = 1000.0


@pytest.mark.parametrize("seconds", [0.005, 0.06, 0.5, 3.0])
def test_samples_lost_in_an_xdf_are_lost_light_and_no_missed_frames(seconds, tmp_path, caplog):
    simulated = simulate_display(np.random.default_rng([3, int(1e3 * seconds)]), RATE, 16.0)
    since = simulated.stamps - simulated.stamps[0]
    kept = (since < 7) | (since > 7 + seconds)
    simulated.values, simulated.stamps = simulated.values[kept], simulated.stamps[kept]
    path = lab_recorder(tmp_path / "recorded.xdf", simulated, rate=RATE)
    channel = choose(read_channels(path), "AUX7", path)
    found = light_times(simulated.frames, channel.values, channel.stamps)
    assert found.summary.missed == found.summary.repeated == 0
    assert abs(found.summary.lost - seconds * 60) <= 5
    errors = edge_errors(simulated, found)
    assert np.sqrt(np.mean(errors**2)) <= 0.5 / RATE
    assert "1 gap," in caplog.text


class TestStampsWithoutJitter:
    """Lost samples are told from samples that came late, and where they were lost."""

    n = 20_000

    def jittered(self, rng, missing):
        lost = np.arange(self.n) >= self.n // 2
        true = (np.arange(self.n) / RATE + missing * lost) * (1 + 5e-5)
        return true, true + np.repeat(rng.exponential(0.001, self.n // 20), 20)

    @pytest.mark.parametrize("missing", [0.02, 0.1, 0.5])
    def test_a_gap_is_found_at_its_sample(self, rng, missing):
        true, recorded = self.jittered(rng, missing)
        steady, gaps = steady_stamps(recorded)
        assert [row for row, _ in gaps] == [self.n // 2]
        assert abs(gaps[0][1] - missing) < 0.002
        assert np.std(steady - true) < 1e-4

    def test_jitter_alone_is_no_gap(self, rng):
        true, recorded = self.jittered(rng, 0.0)
        steady, gaps = steady_stamps(recorded)
        assert gaps == []
        assert np.std(steady - true) < 1e-4

    def test_samples_held_up_once_are_no_gap(self):
        recorded = np.arange(self.n) / RATE
        recorded[5000:5040] += 0.3
        assert [row for row, _ in steady_stamps(recorded)[1]] in ([], [5000, 5040])

    @pytest.fixture(params=range(3))
    def rng(self, request):
        return np.random.default_rng(request.param)


def test_what_is_read_has_the_channels_labels(tmp_path):
    simulated = simulate_display(np.random.default_rng(1), RATE, 5.0)
    path = lab_recorder(tmp_path / "recorded.xdf", simulated, rate=RATE)
    assert [one.name for one in read_channels(path)] == ["Fz", "Oz", "AUX7"]
