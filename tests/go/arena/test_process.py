"""What a program may do instead of answering."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest

from shinso.core.errors import UserError
from shinso.go.arena.process import DIED, LATE, NONSENSE, REFUSAL, Engine, EngineFault
from tests.go.arena.programs import program

SOON = 20.0  # seconds, on a machine that has more to do


@pytest.fixture
def started(tmp_path):
    """Starts a program; all are gone at the end."""
    engines = []

    def start(**behaviour: str) -> Engine:
        engines.append(Engine(program(tmp_path, **behaviour)))
        return engines[-1]

    yield start
    for engine in engines:
        engine.close()
        assert engine._process.returncode is not None


def fault(engine: Engine, command: str = "name", seconds: float = SOON) -> tuple[str, str]:
    with pytest.raises(EngineFault) as caught:
        engine.ask(command, seconds)
    return caught.value.kind, str(caught.value)


def test_answers_and_refusals(started):
    engine = started(name="text = 'good'", list_commands="text = 'one\\ntwo'", cputime="mark = '?'")
    assert engine.ask("name", SOON) == "good"
    assert engine.ask("list_commands", SOON) == "one\ntwo"
    assert engine.ask("komi 7.5", SOON) == ""
    assert fault(engine, "cputime") == (REFUSAL, "without a reason")
    assert not engine.failed
    assert engine.ask("name", SOON) == "good"


def test_one_that_needs_its_time_to_start_and_writes_carriage_returns(started):
    engine = started(
        start="time.sleep(0.3); print('\\r\\n\\n')",
        name="text = 'slow\\r\\nbut sure\\r'",
    )
    assert engine.ask("name", SOON) == "slow\nbut sure"


@pytest.mark.parametrize(
    ("start", "told"),
    (
        ("sys.exit('no licence\\nbuy one')", "exit 1, buy one"),
        ("sys.exit(3)", "exit 3"),
        ("os.kill(os.getpid(), 9)", "SIGKILL"),
        ("sys.exit('x' * 500)", f"exit 1, {'x' * 200}..."),
    ),
)
def test_one_that_dies(started, start, told):
    assert fault(started(start=start)) == (DIED, told)


def test_one_that_dies_while_it_thinks_and_is_asked_again(started):
    engine = started(genmove="sys.exit('stack overflow')")
    assert fault(engine, "genmove b") == (DIED, "exit 1, stack overflow")
    assert engine.failed
    assert fault(engine)[0] == DIED


def test_one_that_closes_its_output_and_stays(started):
    engine = started(start="os.close(1); time.sleep(100)")
    assert fault(engine) == (DIED, "closed its output")


def test_one_that_hangs_is_killed_with_what_it_started(started):
    engine = started(name="text = os.fork() or time.sleep(100)", version="time.sleep(100)")
    child = int(engine.ask("name", SOON))
    assert lives(child)
    began = monotonic()
    assert fault(engine, "version", seconds=0.2) == (LATE, "no answer within 0.2 seconds")
    engine.close()
    assert monotonic() - began < SOON
    while lives(child):  # which a signal takes a moment to end
        assert monotonic() - began < SOON


def lives(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("stream", ("stdout", "stderr"))
def test_one_that_talks_without_end_but_does_not_answer(started, stream):
    engine = started(start=f"while True: print('=\\n', file=sys.{stream}, flush=True)")
    assert fault(engine, seconds=0.5)[0] == (NONSENSE if stream == "stdout" else LATE)


@pytest.mark.parametrize(
    ("answer", "told"),
    (
        ("os.write(1, b'Hello!\\n\\n')", "its answer is 'Hello!'"),
        ("os.write(1, b'=77 E5\\n\\n')", "its answer is '=77 E5'"),
        ("os.write(1, b'= E5\\n\\n')", "its answer is '= E5'"),
        ("os.write(1, bytes(range(128, 136)) + b'\\n\\n')", "its answer is '" + "\ufffd" * 8 + "'"),
        ("print('x' * 1_000_000, end='', flush=True)", "more than 65536 bytes without an end"),
    ),
)
def test_nonsense(started, answer, told):
    engine = started(name=answer)
    assert fault(engine) == (NONSENSE, told)
    assert engine.failed


def test_answers_that_nobody_asked_for(started):
    engine = started(name="print(f'={number} one\\n\\n=9 two\\n')")
    assert engine.ask("name", SOON) == "one"
    assert fault(engine) == (NONSENSE, "its answer is '=9 two'")


def test_a_megabyte_of_complaints_does_not_stop_it(started):
    engine = started(name="print('x' * 1_000_000, file=sys.stderr); text = 'here'")
    assert engine.ask("name", SOON) == "here"


def test_what_cannot_be_started(tmp_path):
    (tmp_path / "text").write_text("no program")
    with pytest.raises(UserError, match=r"text cannot be started: permission denied"):
        Engine([str(tmp_path / "text")])
