"""ONNX files, read without trusting them."""

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from ..errors import FileFormatError

__all__ = ["LARGEST", "read"]

LARGEST = 1 << 28
"""Bytes of a file, and of all that belongs to it."""


def read(path: Path) -> onnx.ModelProto:
    """The model in a file, with its weights, nodes in an order in which they can be computed.

    Raises
    ------
    FileFormatError
        If it is no ONNX file, is truncated, larger than :data:`LARGEST`, has a cycle, or keeps
        weights outside its folder.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise FileFormatError(
                f"{path} has {size:,} bytes; networks for small FPGAs have at most {LARGEST:,}"
            )
        data = path.read_bytes()
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror}") from None
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError:
        raise FileFormatError(f"{path} is not an ONNX file, or a truncated one") from None
    if not model.graph.node or not model.graph.output:
        raise FileFormatError(f"{path} has no graph with nodes and an output")
    _load_external(model, path)
    _sort(model.graph, path)
    return model


def _load_external(model: onnx.ModelProto, path: Path) -> None:
    """Weights that are kept in files beside the model."""
    folder, total = path.parent.resolve(), 0
    for tensor in _tensors(model.graph):
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        name = entries.get("location", "")
        file = (folder / name).resolve()
        if not name or not file.is_relative_to(folder) or not file.is_file():
            raise FileFormatError(
                f"{path} keeps {tensor.name!r} in {name!r}, which is no file in its folder"
            )
        try:
            offset, length = int(entries.get("offset", 0)), int(entries.get("length", -1))
        except ValueError:
            raise FileFormatError(
                f"{path} keeps {tensor.name!r} at a place that is no number"
            ) from None
        length = file.stat().st_size - offset if length < 0 else length
        total += length
        if offset < 0 or not 0 <= length <= LARGEST or total > LARGEST:
            raise FileFormatError(f"{path} keeps more than {LARGEST:,} bytes in {name!r}")
        with file.open("rb") as opened:
            opened.seek(offset)
            tensor.raw_data = opened.read(length)
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def _tensors(graph: onnx.GraphProto):
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def _sort(graph: onnx.GraphProto, path: Path) -> None:
    """Put nodes behind those they read."""
    made = {name for node in graph.node for name in node.output}
    waiting, order, ready = list(graph.node), [], set()
    while waiting:
        now = [n for n in waiting if all(i not in made or i in ready for i in n.input)]
        if not now:
            raise FileFormatError(
                f"{path} has a cycle through {waiting[0].name or waiting[0].op_type!r}"
            )
        order += now
        ready |= {name for node in now for name in node.output}
        waiting = [n for n in waiting if not any(n is each for each in now)]
    del graph.node[:]
    graph.node.extend(order)
