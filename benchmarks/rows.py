"""What every benchmark prints: rows of ours beside a peer's, measured in one run."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def row(what: str, ours: float, unit: str, *, peer: float | None = None, peer_name: str = "") -> Row:
    """Give one row; the ratio is ours over the peer's."""
    ratio = None if not peer else ours / peer
    return {"what": what, "ours": ours, "peer": peer, "peer_name": peer_name, "unit": unit, "ratio": ratio}


def show(rows: list[Row], path: Path | None) -> None:
    """Print the rows and, where asked, write them with the machine they were measured on."""
    for line in rows:
        peer = ""
        if line["peer"] is not None:
            peer = f"   {line['peer_name']}: {line['peer']:,.4g}   ratio {line['ratio']:.3g}"
        print(f"{line['what']:60} {line['ours']:>12,.4g} {line['unit']}{peer}")
    if path is not None:
        machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        path.write_text(json.dumps({"machine": machine, "rows": rows}, indent=2) + "\n")
