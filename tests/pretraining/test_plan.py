"""The plan: everything decided once, written down, and the same when read again."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError, InputError
from genolect.folders import PLAN
from genolect.genome.genome import prepare_genome
from genolect.genome.holdout import choose_species_split, choose_split, split_genome
from genolect.genome.preparation import prepare_many
from genolect.models.model import load_model, save_model
from genolect.pretraining import plan as planning
from genolect.pretraining import pretraining
from genolect.pretraining.assembly import gather, new_training, training_windows
from genolect.pretraining.cost.trial import measure_step
from genolect.pretraining.plan import Plan, PretrainingOptions, plan_of_model, resume_plan, write_plan
from genolect.pretraining.pretraining import make_plan
from genolect.pretraining.recipe import Recipe
from genolect.sequence.interval import Interval
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.tiny import finished_run, shrink, synthetic_folder, temporary_folder
from tests.toys import CPU


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    shrink(monkeypatch.setattr)


@pytest.fixture(scope="module")
def genome():
    return prepare_genome([synthetic_folder() / "genome.fa"], temporary_folder() / "prepared")


def resumed(run, genome, options):
    return resume_plan(run, genome, options, Recipe(), NucleotideTokenizer())


@pytest.fixture
def prepared(tmp_path):
    """Prepare a genome from text."""

    def prepare(text: str):
        (tmp_path / "genome.fa").write_text(text)
        return prepare_genome([tmp_path / "genome.fa"], tmp_path / "prepared")

    return prepare


def test_a_plan_is_the_same_when_read_again(genome, tmp_path):
    options = PretrainingOptions(steps=40, seed=9, window=64, test=("synthetic_5",))
    plan = make_plan(genome, options, CPU)
    write_plan(tmp_path, plan)
    assert resumed(tmp_path, genome, options) == plan
    assert Plan.from_mapping(json.loads((tmp_path / PLAN).read_text()), "plan") == plan
    split = split_genome(genome, window=64, test=("synthetic_5",))
    assert plan.split() == split
    assert [region.name for region in split.test] == ["synthetic_5"]


def test_the_plan_follows_the_options(genome):
    plan = make_plan(genome, PretrainingOptions(steps=40, seed=9, window=64, checkpoint_every=3), CPU)
    training = plan.training
    assert (training.steps, training.seed, training.window, training.checkpoint_every) == (40, 9, 64, 3)
    assert plan.genome == genome.content_hash
    assert make_plan(genome, PretrainingOptions(bases=9_999, window=64), CPU).training.steps == round(9_999 / (3 * 64))
    assert make_plan(genome, PretrainingOptions(bases=1), CPU).training.steps == 1


@pytest.mark.parametrize(("minutes", "steps"), [(None, 1_200), (0.5, 120), (0.0001, 1)])
def test_minutes_become_steps_by_a_measurement(monkeypatch, genome, minutes, steps):
    monkeypatch.setattr(pretraining, "measure_step", lambda *_: 0.25)
    assert make_plan(genome, PretrainingOptions(minutes=minutes), CPU).training.steps == steps


def test_a_step_takes_time(genome):
    plan = make_plan(genome, PretrainingOptions(steps=2, window=32), CPU)
    trial = new_training(gather(genome, Recipe()), genome, plan.split(), plan.encoder, plan.training, CPU)
    assert measure_step(trial) > 0


@pytest.mark.parametrize("steps", [1, 11, 12, 13, 19, 20, 21, 23, 25, 39, 144, 1_000, 1_001])
def test_the_curve_has_about_12_points_and_a_run_about_20_checkpoints(genome, steps):
    training = make_plan(genome, PretrainingOptions(steps=steps), CPU).training
    points = math.ceil(steps / training.validate_every)
    checkpoints = math.ceil(steps / training.checkpoint_every)
    assert min(math.ceil(steps / 3), 7) <= points <= 12
    assert training.validate_every >= planning.FEWEST_STEPS_PER_POINT == 3
    assert min(steps, 11) <= checkpoints <= 20


@given(st.fixed_dictionaries({name: st.none() | st.just(3) for name in ("minutes", "steps", "bases")}))
def test_one_budget_at_most(budgets):
    given_ones = [name for name, value in budgets.items() if value is not None]
    values = budgets | ({"minutes": 3.0} if budgets["minutes"] else {})
    if len(given_ones) < 2:
        assert PretrainingOptions.from_mapping(values, "options").to_mapping().items() >= values.items()
    else:
        with pytest.raises(ConfigurationError, match=f"^{len(given_ones)} budgets: .*{given_ones[-1]} 3"):
            PretrainingOptions.from_mapping(values, "options")


@pytest.mark.parametrize(
    "values",
    [{"minutes": 0.0}, {"minutes": math.inf}, {"steps": 0}, {"seed": -1}, {"window": 15}, {"checkpoint_every": 0}],
)
def test_values_out_of_range_are_refused(values):
    (name,) = values
    with pytest.raises(ConfigurationError, match=f"options: {name}: "):
        PretrainingOptions.from_mapping(values, "options")


def test_a_folder_without_a_plan_begins(genome, tmp_path):
    assert resumed(tmp_path, genome, PretrainingOptions(steps=1)) is None


def test_another_run_is_not_resumed(genome, prepared, tmp_path):
    options = PretrainingOptions(steps=2, seed=3)
    write_plan(tmp_path, make_plan(genome, options, CPU))
    other = options.model_copy(update={"seed": 5, "test": ("synthetic_2",)})
    with pytest.raises(
        ConfigurationError, match=r"seed: 3 then, 5 now; test: \[\] then, \['synthetic_2'\] now\)\. Fix"
    ):
        resumed(tmp_path, genome, other)
    with pytest.raises(ConfigurationError, match=r"\(the prepared genome has another content\)"):
        resumed(tmp_path, prepared(">a\nACGT\n"), options)


@pytest.mark.parametrize("text", ["{", "3", "null", "\xff"])
def test_a_damaged_plan_is_refused(genome, tmp_path, text):
    (tmp_path / PLAN).write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=rf"{tmp_path / PLAN}: this is no plan of a run\. Fix: begin anew"):
        resumed(tmp_path, genome, PretrainingOptions(steps=1))


def test_a_model_knows_its_plan(tmp_path):
    plan = plan_of_model(finished_run() / "model")
    assert plan.to_mapping() == json.loads((finished_run() / PLAN).read_text())
    save_model(tmp_path / "model", load_model(finished_run() / "model"), {"steps": 3})
    with pytest.raises(
        InputError, match=r"does not say what it was trained on. Fix: name a model that genolect pretrain"
    ):
        plan_of_model(tmp_path / "model")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (">a\nAC\n", "the longest record, 'a', has 2 bases"),
        (f">a\n{'ACGTA' * 39}\n", "the longest validation stretch has 18 bases, fewer than a window's 20"),
        (f">a\n{'N' * 400}\n", "all but 0 bases of the train stretches are N"),
        (f">a\n{'ACGTA' * 50}{'N' * 180}{'ACGTA' * 14}\n", "all but 0 bases of the test stretches are N"),
    ],
)
def test_a_genome_with_a_role_of_nothing_is_refused_by_its_file(prepared, text, said):
    genome = prepared(text)
    with pytest.raises(InputError, match=rf"^{genome.inputs[0]['path']}: {said}.* Fix: "):
        split_genome(genome, window=20)


def test_the_shortest_genome_is_split(prepared):
    genome = prepared(f">a\n{'ACGTA' * 40}\n")
    split = split_genome(genome, window=20)
    assert [region.length for region in (*split.validation, *split.test)] == [20, 20]


def test_a_record_to_hold_out_must_have_a_window(prepared):
    genome = prepared(f">a\n{'ACGTA' * 40}\n>b\n{'ACGTA' * 4}\n>c\nACG\n>d\n{'ACGTA' * 5}\n")
    assert split_genome(genome, window=20, validation=("b",), test=("d",)).validation[0].length == 20
    with pytest.raises(InputError, match="the longest test stretch has 3 bases"):
        split_genome(genome, window=20, validation=("b",), test=("c",))


# ---------------------------------------------------------------- corpora


@pytest.fixture
def corpus(tmp_path):
    """Prepare so many species of two records each; weights where given."""

    def prepare(count: int, weights: tuple[float, ...] = ()):
        lines = [f"name\tpath\tspecies{chr(9) + 'weight' if weights else ''}"]
        for number in range(count):
            bases = ("ACGTTGCAAC" * 40)[number:]
            (tmp_path / f"{number}.fa").write_text(f">a\n{bases}\n>b\n{bases[::-1]}\n")
            weight = f"\t{weights[number]}" if weights else ""
            lines.append(f"g{number}\t{number}.fa\tS. {number}{weight}")
        (tmp_path / "corpus.tsv").write_text("\n".join(lines) + "\n")
        return prepare_many(tmp_path / "corpus.tsv", tmp_path / "corpus", overwrite=True)

    return prepare


def test_whole_species_are_held_out_where_there_are_three(corpus):
    for count in (10, 7):
        genome = corpus(count)
        split = split_genome(genome, window=20)
        assert split == choose_species_split(genome.records.values())
        owners = [{region.name[:2] for region in regions} for regions in split.regions().values()]
        assert sum(map(len, owners)) == len(set.union(*owners)) == count
    named = split_genome(corpus(3), window=20, validation=("S. 1",), test=("S. 2",))
    assert [region.name for region in named.test] == ["g2:a", "g2:b"]
    assert make_plan(corpus(7), PretrainingOptions(steps=1, window=20), CPU).split().rule.startswith("Whole species")


def test_records_are_held_out_where_there_are_two_species(corpus):
    genome = corpus(2)
    assert split_genome(genome, window=20) == choose_split(genome.lengths)
    assert split_genome(genome, window=20, test=("g0:b",), validation=("g1:a",)).test == (Interval("g0:b", 0, 400),)


def test_a_species_to_hold_out_must_be_there(corpus):
    with pytest.raises(ConfigurationError, match=r"'g1:a' is none of the species of the corpus.* among: S\. 0"):
        split_genome(corpus(4), window=20, test=("g1:a",))


def test_too_few_species_to_choose_from_are_refused_by_their_folder(corpus):
    genome = corpus(4)
    with pytest.raises(InputError, match=r"0\.fa, .*3\.fa: no choice among 4 species holds out about 10%"):
        split_genome(genome, window=20)
    many = corpus(6)
    with pytest.raises(InputError, match=rf"^{many.folder}: the longest train stretch has 400 bases"):
        split_genome(many, window=401)


def test_a_temperature_decides_what_is_drawn(corpus):
    genome = corpus(7, weights=(1, 2, 3, 4, 5, 6, 7))
    plan = make_plan(genome, PretrainingOptions(steps=5, window=20, temperature=4), CPU)
    assert plan.to_mapping()["options"]["temperature"] == 4.0
    split = plan.split()
    by_weight, hot = (training_windows(genome, split, plan.training, temperature=heat) for heat in (None, 4.0))
    trained = sorted({genome.records[region.name].species for region in split.train})
    assert sorted(hot.shares()) == trained
    assert list(hot.shares().values()) == pytest.approx([1 / len(trained)] * len(trained), rel=0.01)
    total = sum(int(name[-1]) + 1 for name in trained)
    assert by_weight.shares() == pytest.approx({name: (int(name[-1]) + 1) / total for name in trained})


def test_a_temperature_for_a_plain_genome_is_refused_before_a_plan_is_written(genome):
    with pytest.raises(ConfigurationError, match=r"a temperature balances species.*leave the temperature out"):
        make_plan(genome, PretrainingOptions(steps=5, temperature=2), CPU)


@pytest.mark.parametrize("temperature", [0.99, -1, math.inf, math.nan])
def test_a_temperature_is_a_number_from_1(temperature):
    with pytest.raises(ConfigurationError, match="options: temperature: "):
        PretrainingOptions.from_mapping({"temperature": temperature}, "options")


def test_a_plan_from_before_temperatures_is_resumed(genome, tmp_path):
    options = PretrainingOptions(steps=2, seed=3)
    mapping = make_plan(genome, options, CPU).to_mapping()
    del mapping["options"]["temperature"]
    (tmp_path / PLAN).write_text(json.dumps(mapping))
    assert resumed(tmp_path, genome, options) is not None
    with pytest.raises(ConfigurationError, match=r"temperature: None then, 2\.0 now"):
        resumed(tmp_path, genome, options.model_copy(update={"temperature": 2.0}))


@pytest.mark.parametrize("values", [{"objective": {}}, {}, {"encoder": {"kind": "unheard of"}}])
def test_the_plan_of_another_version_says_what_to_do(genome, tmp_path, values):
    (tmp_path / PLAN).write_text(json.dumps(values))
    with pytest.raises(InputError, match=r"made by another version of genolect, or is damaged .*use the genolect that"):
        resumed(tmp_path, genome, PretrainingOptions(steps=1))
    save_model(tmp_path / "model", load_model(finished_run() / "model"), {"plan": values})
    with pytest.raises(InputError, match="made by another version of genolect"):
        plan_of_model(tmp_path / "model")


def test_a_plan_that_calls_a_role_training_is_refused(genome, tmp_path):
    mapping = make_plan(genome, PretrainingOptions(steps=1), CPU).to_mapping()
    assert list(mapping["regions"]) == ["train", "validation", "test"]
    mapping["regions"]["training"] = mapping["regions"].pop("train")
    (tmp_path / PLAN).write_text(json.dumps(mapping))
    with pytest.raises(InputError, match=r"another version .*regions.training.*train anew in another --out"):
        resume_plan(tmp_path, genome, PretrainingOptions(steps=1), Recipe(), NucleotideTokenizer())
