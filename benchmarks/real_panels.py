"""Panels on real sets, from the files as they are published to `results.json`, by the commands that a user would type.

    python benchmarks/real_panels.py DATA [--out FOLDER] [--only NAME,NAME]
    python benchmarks/real_panels.py --overview

DATA holds `genomes`, `annotations` and `tasks` (the sets of `docs/evaluation.md`). Models are pretrained first, 2,500
steps each; what is there already is used again. Every panel goes to `benchmarks/results/panels/NAME.json`; the overview
is a table of those that are there.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

RESULTS = Path(__file__).parent / "results" / "panels"
STEPS = 2_500
HELD_OUT = "--by chromosome --validation VII --test XV --drop-relatives"
"""The chromosomes that pretraining holds out too, by its own choice."""

MODELS = {
    "ecoli": "prepare {data}/genomes/ecoli.fa.gz",
    "yeast": "prepare {data}/genomes/yeast.fa.gz",
    "human": "prepare {data}/genomes/human_pieces.fa.gz",
}


class Panel(NamedTuple):
    """What makes a table, if it has to be made, how it is divided, and what is asked."""

    model: str
    table: str
    split: str
    evaluate: str = ""


YEAST = "--genome {data}/genomes/yeast.fa.gz"
PANELS = {
    "ecoli_promoters": Panel("ecoli", "{data}/tasks/ecoli_promoters.tsv.gz", "--by cluster --margin 100"),
    "ecoli_sigma": Panel("ecoli", "{data}/tasks/ecoli_sigma.tsv.gz", "--by cluster --margin 100"),
    "yeast_promoters": Panel(
        "yeast",
        f"task promoters {YEAST} --starts {{data}}/annotations/yeast_tss.bed.gz",
        HELD_OUT,
        "--published prom300",
    ),
    "yeast_gene_parts": Panel(
        "yeast",
        f"task coding {YEAST} --annotation {{data}}/genomes/yeast.gtf.gz --fewest 500",
        HELD_OUT,
        "--published coding",
    ),
    "yeast_expression": Panel(
        "yeast",
        f"task expression {YEAST} --genes {{data}}/tasks/yeast_expression.tsv.gz --value fpkm",
        HELD_OUT,
        "--published expression",
    ),
    "splice_uci": Panel(
        "human", "{data}/tasks/splice_uci.tsv.gz", "--by cluster", "--strands one --published 'splice: NT'"
    ),
    "splice_records": Panel(
        "human",
        "task junctions --records {data}/tasks/splice_eie.tsv.gz --keep species=arabidopsis_thaliana --count 5000",
        "--by group,cluster",
        "--strands one --published 'splice: NT'",
    ),
    "enhancers": Panel("human", "{data}/tasks/enhancers_liu2016.tsv.gz", "--by cluster", "--published 'NT enhancers'"),
    "human_tata_promoters": Panel(
        "human", "{data}/tasks/human_tata_promoters.tsv.gz", "--by cluster", "--published TATA"
    ),
    "yeast_promoter_mpra": Panel(
        "yeast",
        "{data}/tasks/yeast_promoter_mpra.tsv.gz",
        "--label expression --by cluster",
        "--label expression --strands one",
    ),
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=Path())
    parser.add_argument("--out", type=Path, default=Path("panels"))
    parser.add_argument("--only", default=",".join(PANELS))
    parser.add_argument("--overview", action="store_true")
    given = parser.parse_args(arguments)
    if given.overview:
        print("\n".join(overview()))
        return
    data, out = given.data.resolve(), given.out
    out.mkdir(parents=True, exist_ok=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in given.only.split(","):
        panel = PANELS[name]
        for command in commands(name, panel, out):
            run(command.format(data=data), out)
        shutil.copyfile(out / name / "results.json", RESULTS / f"{name}.json")


def commands(name: str, panel: Panel, out: Path) -> list[str]:
    """Give what is still to be typed."""
    typed = []
    if not (out / panel.model).is_dir():
        typed.append(f"{MODELS[panel.model]} --out {panel.model}")
    if not (out / f"{panel.model}_run" / "model").is_dir():
        typed.append(f"pretrain {panel.model} --steps {STEPS} --out {panel.model}_run")
    table = panel.table
    if table.startswith("task "):
        typed.append(f"{table} --out {name}_whole.tsv.gz --overwrite")
        table = f"{name}_whole.tsv.gz"
    typed.append(f"split {table} {panel.split} --out {name}.tsv.gz --overwrite")
    typed.append(
        f"evaluate {panel.model}_run/model --task {name}.tsv.gz {panel.evaluate} --out {name} --overwrite".replace(
            "  ", " "
        )
    )
    return typed


def run(command: str, folder: Path) -> None:
    """Type it, and stop where it fails."""
    print(f"$ genolect {command}", flush=True)
    program = "import sys; from genolect.cli.main import main; sys.argv[0] = 'genolect'; main()"
    subprocess.run([sys.executable, "-c", program, *shlex.split(command)], cwd=folder, check=True)


SHOWN = ("composition", "kmer_logistic", "kmer_boosting", "cnn", "random_probe", "pretrained_probe")


def overview() -> list[str]:
    """Give the lines of a table: a set a line, an arm a column, and what is said of the model."""
    lines = ["| set | train, test | metric | " + " | ".join(SHOWN) + " | rivals it is behind, level with, ahead of |"]
    lines.append("|---" * (len(SHOWN) + 4) + "|")
    for name in PANELS:
        path = RESULTS / f"{name}.json"
        if path.is_file():
            lines += [
                panel_line(name, task, results)
                for results in [json.loads(path.read_text())]
                for task in results["panel"]["tasks"]
            ]
    return lines


def panel_line(name: str, task: dict[str, Any], results: dict[str, Any]) -> str:
    """Give one line."""
    metric = task["headline"]
    values = {
        row["arm"]: f"{row['value']:.3f}"
        for row in results["evaluation"]
        if row["task"] == task["task"] and row["metric"] == metric
    }
    verdicts = [one["verdict"] for one in task["comparisons"] if one["arm"] not in ("majority", "permuted_labels")]
    counted = [
        sum(one in words for one in verdicts) for words in (("worse",), ("undecided", "equivalent"), ("better",))
    ]
    sizes = f"{task['examples']['train']:,}, {task['examples']['test']:,}"
    cells = [name, sizes, metric, *(values.get(arm, "") for arm in SHOWN), ", ".join(map(str, counted))]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
