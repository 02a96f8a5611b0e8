"""Start of an imported network: its input, and the axes of that in the source."""

import numpy as np

from ..errors import NetworkError
from ..network import INPUT, Tensor
from .edge import Edge
from .input import Input, default_input, stated_input
from .nodes import COMPARISONS, QUANTIZERS, SAME, STEPS, attributes, guarded
from .source import Source

__all__ = ["begin"]

_FROM_QUANTIZER = (
    "images hold the codes of the input's quantizer, counted from 0; for pixels 0…255 of 0…1 say "
    "--input-scale 1/255 --input-type uint8"
)


_ELEMENTS = (*STEPS, *SAME, *QUANTIZERS, *COMPARISONS, "Not", "Pad", "Sign", "Where")


def begin(source: Source, input: Input | None) -> tuple[Edge, Input, list[str]]:
    """The edge of the input, what its codes mean, and what a user should know of it.

    Parameters
    ----------
    source : Source
    input : Input, optional
        What somebody says of the input; :func:`~threefold.importer.default_input` if left out.

    Raises
    ------
    NetworkError
        If the input is neither a vector nor a map, or is annotated as something else.
    """
    input, notes = _settled(source, input)
    with guarded("what reads the input"):
        return _start(source, input), input, notes


def _settled(source: Source, input: Input | None) -> tuple[Input, list[str]]:
    """What the input means, and what a user should know of it."""
    stated = stated_input(source)
    if input is None:
        input = default_input(source)
        return input, [] if input in (Input(), stated) else [_FROM_QUANTIZER]
    if stated is not None and input != stated:
        raise NetworkError(
            f"the input is annotated as {source.annotation}, integers of {stated.codes}, scale 1; "
            f"leave out what says otherwise"
        )
    return input, []


def _start(source: Source, input: Input) -> Edge:
    """The edge of the input."""
    shape = source.shape(source.input)
    last = len(shape) > 2 and _channels_last(source, [0, len(shape) - 1])
    if len(shape) == 2:
        layout, size = "NF", (1, 1, shape[1])
    elif len(shape) == 3:
        layout, size = ("NWC", (1, *shape[1:])) if last else ("NCW", (1, shape[2], shape[1]))
    elif len(shape) == 4:
        layout = "NHWC" if last else "NCHW"
        size = shape[1:] if last else (*shape[2:], shape[1])
    else:
        raise NetworkError(f"the input has shape {shape}; vectors and maps are supported")
    height, width, channels = map(int, size)
    type = Tensor((height, width, channels), input.codes)  # refuses what is too large
    order = np.arange(size[2]) if layout == "NF" else None
    full = np.ones(size[2])
    scale = full * (input.scale.numerator / input.scale.denominator)
    return Edge(
        node=INPUT,
        type=type,
        scale=scale,
        shift=0 * full,
        layout=layout,
        order=order,
        tensor=source.input,
    )


def _channels_last(source: Source, start: list[int]) -> bool:
    """Whether the first Transpose behind the input brings the last axis to the front."""
    waiting, seen = [source.input], set()
    while waiting:
        for node in source.consumers(waiting.pop()):
            made = node.output[0]
            if node.op_type == "Transpose":
                if attributes(node).get("perm", ())[:2] == start:
                    return True
            elif node.op_type in _ELEMENTS and made not in seen:
                seen.add(made)
                waiting.append(made)
    return False
