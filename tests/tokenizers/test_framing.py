"""Special tokens around a sequence, where transformers' own tokenizers put them."""

from __future__ import annotations

import pytest
import transformers

from genolect.sequence.alphabet import encode
from genolect.tokenizers.published import read_words
from genolect.tokenizers.tokenizer import Frame, frame_of
from tests.objectives.tokenized import SMALL, tokenizers

THEIRS = {
    "dnabert": (transformers.BertTokenizer, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *SMALL[3]]),
    "first": (transformers.EsmTokenizer, ["<unk>", "<pad>", "<mask>", "<cls>", *SMALL[6], *"ATCGN"]),
}


@pytest.mark.parametrize("name", THEIRS)
def test_a_sequence_is_framed_as_transformers_does(name, tmp_path):
    kind, words = THEIRS[name]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    tokenizer = read_words(tmp_path / "vocab.txt")
    ids, frame = tokenizer.encode(encode("ACGTTGCATGCC")).tolist(), frame_of(tokenizer.vocabulary)
    # Nucleotide Transformer's own configuration has no token for the end.
    settings = {"eos_token": None} if name == "first" else {"do_lower_case": False}
    theirs = kind(str(tmp_path / "vocab.txt"), **settings)(" ".join(words[token] for token in ids))["input_ids"]
    assert [*frame.before, *ids, *frame.after] == theirs
    assert len(theirs) > len(ids)


def test_of_our_own_vocabularies_none_has_a_frame():
    for name, tokenizer in tokenizers().items():
        framed = name in ("DNABERT", "Nucleotide Transformer")
        assert (frame_of(tokenizer.vocabulary) != Frame()) == framed
    assert frame_of({"[CLS]": 0, "A": 1}) == Frame()
