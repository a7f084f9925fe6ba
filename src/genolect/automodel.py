"""Classes by which transformers loads models that ``genolect convert --to hf`` wrote; importing this registers them.

Needs the extra: ``pip install 'genolect[hf]'``. Nothing else in genolect imports this module, and it runs no code of
the folder. `AutoModel`, `AutoModelForMaskedLM` and `AutoModelForCausalLM` then know the type "genolect".

Legend: B windows, L tokens, D width, H heads, V token ids.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    GenerationMixin,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import BaseModelOutput, CausalLMOutput, MaskedLMOutput

from genolect.encoders.build import encoder_config, new_encoder, new_head
from genolect.encoders.encoder import EncoderConfig, HeadConfig
from genolect.encoders.layers.blocks import draw_weights
from genolect.folders import CONFIGURATION
from genolect.models.huggingface.own import BASE, MODEL_TYPE, TIED

NOT_ASKED = -100
"""Label of a token that is not asked about, in transformers' convention."""


class GenolectConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """Shape of a model, as `models.huggingface.writing.configuration_values` writes it.

    Parameters
    ----------
    encoder_kind : str
        One of `encoders.build.encoder_kinds`.
    shape : dict
        Fields of its configuration.
    targets : list of int
        First predictable id, and the one behind the last.
    extra_heads : dict
        Heads beside the one that predicts tokens; kept, and not asked here.
    seed : int
        Of the weights that are not read from a file.
    values
        What every configuration of transformers has.

    Examples
    --------
    >>> shape = {"vocabulary": 7, "width": 8, "layers": 1, "heads": 2, "context_lengths": []}
    >>> config = GenolectConfig(encoder_kind="transformer", shape=shape, targets=[0, 4], vocab_size=7)
    >>> AutoModelForMaskedLM.from_config(config)(torch.tensor([[0, 1, 5]])).logits.shape
    torch.Size([1, 3, 7])
    """

    model_type = MODEL_TYPE

    def __init__(
        self,
        encoder_kind: str = "transformer",
        shape: dict[str, Any] | None = None,
        targets: list[int] | None = None,
        extra_heads: dict[str, dict[str, Any]] | None = None,
        seed: int = 0,
        **values: Any,
    ) -> None:
        self.encoder_kind = encoder_kind
        self.shape = dict(shape or {})
        self.targets = list(targets or [0, 4])
        self.extra_heads = dict(extra_heads or {})
        self.seed = seed
        super().__init__(**values)

    def encoder_config(self) -> EncoderConfig:
        """Give the shape as genolect checks it."""
        return encoder_config(self.encoder_kind, self.shape, CONFIGURATION)


class GenolectPreTrained(PreTrainedModel):  # type: ignore[no-untyped-call]
    """What the classes share: where weights come from that no file gives."""

    config_class = GenolectConfig
    base_model_prefix = "model"
    main_input_name = "input_ids"
    _supports_sdpa = True

    def drawn(self) -> nn.Module:
        """Make the parts anew, on the processor, with weights drawn from the seed of the configuration."""
        raise NotImplementedError

    def initialize_weights(self) -> None:
        """Give every weight that was not read its initial value, and what follows from the shape its own.

        transformers builds models without memory for weights; it marks those that it has read.
        """
        with torch.device("cpu"):
            drawn = self.drawn()
            draw_weights(drawn, torch.Generator().manual_seed(self.config.seed))
        own = _tensors(self)
        with torch.no_grad():
            for name, tensor in _tensors(drawn).items():
                if name in self.all_tied_weights_keys:  # transformers ties it to its embedding after this
                    continue
                if own[name].is_meta:  # One tensor in two places: transformers gives memory to the first of them only.
                    place, _, last = name.rpartition(".")
                    self.get_submodule(place).register_buffer(last, tensor.to(self.device), persistent=False)
                elif not getattr(own[name], "_is_hf_initialized", False):
                    own[name].copy_(tensor)

    def _init_weights(self, module: nn.Module) -> None:
        """Leave single parts alone: `initialize_weights` sees to all of them."""


