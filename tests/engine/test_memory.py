import gc
import os
import signal
import subprocess
import sys

import pytest

from psychopy_nfb.bench.reads import count_torn
from psychopy_nfb.engine.memory import FEEDBACK_SLOTS, HEADER_BYTES, LAYOUT_AT, SharedBlock
from psychopy_nfb.engine.named_memory import FOLDER, join_memory, remove_memory
from psychopy_nfb.errors import WorkerError
from psychopy_nfb.protocol import value_names

VALUE_NAMES = value_names(["trained"])


@pytest.fixture
def block():
    made = SharedBlock.create(VALUE_NAMES)
    yield made
    made.close()


def write(ring, number):
    times = (float(number),) * 4
    return ring.write(*times, 0.1, number, 0, *[float(number)] * len(VALUE_NAMES))


def test_newest_is_none_before_the_first_record(block):
    assert block.feedback.newest() is None


def test_newest_is_the_last_written(block):
    for number in range(1, FEEDBACK_SLOTS + 1000):
        assert write(block.feedback, number) == number
        record = block.feedback.newest()
        assert record[0] == number
        assert record[block.feedback.layout.values][0] == float(number)


def test_since_gives_all_that_the_ring_still_holds(block):
    for number in range(1, 11):
        write(block.feedback, number)
    assert [record[0] for record in block.feedback.since(4)] == [5, 6, 7, 8, 9, 10]
    last = FEEDBACK_SLOTS + 1000
    for number in range(11, last + 1):
        write(block.feedback, number)
    held = [record[0] for record in block.feedback.since(4)]
    assert held == list(range(last - FEEDBACK_SLOTS + 2, last + 1))


def test_a_half_written_record_is_passed_over(block):
    write(block.feedback, 1)
    write(block.feedback, 2)
    # As a processor that reorders stores would show it: the number is there, a value is not yet.
    at = block.feedback._offset + 2 * block.feedback.record_bytes + 8 * 9
    block.feedback._view[at] ^= 0xFF
    assert block.feedback.newest()[0] == 1
    assert block.feedback.torn == 1


@pytest.mark.parametrize("number", [2**63 - 1, -1, -(2**63), 10**12])
def test_a_number_that_was_overwritten_costs_one_walk_and_is_put_right(block, number):
    for count in range(1, 11):
        write(block.feedback, count)
    word = block.feedback._newest_word
    block._words[word] = number
    block.feedback.torn = 0
    assert block.feedback.newest() is None
    assert block.feedback.torn <= FEEDBACK_SLOTS
    assert list(block.feedback.since(0)) == []
    assert write(block.feedback, 11) == 11
    assert block.feedback.newest()[0] == 11


@pytest.mark.parametrize("number", [2**63 - 1, -1, 10**12])
def test_a_successor_counts_on_from_what_the_ring_holds(block, number):
    for count in range(1, 2001):
        write(block.feedback, count)
    block._words[block.feedback._newest_word] = number
    successor = SharedBlock.attach(block.name)
    assert write(successor.feedback, 2001) == 2001
    assert block.feedback.newest()[0] == 2001
    successor.close()


def test_a_header_that_was_overwritten_is_a_sentence(block):
    view = block.feedback._view
    kept = bytes(view[LAYOUT_AT:HEADER_BYTES])
    for spoilt in (b"{}", b"[1]", b"\xff\xfe", b"null"):
        view[LAYOUT_AT:HEADER_BYTES] = spoilt.ljust(len(kept), b"\0")
        with pytest.raises(WorkerError, match="was overwritten; start the experiment again"):
            SharedBlock.attach(block.name)
    view[LAYOUT_AT:HEADER_BYTES] = kept


def test_both_sides_see_the_same_header(block):
    other = SharedBlock.attach(block.name)
    block["generation"] = 7
    other.heartbeat = 12.5
    assert other["generation"] == 7
    assert block.heartbeat == 12.5
    assert other.value_names == VALUE_NAMES
    other.close()


def test_attaching_to_a_block_that_is_gone_says_so():
    with pytest.raises(WorkerError, match="is gone; start the experiment again"):
        SharedBlock.attach("nfb_never_there")


def test_closing_twice_is_harmless_and_leaves_nothing():
    made = SharedBlock.create(VALUE_NAMES)
    name = made.name
    made.close()
    made.close()
    with pytest.raises(WorkerError):
        SharedBlock.attach(name)


def test_a_process_that_attached_and_ended_does_not_remove_the_block(block):
    # Below Python 3.13 its resource tracker would, under the feet of the one that made it.
    code = (
        "import sys; from psychopy_nfb.engine.memory import SharedBlock as S; S.attach(sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", code, block.name], check=True)
    other = SharedBlock.attach(block.name)
    assert other["experiment_pid"] == os.getpid()
    other.close()


CREATOR = """
import os, sys, time
from psychopy_nfb.engine.memory import SharedBlock
block = SharedBlock.create(["value"])
print(block.name, flush=True)
"""


def creator(code):
    """Start a process that creates a block, prints its name, and goes on with `code`."""
    process = subprocess.Popen(
        [sys.executable, "-c", CREATOR + code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return process, process.stdout.readline().strip()


def ended(process):
    """Return exit status and all that was written to stderr, also by what outlives the process."""
    _, said = process.communicate(timeout=20)
    return process.returncode, said


def exists(name):
    try:
        memory = join_memory(name)
    except FileNotFoundError:
        return False
    memory.close()
    return True


def test_closing_a_block_that_was_removed_from_outside_is_silent():
    process, name = creator("sys.stdin.readline(); block.close(); block.close()")
    memory = join_memory(name)
    remove_memory(memory)
    memory.close()
    assert ended(process) == (0, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_that_ends_leaves_its_parents_block():
    process, name = creator(
        "child = os.fork()\n"
        "if not child: block.close(); sys.exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print('child ended', flush=True)\n"
        "time.sleep(60)"
    )
    assert process.stdout.readline() == "child ended\n"
    assert exists(name)
    process.kill()
    ended(process)
    made = SharedBlock.create(VALUE_NAMES)  # removes what the killed process left
    made.close()
    assert (FOLDER is not None) == (not exists(name))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps blocks of killed processes")
def test_blocks_of_killed_processes_are_removed_by_the_next_and_those_of_others_are_not():
    killed, left = creator("time.sleep(60)")
    running, used = creator("time.sleep(60)")
    killed.send_signal(signal.SIGKILL)
    status, said = ended(killed)
    assert (status, said) == (-signal.SIGKILL, "")  # no word of "leaked shared_memory objects"
    assert exists(left)
    made = SharedBlock.create(VALUE_NAMES)
    assert exists(made.name)
    made.close()
    assert not exists(left)
    assert exists(used)
    running.kill()
    ended(running)
    SharedBlock.create(VALUE_NAMES).close()
    assert not exists(used)


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.parametrize(
    "n", [1_000_000, pytest.param(10_000_000, marks=pytest.mark.campaign)], ids=["one", "ten"]
)
def test_row_056_no_mixed_record_in_million_reads_under_a_writer(n):
    gc.collect()
    counted = count_torn(n)
    assert counted["torn_reads"] == 0
    assert counted["distinct"] > n / 100  # the writer was writing all the while
