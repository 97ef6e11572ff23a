"""Which steps an error lists for people."""

from __future__ import annotations

import pytest

from psychopy_nfb.dsp import Pipeline
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.settings import from_dict


@pytest.mark.parametrize("name", ["Pikc", "Burm"])
def test_a_step_for_tests_is_not_offered(name):
    with pytest.raises(SettingsError) as told:
        from_dict(Pipeline, {"steps": [{"type": name}]})
    assert "Known: " in str(told.value)
    assert "Pick" in str(told.value)
    assert "Burn" not in str(told.value)
