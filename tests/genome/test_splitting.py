"""What is held out: every role has windows with bases in it, or the genome is refused."""

from __future__ import annotations

import pytest

from genolect.errors import InputError
from genolect.genome.genome import prepare_genome
from genolect.genome.holdout import split_genome
from tests.tiny import synthetic_folder


@pytest.fixture
def prepared(tmp_path):
    def prepare(text: str):
        (tmp_path / "genome.fa").write_text(text)
        return prepare_genome([tmp_path / "genome.fa"], tmp_path / "prepared")

    return prepare


def test_named_records_are_held_out_and_the_roles_share_nothing(tmp_path):
    genome = prepare_genome([synthetic_folder() / "genome.fa"], tmp_path / "prepared")
    split = split_genome(genome, window=64, validation=("synthetic_2",), test=("synthetic_5",))
    names = {role: {region.name for region in regions} for role, regions in split.regions().items()}
    assert names["validation"] == {"synthetic_2"}
    assert names["test"] == {"synthetic_5"}
    assert names["train"] == {"synthetic_1", "synthetic_3", "synthetic_4", "synthetic_6"}


def test_a_genome_shorter_than_its_windows_is_refused(prepared):
    genome = prepared(f">one\n{'ACGTT' * 60}\n")
    with pytest.raises(InputError, match=r"the longest \w+ stretch has \d+ bases, fewer than a window's 256"):
        split_genome(genome, window=256)


def test_a_role_of_nothing_but_n_is_refused(prepared):
    genome = prepared(f">one\n{'ACGTT' * 200}\n>two\n{'N' * 900}\n>three\n{'GATTC' * 200}\n")
    with pytest.raises(InputError, match="all but 0 bases of the test stretches are N"):
        split_genome(genome, window=32, test=("two",))
