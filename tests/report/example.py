"""Results of a run that never happened: every number here is invented, for the tests of the page alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

LENGTHS = {"chrI": 1_830_000, "chrII": 1_410_500, "chrIII": 930_250, "chrIV": 402_121}
CLASSES = {"coding 1": 913, "coding 2": 871, "coding 3": 887, "intergenic": 1204, "tRNA gene": 67}
ARMS = {
    "majority": 0.5,
    "composition": 0.641,
    "kmer_logistic": 0.792,
    "random_probe": 0.731,
    "pretrained_probe": 0.873,
}


def example_results() -> dict[str, Any]:
    """Give a complete results.json of an invented run, the same at every call."""
    generator = np.random.Generator(np.random.Philox(20))
    return {
        "format": 1,
        "title": "Invented yeast, masked pretraining",
        "synthetic": False,
        "command": "genolect learn invented.fa --annotation invented.gff3 --out runs/invented --minutes 10 --seed 7",
        "created": "2026-03-14T15:09:26+00:00",
        "intervals": "95 % percentile intervals from 1,000 bootstrap draws of whole 10-kb blocks of the test split.",
        "versions": {"genolect": "0.1.0", "python": "3.11.7", "torch": "2.13.0", "machine": "x86_64, 2 cores"},
        "inputs": [
            {"path": "invented.fa", "sha256": "5e" * 32, "bytes": 4_650_213},
            {"path": "annotation/invented.gff3", "sha256": "a7" * 32, "bytes": 1_201_877},
        ],
        "seed": 7,
        "genome": _genome(),
        "species": [
            {"species": "Inventus major", "bases": 3_240_500, "expected": 0.7, "drawn": 7_012},
            {"species": "Inventus minor", "bases": 610_000, "expected": 0.3, "drawn": 2_988},
        ],
        "annotation": [
            {"kind": "gene", "count": 2307, "covered_bases": 3_301_118},
            {"kind": "CDS", "count": 2411, "covered_bases": 3_155_902},
            {"kind": "tRNA", "count": 101, "covered_bases": 8_014},
        ],
        "split": _split(),
        "model": {
            "parameters": 3_412_229,
            "description": "Bidirectional transformer over single bases, six layers, local window of 512 bases.",
            "configuration": {
                "encoder": {"kind": "transformer", "layers": 6, "width": 192, "heads": 6, "window": 512},
                "objective": {"kind": "masked", "rate": 0.15, "policy": "mixed"},
                "optimizer": {"learning_rate": 0.003, "warmup_steps": 200, "batch": 64},
            },
        },
        "pretraining": _pretraining(generator),
        "evaluation": _evaluation(),
        "probe": _probe(generator),
        "notes": ["chrIV: 12 IUPAC codes were read as N.", "“tRNA gene” has few windows; its intervals are wide."],
    }


def _genome() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "length": length,
            "gc": 0.377 + 0.004 * place,
            "cpg_observed_expected": 0.81 - 0.02 * place,
            "n": 12 * place,
            "soft_masked": 0.052 + 0.011 * place,
            "entropy_bits": 11.72 + 0.01 * place,
            "role": ("train", "train", "train+test", "validation")[place],
        }
        for place, (name, length) in enumerate(LENGTHS.items())
    ]


def _split() -> dict[str, Any]:
    return {
        "rule": "chrIV validates, the last third of chrIII tests, all else trains; 10 kb of chrIII are a margin.",
        "regions": [
            {"role": "train", "name": "chrI", "start": 0, "end": LENGTHS["chrI"]},
            {"role": "train", "name": "chrII", "start": 0, "end": LENGTHS["chrII"]},
            {"role": "train", "name": "chrIII", "start": 0, "end": 610_000},
            {"role": "test", "name": "chrIII", "start": 620_000, "end": LENGTHS["chrIII"]},
            {"role": "validation", "name": "chrIV", "start": 0, "end": LENGTHS["chrIV"]},
        ],
    }


def _pretraining(generator: np.random.Generator) -> dict[str, Any]:
    curve = []
    for step in range(0, 2001, 20):
        level = 1.902 + 0.09 * math.exp(-step / 320)
        curve.append(
            {
                "step": step,
                "bases": step * 32_768,
                "seconds": round(0.297 * step, 1),
                "training_bits": None if step == 0 else round(level - 0.004 + generator.normal(0, 0.006), 4),
                "heldout_bits": round(level + 0.003, 4) if step % 100 == 0 else None,
            }
        )
    return {
        "bits_per_hidden_base": 1.9061,
        "bits_low": 1.9032,
        "bits_high": 1.9090,
        "count_model_bits_per_base": 1.9289,
        "count_model_low": 1.9263,
        "count_model_high": 1.9315,
        "difference": {"value": -0.0228, "low": -0.0251, "high": -0.0204},
        "hidden_bases": 46_537,
        "split": "test",
        "bases_seen": 65_536_000,
        "seconds": 594.0,
        "bases_per_second": 110_330.0,
        "steps": 2000,
        "curve": curve,
        "count_model_curve_bits": 1.9271,
        "verdict": "The model beats the count model: 1.9061 bits per hidden base on the test stretches, "
        "the count model 1.9289 (difference −0.0228, 95 % interval −0.0251 to −0.0204).",
    }


def _evaluation() -> list[dict[str, Any]]:
    rows = []
    for place, (arm, auroc) in enumerate(ARMS.items()):
        half = 0.0 if arm == "majority" else 0.013 - 0.001 * place
        others = {
            "auprc": auroc - 0.24,
            "mcc": 1.5 * (auroc - 0.5),
            "brier": 0.86 - 0.5 * auroc,
            "ece": 0.051 - 0.006 * place,
        }
        rows.append(_row(arm, "auroc", auroc, half))
        if arm != "pretrained_probe":
            rows.append(_row(arm, "auroc_difference", ARMS["pretrained_probe"] - auroc, half + 0.004))
        rows += [_row(arm, metric, value, half + 0.005) for metric, value in others.items()]
        for rank, (name, count) in enumerate(CLASSES.items()):
            value = 0.5 if arm == "majority" else min(auroc + 0.03 * (2 - rank), 0.99)
            rows.append(_row(arm, f"auroc[{name}]", value, 0.4 * half + 0.4 / math.sqrt(count)))
            rows.append(_row(arm, f"auprc[{name}]", value - 0.3, 0.4 * half + 0.5 / math.sqrt(count)))
    return rows


def _row(arm: str, metric: str, value: float, half: float) -> dict[str, Any]:
    return {
        "task": "features",
        "arm": arm,
        "metric": metric,
        "value": round(value, 4),
        "low": round(value - half, 4),
        "high": round(value + half, 4),
        "n": 1312,
        "split": "test",
    }


def _probe(generator: np.random.Generator) -> dict[str, Any]:
    label = generator.choice(len(CLASSES), size=1312, p=np.array(list(CLASSES.values())) / sum(CLASSES.values()))
    angle = 1.2 * label
    x = 2.1 * np.cos(angle) + generator.normal(0, 0.9, len(label))
    y = 1.3 * np.sin(angle) + generator.normal(0, 0.7, len(label))
    calibration = {
        arm: [
            {
                "confidence": round(0.25 + 0.1 * step, 3),
                "accuracy": round(min(0.25 + (0.1 - 0.01 * rank) * step, 1.0), 3),
                "n": 234 - 140 * (step % 2),
            }
            for step in range(8)
        ]
        for rank, arm in enumerate(("kmer_logistic", "random_probe", "pretrained_probe"))
    }
    return {
        "classes": [{"name": name, "training": 4 * count, "test": count // 3} for name, count in CLASSES.items()],
        "dropped": ["snoRNA gene (9 windows)"],
        "sentences": [
            "On features, the pretrained probe has the highest AUROC, 0.873 (95 % interval 0.864 to 0.882).",
            "On features, the pretrained probe beats the random twin by 0.142 AUROC (95 % interval 0.128 to 0.156).",
            "On features, the pretrained probe beats k-mer counting by 0.081 AUROC (95 % interval 0.066 to 0.096).",
            "On features, the pretrained probe beats base composition by 0.232 AUROC (95 % interval 0.216 to 0.248).",
            "The test set has only 16 blocks, so the intervals are rough.",
        ],
        "calibration": calibration,
        "map": {
            "x": [round(float(value), 3) for value in x],
            "y": [round(float(value), 3) for value in y],
            "label": [int(value) for value in label],
            "description": "First two principal components of the pretrained embeddings of the test windows.",
        },
        "window": 256,
        "blocks": 16,
    }
