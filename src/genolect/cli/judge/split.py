"""``genolect split``: divide a labelled table into train, validation and test so that nothing leaks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genolect.cli.judge.audit import Columns
from genolect.cli.options import Overwrite, grouped, listed
from genolect.cli.progress import message_console
from genolect.errors import ConfigurationError
from genolect.files import json_text

if TYPE_CHECKING:
    from genolect.tables.division import Division, SplitOptions


@dataclass(frozen=True)
class Rule:
    """How a table is divided."""

    by: Annotated[str, typer.Option(help="chromosome, cluster or group, or several with commas; or published.")] = (
        "cluster"
    )
    shares: Annotated[str, typer.Option(help="Per cent of train, validation and test.")] = "70,10,20"
    validation: Annotated[str, typer.Option(help="Chromosomes to choose by (default: chosen).")] = ""
    test: Annotated[str, typer.Option(help="Chromosomes to test on (default: chosen).")] = ""
    roles: Annotated[str, typer.Option(help="What published parts are, e.g. cv=train,independent=test.")] = ""
    threshold: Annotated[float, typer.Option(help="Share of words in common that makes a near copy.")] = 0.2
    clusters: Annotated[
        str, typer.Option(help="own, or mmseqs2: keep remote relatives together too, where mmseqs is installed.")
    ] = "own"
    margin: Annotated[int, typer.Option(help="Leave out examples nearer than this to another part, in bases.")] = 0
    drop_relatives: Annotated[
        bool, typer.Option("--drop-relatives", help="Leave out near copies across parts, from train first.")
    ] = False
    allow_leaks: Annotated[
        bool, typer.Option("--allow-leaks", help="Write a split that leaks; the table then says so.")
    ] = False
    seed: Annotated[int, typer.Option(help="Decides between equals.")] = 0

    def read(self) -> SplitOptions:
        """Give them as configuration."""
        from genolect.tables.division import SplitOptions

        values: dict[str, Any] = {name: value for name, value in vars(self).items() if name not in ("shares", "roles")}
        lists = {name: listed(values[name]) for name in ("by", "validation", "test")}
        return SplitOptions.from_mapping(
            {**values, **lists, "shares": _shares(self.shares), "roles": _roles(self.roles)}, "the options"
        )


@grouped
def split(
    table: Annotated[Path, typer.Argument(help="Labelled table: text with tabs or commas, plain or gzip.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="New table; compressed where its name ends in .gz.")],
    *,
    rule: Rule,
    columns: Columns,
    genome: Annotated[Path | None, typer.Option(help="Where the table has no sequences: FASTA or prepared.")] = None,
    overwrite: Overwrite = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Divide a labelled table into train, validation and test; a split that leaks is refused."""
    from genolect.tables.division import split_table

    say = message_console().print
    division = split_table(table, out, columns.read(), rule.read(), genome=genome, overwrite=overwrite, say=say)
    if as_json:
        typer.echo(json_text(division.to_mapping()), nl=False)
        return
    _print(division, out)


def _print(division: Division, out: Path) -> None:
    said = division.to_mapping()
    for role, size in said["examples"].items():
        counts = ", ".join(f"{name} {count:,}" for name, count in said["labels"][role].items())
        typer.echo(f"{role:10} {size:>9,}  ({counts})")
    for reason, count in said["dropped"].items():
        typer.echo(f"{count:,} examples left out: {reason}")
    for finding in division.findings:
        typer.echo(f"{finding.judgement}: {finding.sentence}")
    if division.clusters:
        typer.echo(f"clusters: {division.clusters}")
    typer.echo(f"table: {out}")


def _shares(text: str) -> list[float]:
    try:
        numbers = [float(part) for part in listed(text)]
    except ValueError:
        numbers = []
    if len(numbers) != 3 or min(numbers) <= 0:
        raise ConfigurationError(f"--shares {text!r} is not three numbers above 0", fix="write --shares 70,10,20")
    return [number / sum(numbers) for number in numbers]


def _roles(text: str) -> dict[str, str]:
    pairs = [pair.rpartition("=") for pair in listed(text)]
    if any(not (name and role) for name, _, role in pairs):
        fix = "write part=role pairs: --roles cv=train,independent=test"
        raise ConfigurationError(f"--roles {text!r} is not a list of pairs", fix=fix)
    return {name: role for name, _, role in pairs}
