"""What the folders that verbs write hold, by name: each name stands here, and nowhere else."""

from __future__ import annotations

# A run.
PLAN = "plan.json"
PREPARED = "prepared"
SYNTHETIC = "synthetic"
CHECKPOINTS = "checkpoints"
MODEL = "model"
EVALUATION = "evaluation"
RESULTS = "results.json"
PREDICTIONS = "predictions"
REPORT = "report.html"

# A prepared genome, and a model.
MANIFEST = "manifest.json"
BASES = "bases.u8"
RECORDS = "records.json"
WEIGHTS = "model.safetensors"
CONFIGURATION = "config.json"
TOKENIZER = "tokenizer.json"

# A folder with one of these was written by a verb, and so may be overwritten when asked …
OWN_MARKS = (MANIFEST, RESULTS, PLAN, PREPARED)
# … if it holds nothing but these.
OWN_NAMES = (*OWN_MARKS, BASES, RECORDS, SYNTHETIC, CHECKPOINTS, MODEL, EVALUATION, PREDICTIONS, REPORT)
