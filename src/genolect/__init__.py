"""genolect: from a genome to a sequence model that its user can trust.

>>> import genolect as gl
>>> "pretrain" in gl.__all__, gl.pretrain.__module__
(True, 'genolect.api.training')

What the front door offers stands in `__init__.pyi`, with where it lives; it is imported when it is first asked for, so
that ``import genolect`` itself loads nothing heavy. Everything else can be imported from its room, but is not promised.
"""

import ast
import importlib
from pathlib import Path

__version__ = "0.1.0"

_STUB = ast.parse(Path(__file__).with_suffix(".pyi").read_text("utf-8"))
_HOMES = {
    alias.asname: node.module
    for node in _STUB.body
    if isinstance(node, ast.ImportFrom) and node.module
    for alias in node.names
    if alias.asname
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    """Import what is asked for, once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Show the front door."""
    return [*__all__, "__version__"]
