"""shinso serve: its options and its end; what it serves is tested in tests/go/web."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from tests.cli.command import forked, refused, shinso


@pytest.fixture
def interrupted(tmp_path):
    """Runs the verb in a fork, which is interrupted as by Ctrl-C once it serves."""

    def prepare() -> None:
        from shinso.core.web.server import Server

        # What runs in the background, such as these tests, ignores it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        Server.service_actions = lambda self: os.kill(os.getpid(), signal.SIGINT)

    return lambda *arguments: forked(tmp_path, "serve", "go-random", *arguments, prepare=prepare)


def test_it_says_where_it_is_until_ctrl_c(interrupted):
    done = interrupted("--port", 0)
    assert done.code == 130
    assert done.error == "interrupted"
    assert "go-random plays Go at http://127.0.0.1:" in done.out
    assert "warning" not in done.err


def test_another_address_is_warned_of(interrupted):
    done = interrupted("--port", 0, "--host", "0.0.0.0")
    assert "shinso: warning: whoever reaches 0.0.0.0 can play here" in done.err


def test_what_cannot_be_served():
    assert "did you mean go-random?" in refused("serve", "go-randon")
    assert "--simulations" in refused("serve", "uct", "--simulations", 0)
    done = shinso("serve", "--json")
    assert done.code == 2 and "leave --json away" in done.json["error"]
    assert "65536 is not 0 to 65535" in refused("serve", "--port", 65536)


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = refused("serve", "go-random", "--port", port)
    assert message.startswith(f"cannot listen on 127.0.0.1, port {port}: address already in use")
