"""What may be asked of a session from outside, and where sessions are found."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys

import pytest
from hostile import ALMOST, ANYTHING
from hypothesis import given, settings

from psychopy_nfb.console.remote import read_words
from psychopy_nfb.engine.operator_commands import (
    COMMANDS,
    LONGEST_NOTE,
    LONGEST_REQUEST,
    check_request,
    read_json,
    read_number,
)
from psychopy_nfb.engine.running_sessions import announce, find_session, running_sessions, withdraw
from psychopy_nfb.errors import FileError, SettingsError


@settings(max_examples=300, deadline=None)
@given(ANYTHING | ALMOST)
def test_a_message_is_a_checked_command_or_a_sentence(message):
    try:
        request = check_request(message)
    except SettingsError as error:
        said = str(error)
    else:
        check_arguments(request)
        return
    assert said.endswith((".", "?"))


def check_arguments(request):
    assert request.arguments.keys() == COMMANDS[request.do].keys()
    for value in request.arguments.get("changes", {}).values():
        assert math.isfinite(value)


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ({"do": "set", "changes": {"pipeline": 1}}, "pipeline"),
        ({"do": "set", "changes": {"threshold": True}}, "threshold"),
        ({"do": "set", "changes": {"threshold": 10**400}}, "threshold"),
        ({"do": "set", "changes": {"threshold": math.nan}}, "threshold"),
        ({"do": "set", "changes": {"threshold": {"type": "Success"}}}, "threshold"),
        ({"do": "set", "changes": {}}, "changes"),
        ({"do": "pause", "now": 1}, "now"),
        ({"do": "note", "text": " \n"}, "text"),
        ({"do": "note", "text": "x" * (LONGEST_NOTE + 1)}, "text"),
        ({"do": "note", "text": "a\x07b"}, "text"),
        ({"do": "set", "changes": {"threshold": 1}, "signal": 3}, "signal"),
        ({"do": "set", "changes": {"threshold": 1e9}}, "threshold"),
        (["do", "pause"], "request"),
    ],
)
def test_what_is_wrong_is_named(message, named):
    with pytest.raises(SettingsError) as caught:
        check_request(message)
    assert caught.value.parameter == named


@pytest.mark.parametrize("typed", ["0.7", "0,7", " 0,7 ", "7e-1", ",7"])
def test_a_number_is_typed_with_a_point_or_a_comma(typed):
    assert read_number("threshold", typed) == 0.7
    assert read_words([f"threshold={typed}"])[1].arguments["changes"] == {"threshold": 0.7}


@pytest.mark.parametrize("typed", ["", "1.234,5", "1,2,3", "half"])
def test_what_is_no_number_is_told(typed):
    with pytest.raises(SettingsError, match="must be a number, such as threshold=0.7"):
        read_number("threshold", typed)


def test_a_text_that_is_too_long_or_too_deep_is_no_request():
    for text in ("x" * (LONGEST_REQUEST + 1), "[" * 8000, "{", b"\xff\xfe"):
        with pytest.raises(SettingsError):
            read_json(text)


@pytest.mark.parametrize("words", [["sub-01"], ["threshold=high"], ["pause", "now"], ["dwell="]])
def test_words_of_remote_that_are_no_command_are_refused(words):
    with pytest.raises(SettingsError):
        read_words(words)


def test_a_session_is_found_by_a_part_of_its_name_and_a_killed_one_is_not(sessions):
    mine = announce({"name": "sub-01_ses-01_task-alpha_run-01"})
    code = (
        "import os; from psychopy_nfb.engine.running_sessions import announce\n"
        "announce({'name': 'sub-02_ses-01_task-alpha_run-01'}); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert len(list(sessions.glob("session_*.json"))) == 2
    assert list(running_sessions()) == [mine]
    assert len(list(sessions.glob("session_*.json"))) == 1  # what the killed one left is removed
    assert find_session("sub-01")[0] == find_session(str(os.getpid()))[0] == mine
    with pytest.raises(SettingsError, match="there are: sub-01"):
        find_session("sub-03")
    withdraw(mine)
    with pytest.raises(SettingsError, match="no session runs"):
        find_session(None)


def test_of_several_sessions_one_must_be_chosen():
    for number in (1, 2):
        announce({"name": f"sub-0{number}"})
    with pytest.raises(SettingsError, match="2 sessions match"):
        find_session(None)
    assert find_session("sub-02")[1]["name"] == "sub-02"


@pytest.mark.skipif(sys.platform == "win32", reason="there the folder's rights are inherited")
def test_only_the_user_can_read_an_announcement(sessions):
    path = announce({"name": "sub-01", "token": "secret"})
    assert path.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_text("utf-8"))["token"] == "secret"
    sessions.chmod(0o755)
    with pytest.raises(FileError, match="others can read it"):
        announce({"name": "sub-01"})
