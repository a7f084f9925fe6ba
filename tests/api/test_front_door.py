"""``import genolect as gl``: light, complete, documented, and the same models as the rooms behind it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch

import genolect as gl
from genolect.encoders.build import encoder_config
from genolect.errors import ConfigurationError, InputError, MachineError
from genolect.models.huggingface.layouts import ForeignModel
from genolect.models.huggingface.writing import write_checkpoint
from genolect.models.model import new_model
from genolect.sequence.alphabet import encode
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.gates.source import REPOSITORY

LETTERS = "ACGTTGCAACGGTATCGGATTACAGCCATG"


def model(**shape) -> gl.Model:
    """A small untrained model whose head does not start at zero."""
    config = encoder_config(
        "transformer", {"vocabulary": 7, "width": 8, "heads": 2, "layers": 2, "context_lengths": [], **shape}, "here"
    )
    network = new_model(config, NucleotideTokenizer(), seed=3)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.3 * torch.randn(weight.shape, generator=generator)
    return gl.Model(network, device="cpu")


def test_every_name_is_there_and_is_told_of() -> None:
    assert 8 <= len(gl.__all__) <= 25
    assert {*gl.__all__} <= {*dir(gl)}
    for name in gl.__all__:
        text = getattr(gl, name).__doc__ or ""
        assert len(text) > 40, name
        if name[0].islower():
            assert ">>> " in text.partition("Examples\n    --------")[2], f"{name} has no example"


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'genolect' has no attribute 'embed_all'"):
        _ = gl.embed_all


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(MachineError, match=r"torch sees no GPU on this machine. Fix: leave device out"):
        gl.Model(model().network, device="cuda")


def test_records_are_named_in_lists(user_folder, tmp_path) -> None:
    genome = gl.read_genome(user_folder / "genome.fa", folder=tmp_path / "prepared")
    with pytest.raises(ConfigurationError, match="validation and test take lists of names"):
        gl.pretrain(genome, steps=1, test="chr2")
    trained = gl.pretrain(genome, steps=1, validation=["chr3"], test=["chr2"])
    regions = trained.record["plan"]["regions"]
    assert {region[0] for region in regions["test"]} == {"chr2"}
    assert {region[0] for region in regions["validation"]} == {"chr3"}


def test_the_import_loads_neither_torch_nor_numba() -> None:
    program = (
        "import sys, time; import genolect as gl; print(time.process_time());"
        "print([name for name in ('torch', 'numba', 'numpy', 'pydantic') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    seconds, loaded = done.stdout.splitlines()
    assert loaded == "[]"
    assert float(seconds) < 0.1


@pytest.mark.parametrize("causal", [False, True])
def test_a_likelihood_is_that_of_each_token_by_itself(causal) -> None:
    asked = model(causal=causal)
    network = asked.network.eval()
    ids = torch.from_numpy(encode(LETTERS).astype(np.int64))
    nats = []
    for place in range(len(ids)):
        if causal and place == 0:
            continue
        shown, selected = ids.clone()[None], torch.zeros(1, len(ids), dtype=torch.bool)
        if causal:
            shown, selected = ids[None, :place], torch.zeros(1, place, dtype=torch.bool)
            selected[0, -1] = True
        else:
            shown[0, place], selected[0, place] = network.tokenizer.mask_id, True
        with torch.inference_mode():
            nats.append(float(network(shown, selected).log_softmax(1)[0, ids[place]]))
    assert asked.log_likelihood(LETTERS) == pytest.approx([np.mean(nats)], abs=1e-5)
    assert asked.log_likelihood(LETTERS)[0] < -0.1


@pytest.mark.parametrize("causal", [False, True])
def test_alone_and_beside_others_a_sequence_is_the_same(causal) -> None:
    asked = model(causal=causal)
    sequences = [LETTERS, "GATTACA", LETTERS[::-1] * 7]
    together = asked.embed(sequences), asked.log_likelihood(sequences)
    for number, sequence in enumerate(sequences):
        np.testing.assert_allclose(asked.embed(sequence)[0], together[0][number], atol=1e-5)
        assert asked.log_likelihood(sequence)[0] == together[1][number]


def test_strands_are_averaged_unless_one_is_asked_for() -> None:
    asked, other = model(), LETTERS[::-1].translate(str.maketrans("ACGT", "TGCA"))
    np.testing.assert_allclose(asked.embed(LETTERS), asked.embed(other), atol=1e-6)
    one, turned = (asked.embed(letters, strands="one") for letters in (LETTERS, other))
    assert abs(one - turned).max() > 1e-3
    np.testing.assert_allclose((one + turned) / 2, asked.embed(LETTERS), atol=1e-6)


def test_layers_are_told_apart_and_refused_beyond_the_last() -> None:
    asked = model()
    first, last = asked.embed(LETTERS, layer="first"), asked.embed(LETTERS, layer=-1)
    assert abs(first - last).max() > 1e-3
    np.testing.assert_array_equal(asked.embed(LETTERS, layer=0), first)
    with pytest.raises(ConfigurationError, match=r"there is no layer 9. Fix: choose 0 to \d"):
        asked.embed(LETTERS, layer=9)


def test_regions_are_read_on_their_strand(tmp_path) -> None:
    (tmp_path / "g.fa").write_text(f">chrI\n{LETTERS}\n")
    (tmp_path / "r.bed").write_text("chrI\t3\t12\ta\t0\t-\nchrI\t0\t5\tb\t0\t+\n")
    genome = gl.read_genome(tmp_path / "g.fa", folder=tmp_path / "prepared")
    turned = LETTERS[3:12][::-1].translate(str.maketrans("ACGT", "TGCA"))
    asked = model()
    by_place = asked.embed(regions=tmp_path / "r.bed", genome=genome, strands="one")
    np.testing.assert_allclose(by_place, asked.embed([turned, LETTERS[:5]], strands="one"), atol=1e-6)
    with pytest.raises(ConfigurationError, match="regions lie on a genome"):
        asked.embed(regions=tmp_path / "r.bed")


@pytest.mark.parametrize(
    ("sequences", "said"),
    [
        (["ACGT", "AC!T"], r"sequence 1 \(from 0\) has the letter '!' at place 3"),
        (["ACGT", ""], r"sequence 1 \(from 0\)"),
        ([], "there are no sequences"),
    ],
)
def test_what_is_no_sequence_is_named(sequences, said) -> None:
    with pytest.raises(InputError, match=said):
        model().embed(sequences)


def test_what_cannot_be_predicted_has_no_likelihood() -> None:
    with pytest.raises(InputError, match=r"sequence 0 \(from 0\) holds no token that can be predicted"):
        model().log_likelihood("NNNN")
    config = encoder_config("transformer", {"vocabulary": 4**3 + 3, "width": 8, "layers": 1, "context_lengths": []}, "")
    overlapping = gl.Model(new_model(config, KmerTokenizer(3, 1), seed=3))
    with pytest.raises(ConfigurationError, match="overlap, so that neighbours show what is masked"):
        overlapping.log_likelihood("ACGTACGT")


def test_a_causal_model_goes_on_from_a_prompt_and_no_other_does() -> None:
    drawn = model(causal=True).generate("ACGT", tokens=6, number=3, seed=1)
    assert [len(sequence) for sequence in drawn] == [10] * 3
    assert all(sequence.startswith("ACGT") for sequence in drawn)
    assert len({*drawn}) > 1
    assert drawn == model(causal=True).generate("ACGT", tokens=6, number=3, seed=1)
    with pytest.raises(ConfigurationError, match="causal"):
        model().generate("ACGT", tokens=2)


def test_a_saved_model_comes_back_and_is_not_overwritten(tmp_path) -> None:
    asked = model()
    asked.save(tmp_path / "model")
    np.testing.assert_array_equal(gl.load_model(tmp_path / "model").embed(LETTERS), asked.embed(LETTERS))
    with pytest.raises(MachineError):
        asked.save(tmp_path / "model")
    asked.save(tmp_path / "model", overwrite=True)


def test_a_hugging_face_folder_gives_what_transformers_gives(tmp_path) -> None:
    transformers = pytest.importorskip("transformers")
    from genolect.encoders.build import new_published
    from genolect.encoders.layers.blocks import draw_weights
    from genolect.tokenizers.published import DnabertTokenizer

    tokenizer = DnabertTokenizer([*DnabertTokenizer.special, *map("".join, product("ATCG", repeat=3))])
    config = encoder_config(
        "bert", {"vocabulary": len(tokenizer.vocabulary), "width": 12, "heads": 3, "layers": 2, "feed_forward": 8}, ""
    )
    encoder, head = new_published(config, tied=True)
    generator = torch.Generator().manual_seed(1)
    draw_weights(encoder, generator)
    draw_weights(head, generator)
    write_checkpoint(tmp_path / "dnabert", ForeignModel(encoder, head, tokenizer))
    asked = gl.load_model(tmp_path / "dnabert", device="cpu")
    theirs = transformers.BertModel.from_pretrained(tmp_path / "dnabert", add_pooling_layer=False).eval()
    before, after = (tokenizer.vocabulary[name] for name in ("[CLS]", "[SEP]"))
    ids = torch.tensor([[before, *tokenizer.encode(encode(LETTERS)).tolist(), after]])
    with torch.inference_mode():
        expected = theirs(ids).last_hidden_state[0, 1:-1].mean(dim=0).numpy()
    np.testing.assert_allclose(asked.embed(LETTERS, strands="one")[0], expected, atol=1e-5)


def test_a_table_is_divided_evaluated_and_written(user_folder, tmp_path) -> None:
    table = gl.read_table(user_folder / "promoters.tsv")
    with pytest.raises(ConfigurationError, match="the table is not divided"):
        gl.evaluate(table, baselines=["majority"])
    assert [*table.split(by="cluster").parts] == ["train", "validation", "test"]
    assert table.split(by="cluster", drop_relatives=True).left_out == {}
    result = gl.evaluate(table.split(by="cluster"), {"mine": model()}, baselines=["majority", "composition"])
    scores = {row["arm"]: row["value"] for row in result.rows if row["metric"] == "auroc"}
    assert scores["composition"] > 0.9 > 0.6 > scores["majority"]
    assert any("composition" in sentence for sentence in result.sentences)
    page = result.write(tmp_path / "evaluation")
    assert page.read_text().startswith("<!DOCTYPE html>")
    written = json.loads((tmp_path / "evaluation" / "results.json").read_text())
    assert written["evaluation"] == json.loads(json.dumps(result.rows))


def test_the_readme_runs(user_folder, tmp_path, monkeypatch) -> None:
    """With a small genome, two steps and a folder that was written here in place of what a user has."""
    (block,) = re.findall(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text("utf-8"), flags=re.DOTALL)
    monkeypatch.chdir(shutil.copytree(user_folder, tmp_path / "user"))
    model().save("DNABERT-6")
    small = block.replace("yeast.fa.gz", "genome.fa").replace("minutes=10", "steps=2")
    assert small.count("genome.fa") == small.count("steps=2") == 1
    names: dict[str, Any] = {}
    exec(compile(small, "README.md", "exec"), names)
    assert names["vectors"].shape == (2, 128)
    assert names["published"].shape == (1, 8)
