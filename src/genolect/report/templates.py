"""The templates of pages: everything escaped, nothing undefined passed over, numbers written in one way."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from genolect.report import notation

FILTERS = (
    notation.count,
    notation.number,
    notation.signed,
    notation.percent,
    notation.bases,
    notation.duration,
)


@cache
def page_template(name: str) -> Template:
    """Give the template of a page.

    Parameters
    ----------
    name : str
        The file beside this one.

    Returns
    -------
    Template
        With the filters of `report.notation`.

    Examples
    --------
    >>> page_template("tokens.html.jinja").name
    'tokens.html.jinja'
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {write.__name__: write for write in FILTERS}
    return environment.get_template(name)
