"""``genolect describe MODEL``: what a model folder holds."""

from __future__ import annotations

from pathlib import Path

import typer

from genolect.durable import json_text


def is_model(path: Path) -> bool:
    """Tell a model folder, ours or of Hugging Face, by its files."""
    return (path / "config.json").is_file()


def print_model(folder: Path, *, as_json: bool) -> None:
    """Print what a model is, for people or as JSON."""
    from genolect.workflow.conversion import describe_model

    facts = describe_model(folder)
    if as_json:
        typer.echo(json_text(facts), nl=False)
        return
    tokenizer = ", ".join(f"{name} {value}" for name, value in facts["tokenizer"].items() if name != "kind")
    rows = {
        "encoder": facts["kind"],
        "weights": f"{facts['parameters']:,}",
        "tokenizer": f"{facts['tokenizer']['kind']}{f' ({tokenizer})' if tokenizer else ''}",
        "predictable tokens": f"{facts['predictable_tokens']:,}",
        **{name: _shown(value) for name, value in facts["shape"].items()},
    }
    if facts["heads"]:
        rows["heads beside that for tokens"] = ", ".join(
            f"{name} ({head['kind']})" for name, head in facts["heads"].items()
        )
    if facts["rotary_periods"]:
        rows["rotary periods in tokens"] = ", ".join(f"{period:.4g}" for period in facts["rotary_periods"])
    if facts["steps"]:
        rows["trained"] = f"{facts['steps']:,} steps, {facts['bases_seen']:,} bases"
    width = max(map(len, rows))
    for name, value in rows.items():
        typer.echo(f"{name.replace('_', ' '):<{width}}  {value}")


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
