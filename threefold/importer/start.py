"""Start of an imported network: its input, and the axes of that in the source."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import INPUT, Tensor
from .axes import laid_out, places
from .edge import Edge
from .input import Input, default_input, stated_input
from .nodes import COMPARISONS, QUANTIZERS, RESHAPED, SAME, STEPS, attributes, guarded
from .source import Source

__all__ = ["begin"]

_FROM_QUANTIZER = (
    "images hold the codes of the input's quantizer, counted from 0; for pixels 0…255 of 0…1 say "
    "--input-scale 1/255 --input-type uint8"
)


_ELEMENTS = (
    *STEPS,
    *SAME,
    *QUANTIZERS,
    *COMPARISONS,
    "DequantizeLinear",
    "Not",
    "Pad",
    "QuantizeLinear",
    "Sign",
    "Where",
)


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
        usual = input == stated or input.is_like(Input())
        return input, [] if usual else [_FROM_QUANTIZER]
    if stated is not None and input != stated:
        raise NetworkError(
            f"the input is annotated as {source.annotation}, integers of {stated.codes}, scale 1; "
            f"leave out what says otherwise"
        )
    return input, []


def _start(source: Source, input: Input) -> Edge:
    """The edge of the input, as the map that it is or becomes."""
    shape, tensor = source.shape(source.input), _first_map(source)
    first = source.shape(tensor)
    last = len(first) > 2 and _channels_last(source, tensor, [0, len(first) - 1])
    if len(first) == 2:
        layout, size = "NF", (1, 1, first[1])
    elif len(first) == 3:
        layout, size = ("NWC", (1, *first[1:])) if last else ("NCW", (1, first[2], first[1]))
    elif len(first) == 4:
        layout = "NHWC" if last else "NCHW"
        size = first[1:] if last else (*first[2:], first[1])
    else:
        raise NetworkError(f"the input has shape {shape}; vectors and maps are supported")
    height, width, channels = map(int, size)
    type = Tensor((height, width, channels), input.codes)  # refuses what is too large
    order = np.arange(size[2]) if layout == "NF" else None
    full = np.ones(size[2])
    scale = full * (input.scale.numerator / input.scale.denominator)
    edge = Edge(
        node=INPUT,
        type=type,
        scale=scale,
        shift=0 * full,
        layout=layout,
        order=order,
        tensor=source.input,
    )
    if tensor == source.input:
        return edge
    moved = places(edge).reshape(shape)
    return laid_out(edge, moved) or replace(edge, layout="NF", order=moved.ravel())


def _first_map(source: Source) -> str:
    """The tensor that a Reshape or the like first makes a map of; the input if none does.

    A vector may become any map. A map stays the same one, with axes of one element put in or out.
    """
    sizes = [size for size in source.shape(source.input) if size > 1]
    vector = len(source.shape(source.input)) == 2
    for node in _readers(source, source.input):
        made = node.output[0]
        if node.op_type not in RESHAPED or len(source.shape(made)) not in (3, 4):
            continue
        if vector or [size for size in source.shape(made) if size > 1] == sizes:
            return made
    return source.input


def _channels_last(source: Source, tensor: str, start: list[int]) -> bool:
    """Whether a Transpose behind a tensor brings the last axis to the front."""
    return any(
        node.op_type == "Transpose" and attributes(node).get("perm", ())[:2] == start
        for node in _readers(source, tensor)
    )


def _readers(source: Source, tensor: str) -> Iterator[onnx.NodeProto]:
    """What reads a tensor, or what functions of single elements make of it."""
    waiting, seen = [tensor], set()
    while waiting:
        for node in source.consumers(waiting.pop()):
            yield node
            made = node.output[0]
            if node.op_type in _ELEMENTS and made not in seen:
                seen.add(made)
                waiting.append(made)
