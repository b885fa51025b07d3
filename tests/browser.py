"""A real browser without a window, driven by its own protocol over two pipes.

Source: Chrome DevTools Protocol, https://chromedevtools.github.io/devtools-protocol/; with
--remote-debugging-pipe messages are JSON ended by a zero byte, read from file descriptor 3 and
written to 4.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
PROGRAM = next(filter(None, map(shutil.which, NAMES)), None)
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
    "--disable-background-networking --remote-debugging-pipe"
)
PATIENCE = 30  # seconds to wait for what should be seen


class Browser:
    """One page."""

    def __init__(self, folder: Path, width: int = 1200, height: int = 900) -> None:
        """`folder` takes its profile and what it saves."""
        self.folder = folder
        shell = f'exec "$0" "$@" {OPTIONS} about:blank 3<&0 4>&1 >/dev/null 2>&1 </dev/null'
        self._process = subprocess.Popen(
            ["sh", "-c", shell, str(PROGRAM), f"--user-data-dir={folder}/profile"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._number, self._pending, self._session = 0, b"", ""
        self.errors: list[str] = []
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        attached = self.command("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self.command("Runtime.enable")
        self.command("Page.enable")
        self.command("DOM.enable")
        self.command("Log.enable")
        self.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        self.resize(width, height)

    def close(self) -> None:
        self.command("Browser.close")
        self._process.communicate(timeout=PATIENCE)

    def command(self, method: str, **parameters: Any) -> Any:
        """Its result; meanwhile the page's errors are written down."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\0")
        self._process.stdin.flush()
        while (answer := self._read()).get("id") != self._number:
            self._note(answer)
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        while b"\0" not in self._pending:
            part = self._process.stdout.read1(1 << 16)
            assert part, "the browser has gone"
            self._pending += part
        message, _, self._pending = self._pending.partition(b"\0")
        return json.loads(message)

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(event["params"]["exceptionDetails"]))
        elif event.get("method") == "Log.entryAdded":
            entry = event["params"]["entry"]
            # A call that is refused, as an illegal move, is no fault of the page.
            if entry["level"] == "error" and entry["source"] != "network":
                self.errors.append(entry["text"])

    # What a person does --------------------------------------------------------------------------

    def go(self, address: str) -> None:
        """Until it is painted: before that a browser takes no clicks."""
        self.command("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")
        self.run("new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))")

    def resize(self, width: int, height: int, dark: bool = False) -> None:
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])

    def run(self, script: str) -> Any:
        """The value of an expression of JavaScript."""
        result = self.command(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, (script, result)
        return result["result"].get("value")

    def wait(self, script: str) -> Any:
        """The value of an expression, once it is true."""
        return self.wait_for(lambda: self.run(script), script)

    def wait_for(self, fact: Callable[[], Any], named: str = "it") -> Any:
        deadline = time.monotonic() + PATIENCE
        while not (value := fact()):
            assert time.monotonic() < deadline, f"{named} did not come true: {self.errors}"
            time.sleep(0.05)
        return value

    def click(self, selector: str) -> None:
        """With the mouse, in the middle of the first such element."""
        box = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{box}.scrollIntoView({{block: 'nearest'}})")
        x, y = self.run(
            f"(r => [r.x + r.width / 2, r.y + r.height / 2])({box}.getBoundingClientRect())"
        )
        self.command("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.command(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )

    def press(self, key: str) -> None:
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        codes = {"Enter": 13, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        self.command(
            "Input.dispatchKeyEvent",
            type="keyDown", key=key, text=text, windowsVirtualKeyCode=codes.get(key, 0),
        )  # fmt: skip
        self.command("Input.dispatchKeyEvent", type="keyUp", key=key)

    def choose_file(self, selector: str, path: Path) -> None:
        root = self.command("DOM.getDocument")["root"]["nodeId"]
        node = self.command("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.command("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.command("Page.captureScreenshot")["data"]))
