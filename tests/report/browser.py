"""Drive headless Chromium through its remote-debugging pipe, with the standard library alone.

The browser reads commands from file descriptor 3 and writes answers and events to 4: JSON objects, each ended by a NUL.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 60.0
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)
# Starts the browser with the two pipes as descriptors 3 and 4, whatever their numbers are here.
TRAMPOLINE = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
for place, end in zip((3, 4), ends):
    os.dup2(end, place)
os.execv(sys.argv[3], sys.argv[3:])
"""
# Names what sticks out of the window, and what is wider than the cell or paragraph that holds it.
OVERFLOWING = """(() => {
  const width = document.documentElement.clientWidth, found = [];
  const name = (e) => `${e.tagName}.${e.getAttribute("class")} ${(e.textContent || "").slice(0, 40)}`;
  const all = document.documentElement.scrollWidth;
  const holders = "td:not(.place), th, dd, dt, p, li, h1, h2, h3, h4, pre, bdi";
  if (all > width) found.push(`page ${all} > ${width}`);
  for (const e of document.body.querySelectorAll("*")) {
    const box = e.getBoundingClientRect(), scroller = e.closest(".scroll");
    const outside = box.width && (box.right > width + 0.5 || box.left < -0.5);
    if (outside && (!scroller || scroller === e)) found.push(name(e));
    if (e.matches(holders) && e.clientWidth && e.scrollWidth > e.clientWidth + 1)
      found.push(`inside ${name(e)} ${e.scrollWidth} > ${e.clientWidth}`);
  }
  return found;
})()"""


def find_browser() -> str | None:
    """Path of a Chromium, or None."""
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


@dataclass(frozen=True)
class Visit:
    """What a page did and how it lay: requested addresses, complaints, and what overflowed."""

    requests: tuple[str, ...]
    complaints: tuple[str, ...]
    overflowing: tuple[str, ...]
    background: str


class Browser:
    """A headless browser; use it as a context manager."""

    def __init__(self, program: str) -> None:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        commands_out, self._commands = os.pipe()
        self._answers, answers_in = os.pipe()
        arguments = [program, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", TRAMPOLINE, str(commands_out), str(answers_in), *arguments],
            pass_fds=(commands_out, answers_in),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands_out)
        os.close(answers_in)
        self._buffer = b""
        self._number = 0
        self._events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session: str | None = None
        self._session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._session = None
        try:
            self.call("Browser.close")
            self._process.wait(SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            os.close(self._commands)
            os.close(self._answers)
            self._profile.cleanup()

    def call(self, method: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send one command and wait for its answer; events on the way are kept."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": dict(parameters or {})}
        if getattr(self, "_session", None):
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._number:
            self._events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(deadline - time.monotonic(), 0))
            block = os.read(self._answers, 1 << 16) if ready else b""
            if not block:
                raise TimeoutError("the browser does not answer")
            self._buffer += block
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def visit(self, page: Path, *, width: int, dark: bool = False) -> Visit:
        """Load a page at a width and in a theme; report what it did and how it lies."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", metrics)
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", {"media": "", "features": [theme]})
        self._events.clear()
        self.call("Page.navigate", {"url": page.resolve().as_uri()})
        while not any(event.get("method") == "Page.loadEventFired" for event in self._events):
            self._events.append(self._receive())
        overflowing = self.evaluate(OVERFLOWING)
        background = self.evaluate("getComputedStyle(document.body).backgroundColor")
        return Visit(self._requests(), self._complaints(), tuple(overflowing), background)

    def evaluate(self, expression: str) -> Any:
        """Value of a JavaScript expression on the page (ours, not the page's: its policy allows none)."""
        answer = self.call("Runtime.evaluate", {"expression": expression, "returnByValue": True})
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"]["value"]

    def _requests(self) -> tuple[str, ...]:
        sent = [event["params"] for event in self._events if event.get("method") == "Network.requestWillBeSent"]
        return tuple(one["request"]["url"] for one in sent)

    def _complaints(self) -> tuple[str, ...]:
        kinds = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return tuple(json.dumps(event["params"]) for event in self._events if event.get("method") in kinds)

    def screenshot(self, path: Path) -> None:
        """Save the whole page as it lies now, as PNG."""
        picture = self.call("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
        path.write_bytes(base64.b64decode(picture["data"]))

    def print_to(self, path: Path) -> None:
        """Save the page as it would be printed, as PDF on A4."""
        paper = {"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": True, "printBackground": False}
        path.write_bytes(base64.b64decode(self.call("Page.printToPDF", paper)["data"]))