class GenolectModel(GenolectPreTrained):  # type: ignore[no-untyped-call]
    """An encoder of genolect.

    Parameters
    ----------
    config : GenolectConfig
        The shape.
    """

    def __init__(self, config: GenolectConfig) -> None:
        super().__init__(config)
        self.encoder = new_encoder(config.encoder_config())
        self.post_init()  # type: ignore[no-untyped-call]

    def drawn(self) -> nn.Module:
        """See `GenolectPreTrained`."""
        return nn.ModuleDict({"encoder": new_encoder(self.config.encoder_config())})

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        *,
        counted: Tensor | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        **ignored: Any,
    ) -> BaseModelOutput:
        """Encode windows.

        Parameters
        ----------
        input_ids : Tensor of int64, shape (B, L)
            Token ids as shown.
        attention_mask : Tensor, shape (B, L), optional
            0 at padding, which may stand at either end. Windows of one length are read together, without it.
        counted : Tensor of int64, shape (B, L), optional
            The true tokens, where the windows are part of the genome whose contexts the model counted: training on
            that genome without them lets the model read its answers (`encoders.layers.context`).
        output_hidden_states, output_attentions : bool, optional
            Whether to give those of all layers.
        ignored
            What tokenizers and trainers hand to every model (``token_type_ids``, ``return_dict`` …).

        Returns
        -------
        BaseModelOutput
            ``last_hidden_state`` (B, L, D), zeros at padding; ``hidden_states``: what enters the first layer, what
            leaves each but the last, and ``last_hidden_state``; ``attentions``, (B, H, L, L) per layer.

        Raises
        ------
        ValueError
            If padding stands inside a window, or attention weights are asked of an encoder that has none.
        """
        asked = self.config.output_hidden_states if output_hidden_states is None else output_hidden_states
        weights = self.config.output_attentions if output_attentions is None else output_attentions
        if weights and not hasattr(self.encoder, "attention_weights"):
            raise ValueError(f"an encoder of the kind {self.config.encoder_kind} has no matrix of attention weights")

        def states(ids: Tensor, true: Tensor | None) -> list[Tensor]:
            if not asked:
                return [self.encoder(ids, true)]
            found: list[Tensor] = self.encoder.states(ids, true)
            return [*found[: self.config.num_hidden_layers], found[-1]]

        found = _window_by_window(states, input_ids, attention_mask, counted, axes=1)
        attentions = None
        if weights:
            read: Callable[..., list[Tensor]] = self.encoder.attention_weights
            attentions = tuple(_window_by_window(read, input_ids, attention_mask, counted, axes=2))
        return BaseModelOutput(
            last_hidden_state=found[-1], hidden_states=tuple(found) if asked else None, attentions=attentions
        )


