"""Who holds a lock of a study."""

import os

import pytest

from psychopy_nfb.errors import FileError
from psychopy_nfb.study.locks import Lock


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_does_not_release_its_parents_lock(tmp_path):
    with Lock(tmp_path / "locks" / "sub-01.lock", "Session 1 of participant 01") as lock:
        child = os.fork()
        if child == 0:
            lock.release()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        with pytest.raises(FileError, match="Session 1 of participant 01 is under way"):
            Lock(lock.path, "Session 1 of participant 01")
    assert not lock.path.exists()
