"""A page in the browser, and the functions of Python that it may call.

    GET  /       the page
    POST /NAME   a JSON object, the call's arguments by name; its answer is one too

What goes wrong is one line, `{"error": ...}`: 400 where the page, or who sits before it, has asked
for what cannot be; 500 where the fault is ours.

A page of another site cannot reach it: a call must be declared as JSON, for which browsers first
ask a leave that is never given (no CORS), and `Host` must be an address, `localhost` or the name
it was told to listen on, so that a name that turns into 127.0.0.1 (DNS rebinding) is refused.
"""

from __future__ import annotations

import inspect
import ipaddress
import json
import re
import socket
import sys
import traceback
import types
import typing
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from shinso.core.errors import ShinsoError, UserError, nearest
from shinso.core.web.page import Page

LOOPBACK = "127.0.0.1"
MOST_BODY = 1 << 20  # bytes of a call
PATIENCE = 10  # seconds for a request to come

Call = Callable[..., Mapping[str, Any]]  # its parameters, all by name, are annotated

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Refused(ShinsoError):
    """A request that is none of ours."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class Server(ThreadingMixIn, TCPServer):
    """Answers until `shutdown`, each request in a thread of its own."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, page: Page, calls: Mapping[str, Call], host: str = LOOPBACK, port: int = 0
    ) -> None:
        """Listens, on any free port where `port` is 0. Raises UserError where it cannot."""
        self.page, self.calls, self.host = page, calls, host
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UserError(
                f"cannot listen on {host}, port {port}: {str(reason).lower()}; --port takes "
                "another, 0 any that is free"
            ) from None

    @property
    def address(self) -> str:
        """As a browser takes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.server_address[1]}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves before it has its answer is nothing to tell."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = PATIENCE

    def do_GET(self) -> None:
        try:
            self._check_host()
            if self.path != "/":
                raise self._nothing_here("POST")
        except Refused as refused:
            return self._refuse(refused)
        policy = {"Content-Security-Policy": self.server.page.policy}
        self._send(HTTPStatus.OK, "text/html", self.server.page.html, policy)

    def do_POST(self) -> None:
        try:
            self._check_host()
            call = self._called()
            answer = _result(call, checked(call, self._arguments()))
        except ShinsoError as error:
            return self._refuse(error)
        self._send_json(HTTPStatus.OK, answer)

    # What is asked ------------------------------------------------------------------------------

    def _check_host(self) -> None:
        name = re.sub(r":\d*$", "", self.headers.get("Host", "")).strip("[]").lower()
        if name not in ("localhost", self.server.host.lower()) and not _is_address(name):
            message = f"{name or 'no host'} is not served here; it is {self.server.address}"
            raise Refused(HTTPStatus.FORBIDDEN, message)

    def _called(self) -> Call:
        call = self.server.calls.get(self.path.removeprefix("/"))
        if call is None:
            raise self._nothing_here("GET")
        return call

    def _nothing_here(self, other_method: str) -> Refused:
        known = ["/"] if other_method == "GET" else [f"/{name}" for name in self.server.calls]
        if self.path in known:
            message = f"{self.path} answers {other_method}"
            return Refused(HTTPStatus.METHOD_NOT_ALLOWED, message)
        return Refused(HTTPStatus.NOT_FOUND, f"there is no {self.path}")

    def _arguments(self) -> dict[str, Any]:
        body = self._body()
        if self.headers.get_content_type() != "application/json":
            message = "a call is declared as Content-Type: application/json"
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
        try:
            arguments = json.loads(body, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise UserError(f"the call is no JSON: {error}") from None
        if not isinstance(arguments, dict):
            raise UserError("the call is no JSON object; its keys are the names of arguments")
        return arguments

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"\d{1,15}", length, re.ASCII):
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "a call says its Content-Length")
        if int(length) > MOST_BODY:
            self._drop(int(length))
            message = f"a call of {int(length):,} bytes; the most are {MOST_BODY:,}"
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
        return self.rfile.read(int(length))

    def _drop(self, length: int) -> None:
        """Reads what nobody wants: a browser hears no answer before it has sent all."""
        while length > 0 and (part := self.rfile.read(min(length, 1 << 16))):
            length -= len(part)

    # What is answered ---------------------------------------------------------------------------

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """How the library answers what it cannot read, and methods that nobody defined."""
        status = HTTPStatus(code)
        self._refuse(Refused(status, message or status.phrase))

    def _refuse(self, error: ShinsoError) -> None:
        status = error.status if isinstance(error, Refused) else HTTPStatus.BAD_REQUEST
        self._send_json(status, {"error": " ".join(str(error).split())})

    def _send_json(self, status: HTTPStatus, value: Mapping[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(value, allow_nan=False), {})

    def _send(self, status: HTTPStatus, kind: str, text: str, headers: Mapping[str, str]) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in {**HEADERS, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def version_string(self) -> str:
        return "shinso"

    def log_message(self, format: str, *args: Any) -> None:
        """A terminal has no use for a line a request."""


def _result(call: Call, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return call(**arguments)
    except ShinsoError:
        raise
    except Exception as error:
        traceback.print_exc()
        message = f"{type(error).__name__}: {error} (a fault of shinso)"
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, message) from error


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


# --- Arguments -----------------------------------------------------------------------------------

KINDS = {int: "whole number", float: "number", bool: "true or false", str: "text"}


def checked(call: Call, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments in the types of the call's parameters. Raises UserError for one that is
    missing, unknown or of another type."""
    parameters = inspect.signature(call).parameters
    kinds = typing.get_type_hints(call)
    for name in arguments:
        if name not in parameters:
            raise UserError(f"the call takes no {name!r}; {nearest(name, parameters)}")
    for name, parameter in parameters.items():
        if name not in arguments and parameter.default is parameter.empty:
            raise UserError(f"the call lacks {name!r}")
    return {name: _of_kind(name, value, kinds[name]) for name, value in arguments.items()}


def _of_kind(name: str, value: Any, kind: Any) -> Any:
    kinds = kind.__args__ if isinstance(kind, types.UnionType) else (kind,)
    if type(value) in kinds:
        return value
    if type(value) is int and float in kinds and abs(value) < 1 << 53:
        return float(value)
    named = next(KINDS[each] for each in kinds if each in KINDS)
    raise UserError(f"{name} is {str(value)[:40]!r}, and no {named}")
