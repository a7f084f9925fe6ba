"""Frozen, strict configuration objects: what is not known is refused by name, and what was resolved can be saved."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from genolect.errors import ConfigurationError, shown


class Configuration(BaseModel):
    """Base of every configuration object: frozen, no unknown keys, no coercion, no number that is not finite.

    Examples
    --------
    >>> class Width(Configuration):
    ...     width: int = 64
    >>> Width.from_mapping({"widht": 3}, "model")
    Traceback (most recent call last):
    genolect.errors.ConfigurationError: model: unknown key 'widht'. Fix: did you mean 'width'? Allowed: width.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], where: str) -> Self:
        """Build the object from plain values (JSON or TOML types).

        Parameters
        ----------
        values : mapping
            Field names and values; lists stand for tuples.
        where : str
            Which file or table the values come from, for the message.

        Returns
        -------
        Self
            The configuration.

        Raises
        ------
        ConfigurationError
            Naming every unknown key (with the nearest known one) and every value out of range.
        """
        known = tuple(cls.model_fields)
        unknown = [key for key in values if key not in known]
        if unknown:
            near = [repr(match) for key in unknown for match in difflib.get_close_matches(key, known, n=1)]
            hint = f"did you mean {', '.join(near)}? " if near else ""
            raise ConfigurationError(
                f"unknown key {', '.join(map(shown, unknown))}",
                fix=f"{hint}Allowed: {', '.join(known)}",
                path=where,
            )
        try:
            return cls.model_validate_json(json.dumps(values))
        except TypeError as error:  # A date, for instance: TOML has them.
            raise ConfigurationError(str(error), fix="give text, numbers, true, false, or lists", path=where) from error
        except ValidationError as error:
            problems = "; ".join(map(_problem, error.errors()))
            raise ConfigurationError(problems, fix="correct the values named", path=where) from error

    def to_mapping(self) -> dict[str, Any]:
        """Give the plain values, ready for JSON; `from_mapping` turns them back into an equal object."""
        values: dict[str, Any] = self.model_dump(mode="json")
        return values


def _problem(item: Mapping[str, Any]) -> str:
    """Say what is wrong with a value; a complaint about several together names them itself."""
    if item["type"] == "value_error":
        return str(item["msg"]).removeprefix("Value error, ")
    return f"{'.'.join(map(str, item['loc']))}: {item['msg']}, given {shown(item['input'])}"
