"""Nothing that is read can run, no error is swallowed, and no draw depends on a global generator."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.gates.source import PACKAGE, Module, expect_none, modules, plant

RUNNING_MODULES = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml"}
WITHOUT_READING = {"joblib.Parallel", "joblib.delayed", "joblib.parallel_config"}
"""Names of such modules that open no file: they pass what we hold to processes of our own."""

RUNNING_CALLS = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen", "subprocess.getoutput"),
    *("subprocess.getstatusoutput", "torch.load", "torch.hub.load"),
}
BLIND = {"Exception", "BaseException"}
RUNNING_OPTIONS = {"shell", "allow_pickle", "trust_remote_code"}

# Files that may start another program, each with its reason.
MAY_START = {"tables/mmseqs.py": "MMseqs2 aligns remote relatives, where its user installed it and asks for it"}
STARTING_MODULES = {"subprocess", "pty", "pexpect", "sh"}
STARTING_CALLS = ("os.exec", "os.spawn", "os.posix_spawn", "os.startfile", "asyncio.create_subprocess_")

# Files that may seed torch's global generator, each with its reason.
MAY_SEED: dict[str, str] = {}
SEEDING = {
    "torch.manual_seed",
    "torch.seed",
    "torch.cuda.manual_seed",
    "torch.cuda.manual_seed_all",
    "torch.set_rng_state",
}
TORCH_DRAWS = {"rand", "randn", "randint", "randperm", "bernoulli", "multinomial", "normal", "poisson"}
TORCH_DRAWS |= {f"{name}_like" for name in ("rand", "randn", "randint")}
TORCH_FILLS = {"normal_", "uniform_", "bernoulli_", "random_", "exponential_", "geometric_", "cauchy_", "log_normal_"}
TORCH_FILLS |= {
    "trunc_normal_",
    "orthogonal_",
    "xavier_normal_",
    "xavier_uniform_",
    "kaiming_normal_",
    "kaiming_uniform_",
}
SKLEARN_DRAWS = {
    *("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor"),
    *("GradientBoostingClassifier", "GradientBoostingRegressor", "HistGradientBoostingClassifier"),
    *("HistGradientBoostingRegressor", "MLPClassifier", "MLPRegressor", "SGDClassifier", "SGDRegressor", "LinearSVC"),
    *("KMeans", "TSNE", "TruncatedSVD", "ShuffleSplit", "StratifiedShuffleSplit", "GroupShuffleSplit"),
    *("train_test_split", "shuffle", "resample", "permutation_test_score", "permutation_importance"),
}


def _switches_on(call: ast.Call) -> list[str]:
    off = (False, None)
    return [
        word.arg
        for word in call.keywords
        if word.arg in RUNNING_OPTIONS and not (isinstance(word.value, ast.Constant) and word.value.value in off)
    ]


def _reads_weights_only(call: ast.Call) -> bool:
    """Whether `torch.load` refuses everything but tensors, said in so many words."""
    return any(
        word.arg == "weights_only" and isinstance(word.value, ast.Constant) and word.value.value is True
        for word in call.keywords
    )


def running(tree: Path) -> list[str]:
    """Imports, calls and options through which a file that is read could execute something."""
    findings = []
    for module in modules(tree):
        for node, _, target in module.imports:
            if target.split(".")[0] in RUNNING_MODULES and target not in WITHOUT_READING:
                findings.append(module.at(node, f"{target} can execute what it reads"))
        for call in module.calls:
            name = module.called(call)
            if name == "torch.load" and _reads_weights_only(call):
                continue
            if name in RUNNING_CALLS or name.endswith(".extractall"):
                findings.append(module.at(call, f"{name} can execute or overwrite"))
            findings += [module.at(call, f"{option} is switched on") for option in _switches_on(call)]
    return findings


def starting(tree: Path) -> list[str]:
    """Imports and calls by which another program is started."""
    findings = []
    for module in modules(tree):
        if module.name in MAY_START:
            continue
        for node, _, target in module.imports:
            if target.split(".")[0] in STARTING_MODULES:
                findings.append(module.at(node, f"{target} starts other programs"))
        for call in module.calls:
            if module.called(call).startswith(STARTING_CALLS):
                findings.append(module.at(call, f"{module.called(call)} starts another program"))
    return findings


def _raises(body: list[ast.stmt]) -> bool:
    return any(isinstance(inner, ast.Raise) for statement in body for inner in ast.walk(statement))


def _blind(caught: ast.expr | None) -> bool:
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in BLIND) for kind in kinds)


def swallowing(tree: Path) -> list[str]:
    """Handlers for every exception that do not raise again."""
    findings = []
    for module in modules(tree):
        for node in module.nodes:
            if isinstance(node, ast.ExceptHandler) and _blind(node.type) and not _raises(node.body):
                findings.append(module.at(node, "catches everything and does not raise"))
        for call in module.calls:
            if module.called(call) == "contextlib.suppress" and any(map(_blind, call.args)):
                findings.append(module.at(call, "suppresses everything"))
    return findings


def _draws_globally(module: Module, call: ast.Call) -> bool:
    name = module.called(call)
    last = name.rsplit(".", 1)[-1]
    given = {word.arg for word in call.keywords}
    if name.startswith("numpy.random."):
        # Classes (Generator, Philox, SeedSequence) carry their own state; default_rng does if it is given a seed.
        return last[0].islower() and not (last == "default_rng" and (call.args or call.keywords))
    if name in SEEDING:
        return module.name not in MAY_SEED
    if (name.startswith("torch.") and last in TORCH_DRAWS) or last in TORCH_FILLS:
        return "generator" not in given
    return name.startswith("sklearn.") and last in SKLEARN_DRAWS and "random_state" not in given


def global_randomness(tree: Path) -> list[str]:
    """Draws from, and seeds of, a generator that the whole process shares."""
    findings = []
    for module in modules(tree):
        for node, _, target in module.imports:
            if target.split(".")[0] == "random":
                findings.append(module.at(node, "the random module draws from global state"))
        for call in module.calls:
            if _draws_globally(module, call):
                findings.append(module.at(call, f"{module.called(call)} uses global randomness; pass a generator"))
    return findings


@pytest.mark.parametrize("gate", [running, starting, swallowing, global_randomness])
def test_the_package_is_safe(gate):
    expect_none(gate(PACKAGE))


def test_every_file_that_may_seed_does():
    seeding = {m.name for m in modules(PACKAGE) for call in m.calls if m.called(call) in SEEDING}
    expect_none(set(MAY_SEED) - seeding)


def test_every_file_that_may_start_a_program_does():
    started = {m.name for m in modules(PACKAGE) for _, _, target in m.imports if target == "subprocess"}
    expect_none(set(MAY_START) - started)


def test_what_may_start_a_program_may_not_start_a_shell(tmp_path):
    text = "import subprocess\n\nsubprocess.Popen(['ls'])\nsubprocess.Popen('ls', shell=True)\n"
    tree = plant(tmp_path, dict.fromkeys(MAY_START, text))
    assert starting(tree) == []
    assert running(tree) == ["tables/mmseqs.py:4: shell is switched on"]


@pytest.mark.parametrize(
    ("gate", "line"),
    [
        (running, "import pickle"),
        (running, "from joblib import load"),
        (running, "import joblib"),
        (running, "from joblib import Parallel, dump"),
        (running, "def f():\n    import yaml"),
        (running, "eval('1')"),
        (running, "exec(text)"),
        (running, "import torch; torch.load(path)"),
        (running, "from torch import load as read; read(path)"),
        (running, "import torch; torch.load(path, weights_only=False)"),
        (running, "import torch; torch.load(path, weights_only=careful)"),
        (running, "import subprocess; subprocess.run(command, shell=True)"),
        (running, "import numpy as np; np.load(path, allow_pickle=True)"),
        (running, "import numpy as np; np.load(path, allow_pickle=wanted)"),
        (running, "Model.from_pretrained(path, trust_remote_code=True)"),
        (running, "archive.extractall(path)"),
        (starting, "import subprocess"),
        (starting, "from subprocess import run"),
        (starting, "def f():\n    import pty"),
        (starting, "import os; os.execv(path, words)"),
        (starting, "from os import posix_spawn as start; start(path, words, {})"),
        (starting, "import asyncio; asyncio.create_subprocess_exec(path)"),
        (swallowing, "try:\n    f()\nexcept:\n    pass"),
        (swallowing, "try:\n    f()\nexcept Exception as error:\n    print(error)"),
        (swallowing, "try:\n    f()\nexcept (ValueError, BaseException):\n    pass"),
        (swallowing, "import contextlib; contextlib.suppress(Exception)"),
        (global_randomness, "import random"),
        (global_randomness, "from random import shuffle"),
        (global_randomness, "import numpy as np; np.random.seed(1)"),
        (global_randomness, "import numpy as np; np.random.rand(3)"),
        (global_randomness, "from numpy.random import default_rng; default_rng()"),
        (global_randomness, "import torch; torch.manual_seed(1)"),
        (global_randomness, "import torch; torch.randn(3)"),
        (global_randomness, "weight.normal_(0, 1)"),
        (global_randomness, "from torch import nn; nn.init.xavier_uniform_(weight)"),
        (global_randomness, "from sklearn.ensemble import RandomForestClassifier as Forest; Forest()"),
    ],
)
def test_a_planted_danger_is_found(tmp_path, gate, line):
    assert len(gate(plant(tmp_path, {"data/planted.py": line}))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "model.eval()",
        "import re; re.compile('x')",
        "import torch; torch.compile(model)",
        "import torch; torch.load(path, weights_only=True)",
        "import numpy as np; np.load(path, allow_pickle=False)",
        "try:\n    f()\nexcept ValueError:\n    pass",
        "try:\n    f()\nexcept Exception as error:\n    raise InputError('x') from error",
        "import numpy as np; np.random.Generator(np.random.Philox(3)).random(7)",
        "import numpy as np; np.random.default_rng(5).normal()",
        "import torch; torch.randn(3, generator=generator)",
        "from torch import nn; nn.init.zeros_(bias); nn.init.trunc_normal_(weight, generator=generator)",
        "from sklearn.ensemble import RandomForestClassifier; RandomForestClassifier(random_state=2)",
    ],
)
def test_safe_lines_pass(tmp_path, line):
    tree = plant(tmp_path, {"data/planted.py": line})
    assert [*running(tree), *starting(tree), *swallowing(tree), *global_randomness(tree)] == []
