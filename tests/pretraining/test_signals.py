"""The first signal asks, the second acts, and afterwards everything is as it was."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from genolect.pretraining.signals import WATCHED, stop_on_signal
from tests.toys import end_of, start_child


class Caught(Exception):  # noqa: N818 - it stands for what a caller's own handler does
    """Raised by the handler that was there before."""


@pytest.fixture
def own_handlers() -> Iterator[None]:
    """Handlers of the caller, which raise; the real ones come back afterwards."""

    def handler(number: int, _: object) -> None:
        raise Caught(number)

    before = {number: signal.signal(number, handler) for number in WATCHED}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("first", WATCHED)
@pytest.mark.parametrize("second", WATCHED)
def test_the_first_asks_and_the_second_acts(own_handlers, first, second):
    seen = []

    def run() -> None:
        with stop_on_signal() as request:
            for number in (first, second):
                seen.append(request.signal_number)
                signal.raise_signal(number)

    with pytest.raises(Caught) as caught:
        run()
    assert seen == [None, first]
    assert caught.value.args == (second,)


@pytest.mark.parametrize("number", WATCHED)
def test_handlers_come_back(own_handlers, number):
    before = {watched: signal.getsignal(watched) for watched in WATCHED}
    with stop_on_signal():
        assert all(signal.getsignal(watched) != before[watched] for watched in WATCHED)
    assert {watched: signal.getsignal(watched) for watched in WATCHED} == before
    with pytest.raises(ZeroDivisionError), stop_on_signal():
        _ = 1 / 0
    assert {watched: signal.getsignal(watched) for watched in WATCHED} == before
    with pytest.raises(Caught):
        signal.raise_signal(number)


@pytest.mark.parametrize("number", WATCHED)
def test_other_signals_are_none_of_its_business(number):
    others = {signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE}
    before = {other: signal.getsignal(other) for other in others}
    with stop_on_signal() as request:
        signal.raise_signal(number)
        assert {other: signal.getsignal(other) for other in others} == before
    assert request.signal_number == number


def test_a_second_termination_ends_a_real_process():
    def stubborn() -> None:
        with stop_on_signal():
            for _ in range(2):
                signal.raise_signal(signal.SIGTERM)

    assert end_of(start_child(stubborn)) == -signal.SIGTERM


def test_beside_the_main_thread_it_hears_nothing_and_does_no_harm():
    heard = []

    def run() -> None:
        with stop_on_signal() as request:
            heard.append(request.signal_number)

    before = {number: signal.getsignal(number) for number in WATCHED}
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert heard == [None]
    assert {number: signal.getsignal(number) for number in WATCHED} == before
