"""State of modules from elsewhere: names without those of wrappers, any real precision."""

import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from threefold.errors import TrainingError
from threefold.modules import bare

__all__ = ["load_state", "state_tensors"]

_WITHIN = ("state_dict", "model_state_dict", "model", "module", "net")
_WRAPPER = "_orig_mod"  # of torch.compile
_COUNT = "num_batches_tracked"  # which nothing here needs
_SHOWN = 3


@torch.no_grad()
def load_state(module: nn.Module, state: Mapping[str, Any] | Path | str) -> None:
    """Give ``module`` the parameters and statistics of ``state``, all of them or none.

    Names may have what ``torch.compile``, ``DataParallel`` and trainers put in front
    (``_orig_mod.``, ``module.``, ``model.``); the state dict may be one entry of a checkpoint.
    Tensors may be on any device and in any real precision, half and bfloat16 included.

    Parameters
    ----------
    module : nn.Module
        Of PyTorch, or a :class:`Model`; wrapped or not. Its precision and device stay.
    state : mapping of str to tensor, or path
        A file is one of ``torch.save``; tensors alone are read from it, never code.

    Raises
    ------
    TrainingError
        If the file cannot be read, or the state is not that of the module; the message names
        what is missing, unknown or of another shape.
    """
    module = bare(module)
    name = type(module).__name__
    given = state_tensors(state)
    wanted = _unwrapped(module.state_dict())
    given = _named_as(given, wanted)
    wrong = {
        "it lacks": [key for key in wanted if key not in given and not key.endswith(_COUNT)],
        "it has, but the module has not,": [
            key for key in given if key not in wanted and not key.endswith(_COUNT)
        ],
        "of another shape is": [
            f"{key} ({_shape(given[key])}, not {_shape(tensor)})"
            for key, tensor in wanted.items()
            if key in given and given[key].shape != tensor.shape
        ],
    }
    faults = [f"{what} {_some(keys)}" for what, keys in wrong.items() if keys]
    if faults:
        raise TrainingError(f"the state is not that of {name}: {'; '.join(faults)}")
    for key, tensor in wanted.items():
        if key in given:
            tensor.copy_(given[key])


def _read(path: Path | str) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise TrainingError(f"cannot read {path}: {error.strerror or error}") from None
    except Exception:  # a damaged file makes torch.load raise nearly anything
        raise TrainingError(
            f"{path} is no file of torch.save, or holds more than tensors; save "
            f"module.state_dict() as it"
        ) from None


def state_tensors(state: Mapping[str, Any] | Path | str) -> dict[str, Tensor]:
    """Tensors by name, in their order, of a state or of the checkpoint that has it.

    Raises
    ------
    TrainingError
        If the file cannot be read, or something in the state is no real tensor with a name.
    """
    if isinstance(state, str | Path):
        state = _read(state)
    if isinstance(state, nn.Module):
        state = state.state_dict()
    while isinstance(state, Mapping) and not any(
        isinstance(each, Tensor) for each in state.values()
    ):
        within = [key for key in _WITHIN if isinstance(state.get(key), Mapping)]
        if not within:
            break
        state = state[within[0]]
    if not isinstance(state, Mapping):
        raise TrainingError(f"a state is a mapping of names to tensors, not {reprlib.repr(state)}")
    for key, each in state.items():
        if not isinstance(key, str):
            raise TrainingError(
                f"tensors of a state have names, but one has {reprlib.repr(key)}; give it that of "
                f"module.state_dict()"
            )
        if not isinstance(each, Tensor):
            raise TrainingError(f"{key} of the state is {type(each).__name__}, not a tensor")
        if each.is_complex() or each.is_quantized:
            kind = str(each.dtype).removeprefix("torch.")
            raise TrainingError(f"{key} of the state is {kind}, but weights are real numbers")
    return dict(state)


def _named_as(given: dict[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``given`` without names of wrappers, and what is common to all names in front."""
    named = _unwrapped(given)
    while named and not any(key in wanted for key in named):
        fronts = {key.partition(".")[0] for key in named}
        if len(fronts) > 1 or not all("." in key for key in named):
            break
        named = {key.partition(".")[2]: tensor for key, tensor in named.items()}
    return named


def _unwrapped(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        ".".join(part for part in key.split(".") if part != _WRAPPER): tensor
        for key, tensor in state.items()
    }


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a number"


def _some(keys: list[str]) -> str:
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return ", ".join(keys[:_SHOWN]) + more
