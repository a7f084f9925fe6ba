"""A model to ask: ours, or one of a Hugging Face folder."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from genolect.arrays import Floats
from genolect.errors import ConfigurationError, InputError, MachineError
from genolect.genome.genome import PreparedGenome
from genolect.models.embedding import layer_embeddings
from genolect.models.inference import Machine, this_machine
from genolect.models.likelihood import log_likelihoods
from genolect.models.model import SequenceModel, save_model
from genolect.models.model import load_model as read_model
from genolect.prediction.generate import SamplingConfig, generate
from genolect.sequence.alphabet import INVALID, Bases, encode, reverse_complement
from genolect.sequence.annotation import read_annotation
from genolect.tokenizers.amino_acid import AminoAcidTokenizer

Sequences: TypeAlias = str | Iterable[str | Bases]
Device: TypeAlias = Literal["cpu", "cuda"] | None
Pooling: TypeAlias = Literal["mean", "max", "centre", "first"]


class Model:
    """A sequence model and its tokenizer.

    Parameters
    ----------
    network : SequenceModel
        The network; `load_model` and `pretrain` give models.
    record : dict, optional
        How it was trained, for its manifest.
    device : {'cpu', 'cuda'}, optional
        Where it runs; by default a GPU where there is one.

    Examples
    --------
    >>> import genolect as gl
    >>> model = gl.pretrain("genome.fa", steps=2, seed=7)
    >>> model.embed(["ACGTTGCA", "GGG"]).shape
    (2, 128)
    >>> model.log_likelihood("ACGTTGCA").shape
    (1,)
    """

    def __init__(self, network: SequenceModel, *, record: dict[str, Any] | None = None, device: Device = None) -> None:
        self.network = network
        self.record = dict(record or {})
        if device == "cuda" and not torch.cuda.is_available():
            raise MachineError("torch sees no GPU on this machine", fix='leave device out, or take device="cpu"')
        self._machine = this_machine() if device is None else Machine(torch.device(device), reduced=False)

    @property
    def kind(self) -> str:
        """What kind of encoder it is."""
        return self.network.config.kind

    @property
    def width(self) -> int:
        """D, numbers in an embedding."""
        return self.network.config.output_width

    def __repr__(self) -> str:
        """Say what it is."""
        weights = f"{self.network.parameter_count:,} weights"
        return f"<genolect Model: {self.kind}, {weights}, {self.network.tokenizer.kind} tokens>"

    def embed(
        self,
        sequences: Sequences | None = None,
        *,
        regions: str | Path | None = None,
        genome: PreparedGenome | None = None,
        layer: int | Literal["first", "last"] = "last",
        pooling: Pooling = "mean",
        strands: Literal["one", "both"] = "both",
    ) -> npt.NDArray[np.float32]:
        """Describe each sequence by one vector.

        Parameters
        ----------
        sequences : str, or iterable of str or ndarray of uint8
            Sequences of any length, 5' to 3'.
        regions : str or Path, optional
            BED, GTF or GFF3 file of places on `genome`, instead of sequences; each is read on its strand.
        genome : PreparedGenome, optional
            From `read_genome`.
        layer : int, 'first' or 'last'
            0 is what enters the first block, k what leaves the k-th, -1 the last one after its norm.
        pooling : {'mean', 'max', 'centre', 'first'}
            How the vectors of tokens become one; 'first' is the special token before the sequence, where there is one.
        strands : {'one', 'both'}
            Whether a sequence and its reverse complement get the same vector, the mean of both.

        Returns
        -------
        ndarray of float32, shape (n, D)
            The vectors, the same whatever stands in the same call, to rounding.

        Raises
        ------
        InputError
            If a sequence holds other letters, or is too short or long for the model.
        ConfigurationError
            If there is no such layer or pooling.

        Examples
        --------
        >>> import genolect as gl
        >>> model = gl.pretrain("genome.fa", steps=2, seed=7)
        >>> forward, backward = model.embed(["AACCGT", "ACGGTT"])
        >>> bool(abs(forward - backward).max() < 1e-6)
        True
        >>> genome = gl.read_genome("genome.fa")
        >>> model.embed(regions="peaks.bed", genome=genome, strands="one").shape
        (2, 128)
        """
        read = self._read(sequences, regions, genome)
        machine = Machine(self._machine.device, reduced=False)
        describe = partial(layer_embeddings, self.network, machine=machine, pooling=(pooling,))
        states = describe(read)
        if strands == "both" and not self._proteins:
            states = np.mean([states, describe([reverse_complement(row) for row in read])], axis=0)
        number = {"first": 0, "last": -1}.get(layer, layer) if isinstance(layer, str) else layer
        if not isinstance(number, int) or not -states.shape[1] <= number < states.shape[1]:
            there = f"0 to {states.shape[1] - 1}, or -1 for the last"
            raise ConfigurationError(f"there is no layer {layer!r}", fix=f"choose {there}")
        return np.asarray(states[:, number], dtype=np.float32)

    def log_likelihood(self, sequences: Sequences) -> Floats:
        """Say how likely sequences are, in nats per base; higher is likelier, 0 would be certain.

        Parameters
        ----------
        sequences : str, or iterable of str or ndarray of uint8
            Sequences, 5' to 3'.

        Returns
        -------
        ndarray of float64, shape (n,)
            Of a causal model the likelihood of each token after those before it; of any other the
            pseudo-log-likelihood, each token masked alone. Both are means over the bases.

        Raises
        ------
        InputError
            If a sequence holds other letters, or nothing that can be predicted.
        ConfigurationError
            If the tokens overlap, so that neighbours show what is masked.

        Examples
        --------
        >>> import genolect as gl
        >>> model = gl.pretrain("genome.fa", steps=2, seed=7)
        >>> alone, beside = model.log_likelihood("ACGTTGCA"), model.log_likelihood(["ACGTTGCA", "GG"])
        >>> bool(alone[0] == beside[0])
        True
        """
        return log_likelihoods(self.network, self._read(sequences, None, None), self._machine)

    def generate(
        self, prompt: str, *, tokens: int, number: int = 1, temperature: float = 1.0, seed: int = 0
    ) -> list[str]:
        """Continue a sequence with a causal model.

        Parameters
        ----------
        prompt : str
            The bases to go on from, at least one token.
        tokens : int
            How many tokens to add.
        number : int
            How many sequences.
        temperature : float
            0 takes the likeliest token each time.
        seed : int
            Which ones are drawn.

        Returns
        -------
        list of str
            The sequences, the prompt included.

        Raises
        ------
        ConfigurationError
            If the model is not causal.
        """
        (bases,) = self._read(prompt, None, None)
        prompts = np.tile(self.network.tokenizer.encode(bases), (number, 1))
        config = SamplingConfig(tokens=tokens, temperature=temperature, seed=seed)
        drawn = generate(self.network, prompts, config, Machine(self._machine.device, reduced=False))
        return [self.network.tokenizer.decode(row) for row in drawn.ids]

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the model as a folder that `load_model` and every verb of the command line reads.

        Parameters
        ----------
        folder : str or Path
            Where; it holds model.safetensors, config.json, tokenizer.json and manifest.json.
        overwrite : bool
            Whether a model there gives way.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        MachineError
            If the folder exists, or the disk refuses.
        """
        save_model(Path(folder), self.network, self.record, replace=overwrite)
        return Path(folder)

    @property
    def _proteins(self) -> bool:
        return isinstance(self.network.tokenizer, AminoAcidTokenizer)

    def _read(
        self, sequences: Sequences | None, regions: str | Path | None, genome: PreparedGenome | None
    ) -> list[Bases]:
        """Turn what a user gives into codes."""
        if (sequences is None) == (regions is None):
            raise ConfigurationError("give sequences, or regions with a genome", fix="give one of them")
        if sequences is None:
            return _of_regions(Path(str(regions)), genome)
        given = [sequences] if isinstance(sequences, str) else list(sequences)
        if self._proteins:
            return [np.frombuffer(str(one).upper().encode(), dtype=np.uint8) for one in given]
        return [_bases_of(one, number) for number, one in enumerate(given)]


