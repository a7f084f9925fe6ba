"""Templates: everything is escaped, and what is not there is not passed over."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from genolect.report.templates import page_template


def test_what_is_written_is_escaped_and_numbers_are_filtered():
    template = page_template("tokens.html.jinja").environment.from_string("{{ name }} {{ 1234567|count }}")
    assert template.render(name="<b>&") == "&lt;b&gt;&amp; 1,234,567"


def test_what_is_not_given_is_an_error():
    template = page_template("template.html.jinja").environment.from_string("{{ nothing.at_all }}")
    with pytest.raises(UndefinedError, match="nothing"):
        template.render()
