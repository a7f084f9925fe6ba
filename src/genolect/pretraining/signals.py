"""Ctrl-C and termination: the first asks for a clean stop, the second stops at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

WATCHED = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Whether a signal has asked the loop to stop.

    Attributes
    ----------
    signal_number : int or None
        The signal received.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None


@contextmanager
def stop_on_signal() -> Iterator[StopRequest]:
    """Catch the first interrupt or termination signal; restore the handlers at once, so that a second one acts.

    Yields
    ------
    StopRequest
        Filled in when a signal arrives; never outside the main thread, which alone hears signals.

    Examples
    --------
    >>> with stop_on_signal() as request:
    ...     signal.raise_signal(signal.SIGTERM)
    >>> request.signal_number
    15
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.getsignal(number) for number in WATCHED}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def receive(number: int, _: FrameType | None) -> None:
        request.signal_number = number
        restore()

    for number in WATCHED:
        signal.signal(number, receive)
    try:
        yield request
    finally:
        restore()
