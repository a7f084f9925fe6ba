"""The files of a Hugging Face directory: tensors, in one file or in shards, and JSON. Nothing that is read can run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from genolect.errors import InputError, shown

OWN_TOKENIZER = "genolect_tokenizer"
"""Key of ``config.json`` under which we write what a ``tokenizer.json`` has no room for."""
RESTORE = "take the folder from its source again, whole and unchanged"
FILES = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
"""Where weights are looked for, first found, first taken."""


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """Read every tensor of a checkpoint.

    Parameters
    ----------
    folder : Path
        Holds one of `FILES`, and the shards that an index names.

    Returns
    -------
    dict of str to Tensor
        On the CPU, as stored.

    Raises
    ------
    InputError
        If there are no weights, a file is damaged, or holds anything but tensors.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     safetensors.torch.save_file({"weight": torch.ones(2)}, Path(folder, "model.safetensors"))
    ...     read_tensors(Path(folder))
    {'weight': tensor([1., 1.])}
    """
    path = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if path is None:
        raise InputError(
            "the folder holds no weights", fix=f"name a folder with one of {', '.join(FILES)}", path=folder
        )
    return _sharded(path) if path.suffix == ".json" else _tensors_of(path)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        Its content.

    Raises
    ------
    InputError
        If it is missing, or no JSON object.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b'{"model_type": "bert"}'), file.flush()
    ...     read_json(Path(file.name))
    {'model_type': 'bert'}
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"this file cannot be read: {error.strerror}", fix=RESTORE, path=path) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"this is no JSON: {error}", fix=RESTORE, path=path) from error
    if not isinstance(content, dict):
        raise InputError("this holds no JSON object", fix=RESTORE, path=path)
    return content


def _sharded(index: Path) -> dict[str, Tensor]:
    """Read what an index names, and make sure that each tensor is in the shard it is said to be in."""
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not places or not all(isinstance(name, str) for name in places.values()):
        raise InputError("this index names no tensors (weight_map)", fix=RESTORE, path=index)
    tensors: dict[str, Tensor] = {}
    for shard in sorted(set(places.values())):
        if Path(shard).name != shard:
            raise InputError(f"the index names a file outside its folder: {shown(shard)}", fix=RESTORE, path=index)
        content = _tensors_of(index.parent / shard)
        for name in content:
            if places.get(name) != shard:
                what = f"the tensor {shown(name)} is in {shown(shard)}, which the index does not say"
                raise InputError(what, fix=RESTORE, path=index)
        tensors |= content
    if missing := [name for name in places if name not in tensors]:
        what = f"{len(missing):,} tensors are in no shard, {shown(missing[0])} first"
        raise InputError(what, fix=RESTORE, path=index)
    return tensors


def _tensors_of(path: Path) -> dict[str, Tensor]:
    content: Any
    try:
        if path.suffix == ".safetensors":
            content = safetensors.torch.load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"this file cannot be read: {error.strerror or error}", fix=RESTORE, path=path) from error
    except safetensors.SafetensorError as error:
        raise InputError(f"this is no whole file of tensors: {_first_line(error)}", fix=RESTORE, path=path) from error
    except MemoryError:
        raise
    except Exception as error:  # torch has no error of its own for this: damage shows as any of a dozen kinds
        what = f"this file is damaged, or holds more than tensors: {_first_line(error)}"
        raise InputError(what, fix=f"{RESTORE}; or name one with model.safetensors", path=path) from error
    if not isinstance(content, dict) or not all(map(_is_plain, content.values())):
        raise InputError("this file holds something else than tensors by name", fix=RESTORE, path=path)
    return {str(name): tensor.detach() for name, tensor in content.items()}


def _is_plain(value: object) -> bool:
    return isinstance(value, Tensor) and value.layout == torch.strided and value.device.type == "cpu"


def _first_line(error: Exception) -> str:
    return shown((str(error).splitlines() or [type(error).__name__])[0])
