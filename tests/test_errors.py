"""Refusals: one line, safe to print, with an exit code that scripts can rely on."""

from __future__ import annotations

import pickle
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect import errors
from genolect.errors import GenolectError, InputError, Interrupted, shown

CODES = {
    errors.GenolectError: 1,
    errors.LeakError: 6,
    errors.ConfigurationError: 2,
    errors.InputError: 3,
    errors.MachineError: 4,
    errors.DivergenceError: 5,
    errors.Interrupted: 130,
}
ANY_TEXT = st.text(st.characters(codec=None), max_size=90)


def test_each_kind_of_refusal_has_its_exit_code():
    kinds = {value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, GenolectError)}
    assert kinds == set(CODES)
    for kind, code in CODES.items():
        assert kind("what", fix="how").exit_code == code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_exits_as_the_shell_expects(number):
    assert Interrupted("stopped", fix="resume", signal_number=number).exit_code == 128 + number


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({}, "no bases. Fix: give some."),
        ({"path": "a.fa"}, "a.fa: no bases. Fix: give some."),
        ({"path": "a.fa", "line": 7}, "a.fa:7: no bases. Fix: give some."),
    ],
)
@pytest.mark.parametrize("stop", ["", "."])
def test_a_message_says_where_what_and_how(place, message, stop):
    error = InputError(f"no bases{stop}", fix=f"give some{stop}", **place)
    assert str(error) == message
    assert (error.path, error.line) == (place.get("path"), place.get("line"))


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_a_message_is_one_line_that_every_terminal_survives(what, fix, path):
    message = str(InputError(what, fix=fix, path=path, line=3))
    assert message.isprintable()
    message.encode()


def test_a_hostile_file_name_is_escaped_and_a_foreign_one_is_not():
    assert str(InputError("x", fix="y", path="a\x1b[2J\nb")) == r"a\x1b[2J\nb: x. Fix: y."
    assert str(InputError("x", fix="y", path="gène Тест.fa")).startswith("gène Тест.fa: ")
    assert str(InputError("x", fix="y", path="Latin-\udce9.fa")).startswith(r"Latin-\udce9.fa: ")


@given(ANY_TEXT)
def test_text_is_quoted_safely_and_short_text_wholly(text):
    quoted = shown(text)
    assert quoted.isprintable()
    assert (quoted == repr(text)) == (len(text) <= errors.SHOWN_CHARACTERS)


def test_long_text_is_cut_at_the_limit():
    limit = errors.SHOWN_CHARACTERS
    assert shown("A" * limit) == f"'{'A' * limit}'"
    assert shown("A" * (limit + 1)) == f"'{'A' * (limit - 1)}…'"
    assert shown(17) == "'17'"


@pytest.mark.parametrize("kind", sorted(CODES, key=CODES.__getitem__))
def test_a_refusal_travels_between_processes(kind):
    more = {"signal_number": signal.SIGTERM} if kind is Interrupted else {"line": 7}
    error = kind("no bases", fix="give some", path="a.fa", **more)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (str(copy), copy.args, vars(copy)) == (str(error), error.args, vars(error))
    assert copy.exit_code == error.exit_code