class _WithHead(GenolectPreTrained):  # type: ignore[no-untyped-call]
    """An encoder with the head that predicts tokens; other heads are kept for genolect."""

    def __init__(self, config: GenolectConfig) -> None:
        super().__init__(config)
        self.model = GenolectModel(config)
        self.head, self.heads = self._new_heads(self.model.encoder)
        if config.encoder_config().ties_head:
            vectors, embedding = TIED
            self._tied_weights_keys = {vectors: f"{BASE}{embedding}"}
        self.post_init()  # type: ignore[no-untyped-call]

    def drawn(self) -> nn.Module:
        """See `GenolectPreTrained`."""
        model = nn.ModuleDict({"encoder": new_encoder(self.config.encoder_config())})
        head, heads = self._new_heads(model["encoder"])
        return nn.ModuleDict({"model": model, "head": head, "heads": heads})

    def _new_heads(self, encoder: nn.Module) -> tuple[nn.Module, nn.ModuleDict]:
        shape = self.config.encoder_config()
        extra = {
            name: new_head(HeadConfig.from_mapping(head, name), shape.output_width)
            for name, head in self.config.extra_heads.items()
        }
        return shape.token_head(range(*self.config.targets), encoder), nn.ModuleDict(extra)

    def _logits(self, hidden_BLD: Tensor) -> Tensor:
        """Give logits (B, L, V) of all ids: the lowest number where an id is never predicted."""
        first, end = self.config.targets
        predicted = self.head(hidden_BLD).float()
        lowest = torch.finfo(predicted.dtype).min
        padded: Tensor = functional.pad(predicted, (first, self.config.vocab_size - end), value=lowest)
        return padded

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy over the labels that can be predicted; 0 where there is none."""
        first, end = self.config.targets
        asked = (labels >= first) & (labels < end)
        known = torch.where(asked, labels - first, NOT_ASKED)
        total = functional.cross_entropy(logits[..., first:end].flatten(0, -2), known.flatten(), reduction="sum")
        mean: Tensor = total / asked.sum().clamp(min=1)
        return mean


class GenolectForMaskedLM(_WithHead):  # type: ignore[no-untyped-call]
    """An encoder with the head that predicts tokens from both sides.

    Parameters
    ----------
    config : GenolectConfig
        The shape.
    """

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None, **asked: Any
    ) -> MaskedLMOutput:
        """Predict every token.

        Parameters
        ----------
        input_ids, attention_mask, asked
            As in `GenolectModel.forward`.
        labels : Tensor of int64, shape (B, L), optional
            True ids where they are asked, -100 elsewhere. Ids that are never predicted (N, special tokens) are not
            asked, whatever the labels say.

        Returns
        -------
        MaskedLMOutput
            ``logits`` (B, L, V), and where there are labels ``loss``, the mean in nats.
        """
        found = self.model(input_ids, attention_mask, **asked)
        logits = self._logits(found.last_hidden_state)
        return MaskedLMOutput(
            loss=None if labels is None else self._loss(logits, labels),
            logits=logits,
            hidden_states=found.hidden_states,
            attentions=found.attentions,
        )


class GenolectForCausalLM(_WithHead, GenerationMixin):  # type: ignore[no-untyped-call]
    """An encoder that does not look ahead, with the head that predicts the next token.

    Parameters
    ----------
    config : GenolectConfig
        The shape.

    Raises
    ------
    ValueError
        If the encoder sees what comes.
    """

    def __init__(self, config: GenolectConfig) -> None:
        if config.encoder_config().sees_ahead:
            raise ValueError("this encoder sees what comes; load it with AutoModelForMaskedLM")
        super().__init__(config)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None, **asked: Any
    ) -> CausalLMOutput:
        """Predict the token after every token.

        Parameters
        ----------
        input_ids, attention_mask, asked
            As in `GenolectModel.forward`.
        labels : Tensor of int64, shape (B, L), optional
            The ids themselves, -100 where not asked; they are shifted here, as in all of transformers.

        Returns
        -------
        CausalLMOutput
            ``logits`` (B, L, V) of the next token, and where there are labels ``loss``, the mean in nats.
        """
        found = self.model(input_ids, attention_mask, **asked)
        logits = self._logits(found.last_hidden_state)
        return CausalLMOutput(
            loss=None if labels is None else self._loss(logits[:, :-1], labels[:, 1:]),
            logits=logits,
            hidden_states=found.hidden_states,
            attentions=found.attentions,
        )

    def prepare_inputs_for_generation(  # type: ignore[override]
        self, input_ids: Tensor, attention_mask: Tensor | None = None, **ignored: Any
    ) -> dict[str, Any]:
        """Read the whole text for every new token: nothing is kept between them."""
        return {"input_ids": input_ids, "attention_mask": attention_mask}


def _tensors(part: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer by every name that it has: what is one tensor here may be two there."""
    parameters = part.named_parameters(remove_duplicate=False)
    return {**dict(parameters), **dict(part.named_buffers(remove_duplicate=False))}


def _window_by_window(
    read: Callable[[Tensor, Tensor | None], list[Tensor]],
    ids: Tensor,
    mask: Tensor | None,
    counted: Tensor | None,
    *,
    axes: int,
) -> list[Tensor]:
    """Read windows of one length together, without their padding, and put the answers where the tokens are.

    Answers have the shape (B, …, D) where `axes` is 1, and (B, H, L, L) where it is 2.
    """
    if mask is None or bool(mask.all()):
        return read(ids, counted)
    real = mask.bool()
    starts = functional.pad(real, (1, 0))[:, :-1].logical_not() & real
    if bool((starts.sum(1) != 1).any()):
        raise ValueError("padding stands inside a window, or is all of it; give windows that are padded at their ends")
    B, L = ids.shape
    answers: list[Tensor] = []
    for length in sorted(set(real.sum(1).tolist())):
        rows = (real.sum(1) == length).nonzero()[:, 0]
        inside = real[rows]
        true = None if counted is None else counted[rows][inside].view(-1, length)
        found = read(ids[rows][inside].view(-1, length), true)
        if not answers:
            answers = [one.new_zeros((B, L, one.shape[-1]) if axes == 1 else (B, one.shape[1], L, L)) for one in found]
        place = rows[:, None], inside.nonzero()[:, 1].view(-1, length)
        for whole, one in zip(answers, found, strict=True):
            if axes == 1:
                whole[place] = one
            else:
                whole[place[0][..., None], :, place[1][..., None], place[1][:, None]] = one.permute(0, 2, 3, 1)
    return answers


AutoConfig.register(MODEL_TYPE, GenolectConfig)
AutoModel.register(GenolectConfig, GenolectModel)
AutoModelForMaskedLM.register(GenolectConfig, GenolectForMaskedLM)
AutoModelForCausalLM.register(GenolectConfig, GenolectForCausalLM)
