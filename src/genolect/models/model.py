"""The model directory: weights, configuration, tokenizer and manifest as one thing. Nothing in it can execute.

::

    model/
        model.safetensors   weights and context counts
        config.json         shape of the encoder and the objective it was trained with
        tokenizer.json      the ecosystem's format, whatever the tokenizer
        manifest.json       SHA-256 of each file, versions, training record

Legend: B windows, L tokens, S selected tokens, V predictable tokens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from genolect import __version__, files
from genolect.encoders.build import encoder_config, new_encoder, new_head
from genolect.encoders.encoder import EncoderConfig, HeadConfig
from genolect.encoders.heads import PredictableHead, TokenHead
from genolect.encoders.layers.blocks import draw_weights
from genolect.encoders.layers.context import ContextEvidence
from genolect.errors import ConfigurationError, InputError, shown
from genolect.folders import CONFIGURATION, TOKENIZER, WEIGHTS
from genolect.models.huggingface.own import is_own, read_own_model
from genolect.models.huggingface.reading import is_published, read_checkpoint
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.reading import description_of, tokenizer_from
from genolect.tokenizers.tokenizer import Tokenizer

FORMAT = 2
REMEDY = "train the model again, or restore the folder from a copy"


class SequenceModel(nn.Module):
    """An encoder with the heads that were trained with it; `new_model` and `load_model` give it its weights.

    Parameters
    ----------
    config : EncoderConfig
        Shape of the encoder, of whatever kind.
    tokenizer : Tokenizer
        Gives the ids.
    heads : mapping of str to HeadConfig, optional
        Heads beside the one that predicts tokens, by name.
    """

    def __init__(
        self, config: EncoderConfig, tokenizer: Tokenizer, heads: Mapping[str, HeadConfig] | None = None
    ) -> None:
        super().__init__()
        if config.single_bases and not isinstance(tokenizer, NucleotideTokenizer):
            what = f"an encoder of the kind {config.kind} reads single bases, not {tokenizer.kind} tokens"
            raise ConfigurationError(what, fix="take nucleotides, or another encoder")
        self.config = config
        self.tokenizer = tokenizer
        self.head_configs = dict(heads or {})
        self.encoder = new_encoder(config)
        with torch.random.fork_rng(devices=[]):  # torch's own first values, soon replaced, come from a global generator
            self.head = config.token_head(tokenizer.targets, self.encoder)
            width = config.output_width
            # Without other heads this has no weights, and a saved model has the same names as ever.
            self.heads = nn.ModuleDict({name: new_head(head, width) for name, head in self.head_configs.items()})

    @property
    def context(self) -> ContextEvidence | None:
        """The counts of contexts that the encoder reads; None where it reads none."""
        found: ContextEvidence | None = getattr(self.encoder, "context", None)
        return found

    def forward(
        self, ids: Tensor, selected: Tensor | None, counted: Tensor | None = None, *, head: str | None = None
    ) -> Tensor:
        """Predict the selected tokens, or ask another head.

        Parameters
        ----------
        ids : Tensor of int64, shape (B, L)
            Token ids as shown.
        selected : Tensor of bool, shape (B, L), or None
            Which tokens to predict; None for heads that read whole windows.
        counted : Tensor of int64, shape (B, L), optional
            The true tokens of windows from the counted genome (see `encoders.layers.context`).
        head : str, optional
            Name of one of the other heads.

        Returns
        -------
        Tensor, shape (S, V), (B, P) or (B, K, tracks)
            Logits in reading order, one vector per window, or expected counts in bins.
        """
        return self.read(self.encoder(ids, counted), ids, selected, head=head)

    def read(self, hidden: Tensor, ids: Tensor, selected: Tensor | None, *, head: str | None = None) -> Tensor:
        """Ask a head about hidden states, so that several heads can share one pass of the encoder.

        Parameters
        ----------
        hidden : Tensor, shape (B, L, D), or (B, K, D) where the encoder gives bins
            What the encoder made of the ids.
        ids, selected, head
            As in `forward`.

        Returns
        -------
        Tensor, shape (S, V), (B, P) or (B, K, tracks)
            As in `forward`.

        Raises
        ------
        KeyError
            If there is no head of that name.
        ValueError
            If a head for windows is given selected tokens, or one for tokens none.
        """
        part = self.head if head is None else self.heads[head]
        if isinstance(part, TokenHead | PredictableHead) != (selected is not None):
            raise ValueError(f"a {type(part).__name__} reads {'tokens' if selected is None else 'windows'}")
        answer: Tensor = part(hidden, ids != self.tokenizer.padding_id) if selected is None else part(hidden[selected])
        return answer

    @property
    def parameter_count(self) -> int:
        """Number of trained values (context counts are not trained)."""
        return sum(parameter.numel() for parameter in self.parameters())


def new_model(
    config: EncoderConfig,
    tokenizer: Tokenizer,
    *,
    seed: int,
    counts: Mapping[int, Tensor] | None = None,
    heads: Mapping[str, HeadConfig] | None = None,
) -> SequenceModel:
    """Build a model with random weights that depend on the seed alone.

    Parameters
    ----------
    config, tokenizer
        As in `SequenceModel`.
    seed : int
        Seed of the initial weights.
    counts : mapping of int to Tensor, optional
        Context counts (see `encoders.layers.context.ContextEvidence.set_counts`).
    heads : mapping of str to HeadConfig, optional
        As in `SequenceModel`; encoder and token head start alike with and without them.

    Returns
    -------
    SequenceModel
        In training mode, on the CPU.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> one, other = (new_model(config, NucleotideTokenizer(), seed=3) for _ in range(2))
    >>> all(map(torch.equal, one.parameters(), other.parameters()))
    True
    """
    model = SequenceModel(config, tokenizer, heads)
    draw_weights(model, torch.Generator().manual_seed(seed))
    if counts is not None and model.context is not None:
        model.context.set_counts(counts)
    return model


def random_twin(model: SequenceModel, *, seed: int, keep_counts: bool) -> SequenceModel:
    """Give the same encoder with random weights, the control of every probe.

    Every matrix is drawn anew, those that start at zero in training too, so that all layers of the twin act. Without
    counts the twin has never seen the genome; with them it lacks training by gradients alone.

    Parameters
    ----------
    model : SequenceModel
        The trained model; not changed.
    seed : int
        Seed of the weights.
    keep_counts : bool
        Whether the twin reads the model's context counts, or empty ones.

    Returns
    -------
    SequenceModel
        The twin, in evaluation mode.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> twin = random_twin(new_model(config, NucleotideTokenizer(), seed=3), seed=4, keep_counts=False)
    >>> bool(twin.encoder.blocks[0].attention.merge.weight.any())
    True
    """
    twin = new_model(model.config, model.tokenizer, seed=seed, heads=model.head_configs)
    if keep_counts:
        twin.load_state_dict(dict(model.named_buffers()), strict=False)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in twin.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=parameter[0].numel() ** -0.5, generator=generator)
    return twin.eval()


def save_model(folder: Path, model: SequenceModel, record: Mapping[str, Any], *, replace: bool = False) -> None:
    """Publish a model directory, whole or not at all.

    Parameters
    ----------
    folder : Path
        Where.
    model : SequenceModel
        What.
    record : mapping
        The training record for the manifest (JSON types).
    replace : bool
        Whether an existing directory gives way.

    Raises
    ------
    MachineError
        If the disk refuses.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> with TemporaryDirectory() as folder:
    ...     save_model(Path(folder, "model"), new_model(config, NucleotideTokenizer(), seed=3), {"steps": 5})
    ...     sorted(path.name for path in Path(folder, "model").iterdir())
    ['config.json', 'manifest.json', 'model.safetensors', 'tokenizer.json']
    """
    configuration = {
        "format": FORMAT,
        "encoder": model.config.kind,
        "tokenizer": description_of(model.tokenizer),
        "tokenizer_sha256": model.tokenizer.content_hash,
        "configuration": model.config.to_mapping(),
    }
    if model.head_configs:
        configuration["heads"] = {name: head.to_mapping() for name, head in model.head_configs.items()}
    # Copies: what two parts share (a head and its embedding) is written twice, as the format wants it.
    tensors = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in model.state_dict().items()}
    with files.new_folder(folder, replace=replace) as staging:
        for name, content in (
            (WEIGHTS, safetensors.torch.save(tensors)),
            (CONFIGURATION, files.json_text(configuration).encode()),
            (TOKENIZER, files.json_text(model.tokenizer.to_ecosystem()).encode()),
        ):
            with files.open_for_writing(staging / name) as file:
                file.write(content)
        files.write_facts(staging, {"kind": "model", "genolect": __version__, "record": dict(record)})


def load_model(folder: Path) -> SequenceModel:
    """Read a model directory after checking every byte of it, or a Hugging Face directory of a published model.

    Parameters
    ----------
    folder : Path
        A folder made by `save_model`, or one that `foreign_checkpoint` reads.

    Returns
    -------
    SequenceModel
        In evaluation mode, on the CPU.

    Raises
    ------
    InputError
        If the folder is no model, was damaged, is of a newer format, or its parts do not belong together.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> with TemporaryDirectory() as folder:
    ...     save_model(Path(folder, "model"), new_model(config, NucleotideTokenizer(), seed=3), {"steps": 5})
    ...     load_model(Path(folder, "model")).config == config
    True
    """
    if is_published(folder):
        return _published(folder)
    manifest = files.read_manifest(folder)
    if manifest.get("kind") != "model":
        raise InputError("this folder is no model", fix="name the folder that holds model.safetensors", path=folder)
    values = json.loads((folder / CONFIGURATION).read_text("utf-8"))
    its_maker = f"use the genolect that made it ({manifest.get('genolect')})"
    if values.get("format") != FORMAT:
        what = f"the model has format {values.get('format')}, this version reads {FORMAT}"
        raise InputError(what, fix=its_maker, path=folder)
    tokenizer = tokenizer_from(folder / TOKENIZER, values["tokenizer"])
    if values["tokenizer_sha256"] != tokenizer.content_hash:
        raise InputError("the model was trained with another vocabulary", fix=REMEDY, path=folder / TOKENIZER)
    try:
        config = encoder_config(values["encoder"], values["configuration"], CONFIGURATION)
        heads = {name: HeadConfig.from_mapping(head, name) for name, head in values.get("heads", {}).items()}
    except ConfigurationError as error:
        raise InputError(error.what, fix=its_maker, path=folder / CONFIGURATION) from error
    model = SequenceModel(config, tokenizer, heads)
    try:
        tensors = safetensors.torch.load((folder / WEIGHTS).read_bytes())
    except safetensors.SafetensorError as error:
        raise _misfit(error, folder) from error
    return _filled(model, tensors, folder)


def _filled(model: SequenceModel, tensors: Mapping[str, Tensor], folder: Path) -> SequenceModel:
    """Give a model the weights of a folder."""
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise _misfit(error, folder) from error
    if not all(bool(torch.isfinite(parameter).all()) for parameter in model.parameters()):
        raise InputError("some weights are not finite", fix=REMEDY, path=folder / WEIGHTS)
    return model.eval()


def _misfit(error: Exception, folder: Path) -> InputError:
    what = f"the weights do not fit the configuration: {shown(str(error).splitlines()[-1].strip())}"
    return InputError(what, fix=REMEDY, path=folder / WEIGHTS)


def _published(folder: Path) -> SequenceModel:
    """Read a published model with its masked head and its tokenizer, or one of ours that transformers loads."""
    if is_own(folder):
        own = read_own_model(folder)
        return _filled(SequenceModel(own.config, own.tokenizer, own.heads), own.tensors, folder)
    foreign = read_checkpoint(folder)
    if foreign.head is None or foreign.tokenizer is None:
        missing = "masked head" if foreign.head is None else "vocabulary"
        raise InputError(f"the checkpoint has no {missing}", fix="take the whole folder of a masked model", path=folder)
    model = SequenceModel(foreign.config, foreign.tokenizer)
    model.encoder.load_state_dict(foreign.encoder.state_dict())
    model.head.load_state_dict({f"masked.{name}": tensor for name, tensor in foreign.head.state_dict().items()})
    return model.eval()


def training_record(folder: Path) -> dict[str, Any]:
    """Read what a model directory says about its training; see `save_model`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> with TemporaryDirectory() as folder:
    ...     save_model(Path(folder, "model"), new_model(config, NucleotideTokenizer(), seed=3), {"steps": 5})
    ...     training_record(Path(folder, "model"))
    {'steps': 5}
    """
    record: dict[str, Any] = files.read_manifest(folder, verify=False).get("record", {})
    return record