def _bases_of(sequence: str | Bases, number: int) -> Bases:
    """Turn one sequence into codes, and name the letter that is no base."""
    codes = encode(sequence) if isinstance(sequence, str) else sequence
    wrong = np.flatnonzero(codes == INVALID)
    if wrong.size and isinstance(sequence, str):
        letter, place = sequence[wrong[0]], int(wrong[0]) + 1
        what = f"sequence {number} (from 0) has the letter {letter!r} at place {place}"
        raise InputError(what, fix="give A C G T U, N or IUPAC codes, upper or lower case")
    return codes


def _of_regions(path: Path, genome: PreparedGenome | None) -> list[Bases]:
    if genome is None:
        raise ConfigurationError("regions lie on a genome", fix="give genome=gl.read_genome(...)")
    features = read_annotation(path, genome.lengths).features
    places = [feature.interval for feature in features]
    read = [genome.bases(place.name, place.start, place.end) for place in places]
    return [reverse_complement(row) if place.strand == "-" else row for row, place in zip(read, places, strict=True)]


def load_model(folder: str | Path, *, device: Device = None) -> Model:
    """Open a model: a folder that genolect wrote, or a Hugging Face folder of a DNA language model.

    Parameters
    ----------
    folder : str or Path
        ``run/model``, a folder written by `Model.save`, or a downloaded folder of DNABERT, DNABERT-2, GROVER or
        Nucleotide Transformer. Nothing in it is executed, and nothing is downloaded.
    device : {'cpu', 'cuda'}, optional
        Where it runs; by default a GPU where there is one.

    Returns
    -------
    Model
        Ready to `embed`.

    Raises
    ------
    InputError
        If the folder holds no model, another kind, or damaged files.

    Examples
    --------
    >>> import genolect as gl
    >>> folder = gl.pretrain("genome.fa", steps=2, seed=7).save("run/model")
    >>> gl.load_model("run/model")
    <genolect Model: transformer, 401,924 weights, nucleotide tokens>
    """
    return Model(read_model(Path(folder)), device=device)
