"""The manual's pages, made once for all of their tests."""

from __future__ import annotations

import pytest

from psychopy_nfb.guide.pages import write_pages


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """Return the folder of the manual's pages as HTML."""
    return write_pages(tmp_path_factory.mktemp("manual")).parent
