"""Saved tokenizers: from a ``tokenizer.json``, or another model's ``vocab.txt``, back to the tokenizer.

The ecosystem's format has no room for our own keys, and its text no room for a stride or a genetic code. So a model's
``config.json`` keeps `description_of` beside it; without one, the kind follows from the content.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from genolect.errors import ConfigurationError, InputError, shown
from genolect.sequence.genetic_code import AMINO_ACIDS
from genolect.tokenizers.amino_acid import AminoAcidTokenizer
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.codon import CodonTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.published import DnabertTokenizer, NucleotideTransformerTokenizer, read_words
from genolect.tokenizers.tokenizer import Tokenizer
from genolect.tokenizers.tokenizer_json import AT_SPACES, read_tokenizer_json

Content: TypeAlias = Mapping[str, Any]

_RESTORE = "take the file from a copy, or make the tokenizer again"
# How each kind is made from a file's content and its parameters, which are named here.
_MAKERS: dict[str, tuple[Callable[..., Tokenizer], tuple[str, ...]]] = {
    "nucleotide": (lambda content: NucleotideTokenizer(), ()),
    "kmer": (lambda content, k, stride: KmerTokenizer(k, stride), ("k", "stride")),
    "codon": (lambda content, code: CodonTokenizer(code), ("code",)),
    "amino_acid": (lambda content: AminoAcidTokenizer(), ()),
    "dnabert": (lambda content: DnabertTokenizer(_words(content)), ()),
    "nucleotide_transformer": (lambda content: NucleotideTransformerTokenizer(_words(content)), ()),
}
_DECIDE_IDS = ("normalizer", "pre_tokenizer", "added_tokens", "post_processor")
# What transformers adds when it saves: a template without any special token, which changes nothing.
_NO_TEMPLATE = {
    "type": "TemplateProcessing",
    "single": [{"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {},
}


def description_of(tokenizer: Tokenizer) -> dict[str, Any]:
    """Give what a ``tokenizer.json`` may not tell: the kind and the parameters.

    Parameters
    ----------
    tokenizer : Tokenizer
        Any.

    Returns
    -------
    dict
        JSON types, for the file that stands beside the ``tokenizer.json``.

    Examples
    --------
    >>> description_of(KmerTokenizer(6, 2))
    {'kind': 'kmer', 'k': 6, 'stride': 2}
    """
    return {"kind": tokenizer.kind, **tokenizer.parameters}


def tokenizer_from(source: Content | Path | str, description: Mapping[str, Any] | None = None) -> Tokenizer:
    """Read a tokenizer and make sure that the file decides the same ids.

    Parameters
    ----------
    source : mapping, Path or str
        The content of a ``tokenizer.json``; or the path of one, or of a ``vocab.txt`` (see `read_words`).
    description : mapping, optional
        What `description_of` gave. Without it words side by side are k-mers (codons, if that is what they are, look
        the same), overlapping ones have stride 1, and single bases are nucleotides.

    Returns
    -------
    Tokenizer
        The tokenizer.

    Raises
    ------
    InputError
        If the file is cut, malformed, none of ours, or not what the description says; the first fault is named.

    Examples
    --------
    >>> tokenizer_from(KmerTokenizer(3, 1).to_ecosystem()).parameters
    {'k': 3, 'stride': 1}
    """
    path = None if isinstance(source, Mapping) else Path(source)
    if path is not None and path.suffix == ".txt":
        return read_words(path)
    content = source if isinstance(source, Mapping) else read_tokenizer_json(Path(source))
    try:
        if _is_byte_pair(content, description):
            return BytePairTokenizer.from_ecosystem(content)
        _check_shape(content)
        tokenizer = _made(content, dict(description or _inferred(content)))
        _check_ids(content, tokenizer)
    except (InputError, ConfigurationError) as error:
        raise InputError(error.what, fix=error.fix, path=path) from error
    return tokenizer


def _is_byte_pair(content: Content, description: Mapping[str, Any] | None) -> bool:
    """Whether it has merges, which say all by themselves, and is not said to be something else."""
    model = content.get("model")
    merged = isinstance(model, Mapping) and model.get("type") == "BPE"
    return merged and (description is None or description == {"kind": BytePairTokenizer.kind})


def _check_shape(content: Content) -> None:
    """Make sure that there is a vocabulary with the ids 0 … V-1."""
    model = content.get("model")
    vocabulary = model.get("vocab") if isinstance(model, Mapping) else None
    if not isinstance(vocabulary, Mapping) or not vocabulary:
        raise InputError("the file has no vocabulary (model.vocab)", fix="give a tokenizer.json")
    ids: dict[int, str] = {}
    for word, token in vocabulary.items():
        if type(token) is not int or not 0 <= token < len(vocabulary):
            what = f"the token {shown(word)} has the id {shown(token)}; ids are 0 to {len(vocabulary) - 1:,}"
            raise InputError(what, fix=_RESTORE)
        if token in ids:
            raise InputError(f"the tokens {shown(ids[token])} and {shown(word)} both have the id {token}", fix=_RESTORE)
        ids[token] = word


def _words(content: Content) -> list[str]:
    """Every token in the order of the ids."""
    vocabulary: Mapping[str, int] = content["model"]["vocab"]
    return sorted(vocabulary, key=vocabulary.__getitem__)


def _inferred(content: Content) -> dict[str, Any]:
    """Tell kind and parameters from the content."""
    words = _words(content)
    for kind, own in (("dnabert", DnabertTokenizer), ("nucleotide_transformer", NucleotideTransformerTokenizer)):
        if own.special[0] in words and own.special[1] in words:
            return {"kind": kind}
    if set(AMINO_ACIDS) <= set(words):
        return {"kind": "amino_acid"}
    k = len(words[0])
    if content["model"].get("type") != "WordLevel" or words[0] != "A" * k:
        what = f"a tokenizer of the type {shown(content['model'].get('type'))} that begins with {shown(words[0])}"
        raise InputError(
            f"{what} is none that is known", fix=f"give one of these kinds: byte_pair, {', '.join(_MAKERS)}"
        )
    if k == 1:
        return {"kind": "nucleotide"}
    return {"kind": "kmer", "k": k, "stride": 1 if content.get("pre_tokenizer") == AT_SPACES else k}


def _made(content: Content, description: dict[str, Any]) -> Tokenizer:
    kind = description.pop("kind", None)
    if kind not in _MAKERS:
        raise InputError(
            f"there is no tokenizer of the kind {shown(kind)}", fix=f"known are byte_pair, {', '.join(_MAKERS)}"
        )
    maker, names = _MAKERS[kind]
    if set(description) != set(names) or not all(type(value) is int for value in description.values()):
        given = ", ".join(f"{name} = {value}" for name, value in description.items()) or "nothing"
        what = f"a tokenizer of the kind {kind} is described by {shown(given)}"
        raise InputError(what, fix=f"give whole numbers for: {', '.join(names) or 'nothing'}")
    return maker(content, **description)


def _check_ids(content: Content, tokenizer: Tokenizer) -> None:
    """Compare everything in the file that decides ids with what this tokenizer writes."""
    ours, theirs = tokenizer.vocabulary, content["model"]["vocab"]
    described = " ".join([tokenizer.kind, *(f"{name} {value}" for name, value in tokenizer.parameters.items())])
    for word in [*ours, *theirs]:
        if ours.get(word) != theirs.get(word):
            what = f"the token {shown(word)} has the id {theirs.get(word)}, not {ours.get(word)} as in {described}"
            raise InputError(what, fix=_RESTORE)
    written = tokenizer.to_ecosystem()
    for part in ("type", "unk_token"):
        if content["model"].get(part) != written["model"][part]:
            found = f"{shown(content['model'].get(part))}, not {shown(written['model'][part])}"
            raise InputError(f"the part model.{part} is {found} as in {described}", fix=_RESTORE)
    for part in _DECIDE_IDS:
        allowed = [written[part], _NO_TEMPLATE] if part == "post_processor" else [written[part]]
        if content.get(part) not in allowed:
            what = f"the part {part} is {shown(json.dumps(content.get(part)))}, which is not that of {described}"
            raise InputError(what, fix=_RESTORE)


Partners = npt.NDArray[np.int64]


def token_partners(tokenizer: Tokenizer) -> Partners:
    """Give each token's partner on the other strand; special tokens and those with N are their own.

    Token i of a window and token L - 1 - i of its other strand are then partners, wherever the tokens cover the window.

    Parameters
    ----------
    tokenizer : Tokenizer
        One of single bases or of k-mers cut at fixed places.

    Returns
    -------
    ndarray of int64, shape (V,)
        Ids.

    Raises
    ------
    ConfigurationError
        If the tokens of the two strands are not the same words, cut at the same places.

    Examples
    --------
    >>> token_partners(NucleotideTokenizer()).tolist()
    [3, 2, 1, 0, 4, 5, 6]
    """
    if not isinstance(tokenizer, NucleotideTokenizer | KmerTokenizer | DnabertTokenizer):
        what = f"the two strands are cut into different {tokenizer.kind} tokens, which cannot be paired"
        raise ConfigurationError(what, fix="compare whole windows, or use nucleotide or k-mer tokens")
    ids = np.arange(len(tokenizer.vocabulary), dtype=np.uint32)[:, None]
    return tokenizer.reverse_complement(ids)[:, 0].astype(np.int64)


def target_partners(tokenizer: Tokenizer) -> Partners:
    """Give the partner of each predictable token, by its place among them: the order of logits on the other strand.

    Parameters
    ----------
    tokenizer : Tokenizer
        As in `token_partners`.

    Returns
    -------
    ndarray of int64, shape (number of predictable tokens,)
        Places, 0-based.

    Examples
    --------
    >>> target_partners(KmerTokenizer(1, 1)).tolist()
    [3, 2, 1, 0]
    """
    targets = tokenizer.targets
    return token_partners(tokenizer)[targets.start : targets.stop] - targets.start
