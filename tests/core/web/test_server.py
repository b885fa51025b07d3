"""Real requests to a server with a small page: what it answers, and what it refuses."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from shinso.core.errors import ShinsoError, UserError
from shinso.core.web.page import Page
from shinso.core.web.server import MOST_BODY, Server, checked

JSON = {"Content-Type": "application/json"}


def add(a: int, b: float, name: str | None = None, negate: bool = False) -> dict[str, Any]:
    return {"sum": -(a + b) if negate else a + b, "name": name}


def fail(how: str) -> dict[str, Any]:
    raise {"user": UserError, "work": ShinsoError, "fault": ZeroDivisionError}[how](f"on\n{how}")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    page = Page("<title>深層</title>", "default-src 'none'")
    with Server(page, {"add": add, "fail": fail}) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server
        server.shutdown()


def asked(
    server: Server, method: str, path: str, body: Any = None, headers: Any = JSON
) -> tuple[int, http.client.HTTPMessage, str]:
    connection = http.client.HTTPConnection(*server.server_address, timeout=20)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, text


def error(server: Server, method: str, path: str, *given: Any) -> tuple[int, str]:
    status, headers, text = asked(server, method, path, *given)
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    value = json.loads(text)
    assert [*value] == ["error"] and "\n" not in value["error"]
    return status, value["error"]


def test_the_page(server):
    status, headers, text = asked(server, "GET", "/")
    assert (status, text) == (200, "<title>深層</title>")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Security-Policy"] == "default-src 'none'"
    assert headers["X-Frame-Options"] == "DENY"
    assert not [name for name in headers if name.startswith("Access-Control")]


def test_a_call(server):
    body = '{"a": 2, "b": 3, "name": "深"}'.encode()
    status, headers, text = asked(server, "POST", "/add", body)
    assert (status, json.loads(text)) == (200, {"sum": 5.0, "name": "深"})
    assert headers["Cache-Control"] == "no-store"


def test_errors_of_a_call_are_one_line(server, capsys):
    assert error(server, "POST", "/fail", '{"how": "user"}') == (400, "on user")
    assert error(server, "POST", "/fail", '{"how": "work"}') == (400, "on work")
    assert capsys.readouterr().err == ""
    status, message = error(server, "POST", "/fail", '{"how": "fault"}')
    assert (status, message) == (500, "ZeroDivisionError: on fault (a fault of shinso)")
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("body", "said"),
    (
        ("", "no JSON"),
        ("{", "no JSON"),
        (b"\xff{}", "no JSON"),
        ('{"a": NaN, "b": 1}', "NaN is no number"),
        ("[" * 100_000, "no JSON"),
        ("[]", "no JSON object"),
        ("{}", "lacks 'a'"),
        ('{"a": 1, "b": 2, "nmae": ""}', "takes no 'nmae'; did you mean name?"),
    ),
)
def test_what_is_no_call(server, body, said):
    status, message = error(server, "POST", "/add", body)
    assert status == 400 and said in message


def test_paths_and_methods(server):
    assert error(server, "GET", "/nothing") == (404, "there is no /nothing")
    assert error(server, "POST", "/nothing", "{}") == (404, "there is no /nothing")
    assert error(server, "GET", "/../server.py")[0] == 404
    assert error(server, "GET", "/add") == (405, "/add answers POST")
    assert error(server, "POST", "/", "{}") == (405, "/ answers GET")
    assert error(server, "DELETE", "/add")[0] == 501
    assert asked(server, "HEAD", "/")[::2] == (501, "")


def test_a_call_must_be_declared_as_json(server):
    """Which a form or script of another site cannot, unless it was given leave."""
    for headers in ({}, {"Content-Type": "text/plain"}):
        assert error(server, "POST", "/add", '{"a": 1, "b": 2}', headers)[0] == 415
    assert asked(server, "OPTIONS", "/add")[0] == 501


def test_bodies_that_are_too_large_or_of_no_length(server):
    body = '{"name": "' + "x" * MOST_BODY + '"}'
    status, message = error(server, "POST", "/add", body)
    assert status == 413 and message.endswith("the most are 1,048,576")
    for length in ("", "-1", "1e3", "9" * 40):
        assert error(server, "POST", "/add", None, JSON | {"Content-Length": length})[0] == 411
    chunked = iter([b'{"a": 1, "b": 2}'])
    assert error(server, "POST", "/add", chunked, JSON)[0] == 411


@pytest.mark.parametrize("host", ("evil.example", "evil.example:80", "localhost.evil.example", ""))
def test_a_name_that_only_leads_here_is_refused(server, host):
    status, message = error(server, "POST", "/add", '{"a": 1, "b": 2}', JSON | {"Host": host})
    assert status == 403 and server.address in message
    assert error(server, "GET", "/", None, {"Host": host})[0] == 403


@pytest.mark.parametrize(
    "host", ("localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]:5", "10.0.0.9")
)
def test_names_it_has(server, host):
    assert asked(server, "GET", "/", None, {"Host": host})[0] == 200


def test_what_is_no_http(server):
    with socket.create_connection(server.server_address, timeout=20) as connection:
        connection.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert b'{"error": ' in connection.recv(4096)


def test_a_port_that_is_taken(server):
    with pytest.raises(UserError, match=r"port \d+: address already in use; --port takes another"):
        Server(server.page, {}, port=server.server_address[1])


def test_an_address_that_is_not_ours(server):
    with pytest.raises(UserError, match=r"cannot listen on 192\.0\.2\.1"):
        Server(server.page, {}, host="192.0.2.1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    (
        ({"a": 1.0, "b": 1}, "a is '1.0', and no whole number"),
        ({"a": True, "b": 1}, "a is 'True', and no whole number"),
        ({"a": 1, "b": "2"}, "b is '2', and no number"),
        ({"a": 1, "b": 10**400}, "and no number"),
        ({"a": 1, "b": 1, "name": []}, "name is '[]', and no text"),
        ({"a": 1, "b": 1, "negate": 0}, "negate is '0', and no true or false"),
        ({"a": None, "b": 1}, "a is 'None'"),
    ),
)
def test_arguments_of_another_type(arguments, said):
    with pytest.raises(UserError) as caught:
        checked(add, arguments)
    assert said in str(caught.value)


def test_whole_numbers_are_numbers():
    fitting = checked(add, {"a": 1, "b": 2, "name": None})
    assert fitting == {"a": 1, "b": 2.0, "name": None}
    assert type(fitting["b"]) is float
