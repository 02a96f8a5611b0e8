"""Reader of untrusted ONNX files."""

import heapq
from collections import Counter, defaultdict
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import numpy_helper

from ..archive import read_regular, shorten
from ..errors import FileFormatError
from .nodes import describe

__all__ = ["LARGEST", "read"]

LARGEST = 1 << 28
"""Bytes of a file, and of all that belongs to it."""


def read(path: Path) -> onnx.ModelProto:
    """The model in a file, with its weights, nodes in an order in which they can be computed.

    Raises
    ------
    FileFormatError
        If it is no ONNX file, is truncated, larger than :data:`LARGEST`, has a cycle, reads what
        nothing makes, or keeps weights outside its folder.
    """
    try:
        data = read_regular(path, LARGEST)
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror}") from None
    except FileFormatError as error:
        raise FileFormatError(f"{path} is no network for a small FPGA: {error}") from None
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError:
        raise FileFormatError(f"{path} is not an ONNX file, or a truncated one") from None
    if not data:
        raise FileFormatError(f"{path} is empty")
    if not model.graph.node or not model.graph.output:
        raise FileFormatError(f"{path} has no graph with nodes and an output")
    for text in _texts(model):
        if not isinstance(text, str):  # bytes, where they are not UTF-8
            raise FileFormatError(f"{path} has a name that is not text: {shorten(text)}")
    _load_external(model, path)
    for tensor in _tensors(model.graph):
        _require_sound(tensor, path)
    _require_names(model.graph, path)
    _sort(model.graph, path)
    return model


def _texts(model: onnx.ModelProto):
    """Everything that names something."""
    graph = model.graph
    for each in (*graph.initializer, *graph.input, *graph.output, *model.functions):
        yield each.name
    for each in model.opset_import:
        yield each.domain
    for node in graph.node:
        yield from (node.op_type, node.name, node.domain, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)
    for tensor in _tensors(graph):
        yield from (text for entry in tensor.external_data for text in (entry.key, entry.value))


def _load_external(model: onnx.ModelProto, path: Path) -> None:
    """Weights that are kept in files beside the model."""
    total = 0
    for tensor in _tensors(model.graph):
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        name = entries.get("location", "")
        try:
            offset, length = int(entries.get("offset", 0)), int(entries.get("length", -1))
        except ValueError:
            raise FileFormatError(
                f"{path} keeps {shorten(tensor.name)} at a place that is no number"
            ) from None
        try:
            file = _beside(path, name)
            size = file.stat().st_size if file else 0
            if not file:
                raise FileFormatError(
                    f"{path} keeps {shorten(tensor.name)} in {shorten(name)}, which is no file in "
                    f"its folder"
                )
            length = size - offset if length < 0 else length
            if not 0 <= offset <= offset + length <= size:
                raise FileFormatError(
                    f"{path} keeps {shorten(tensor.name)} beyond the end of {shorten(name)}"
                )
            total += length
            if total > LARGEST:
                raise FileFormatError(
                    f"{path} keeps more than {LARGEST >> 20} MiB in other files, which no small "
                    f"FPGA holds"
                )
            with file.open("rb") as opened:
                opened.seek(offset)
                tensor.raw_data = opened.read(length)
        except OSError as error:
            raise FileFormatError(f"cannot read {shorten(name)}: {error.strerror}") from None
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def _beside(path: Path, name: str) -> Path | None:
    """The file of this name in the folder of ``path``, if it is one and lies there."""
    try:
        folder = path.parent.resolve()
        file = (folder / name).resolve()
        return file if name and file.is_relative_to(folder) and file.is_file() else None
    except (RuntimeError, ValueError):  # a loop of links, a zero in the name
        return None


def _tensors(graph: onnx.GraphProto):
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def _require_sound(tensor: onnx.TensorProto, path: Path) -> None:
    """Refuse what has other data than its shape says."""
    try:
        if min(tensor.dims, default=1) < 0:
            raise ValueError
        value = numpy_helper.to_array(tensor)
    except Exception:  # types and sizes can be wrong in many ways
        value = None
    if value is None or value.dtype.kind in "OSU":
        raise FileFormatError(
            f"{path}: the data of tensor {shorten(tensor.name)} is not what its shape and type say"
        )


def _require_names(graph: onnx.GraphProto, path: Path) -> None:
    """Refuse tensors that are made twice, or not at all."""
    stored = [tensor.name for tensor in graph.initializer]
    made = Counter(stored)
    made.update(name for node in graph.node for name in node.output if name)
    made.update({each.name for each in graph.input} - set(stored))  # older files name them twice
    for name, count in made.items():
        if count > 1:
            raise FileFormatError(f"{path} makes tensor {shorten(name)} {count} times")
    wanted = [name for node in graph.node for name in node.input if name]
    for name in (*wanted, *(each.name for each in graph.output)):
        if name not in made:
            raise FileFormatError(f"{path} reads tensor {shorten(name)}, which nothing makes")


def _sort(graph: onnx.GraphProto, path: Path) -> None:
    """Put nodes behind those they read, and leave them in their order otherwise."""
    nodes = list(graph.node)
    maker = {name: index for index, node in enumerate(nodes) for name in node.output if name}
    waits = [len({maker[name] for name in node.input if name in maker}) for node in nodes]
    readers = defaultdict(list)
    for index, node in enumerate(nodes):
        for made in {maker[name] for name in node.input if name in maker}:
            readers[made].append(index)
    ready = [index for index, count in enumerate(waits) if not count]
    order = []
    while ready:
        index = heapq.heappop(ready)
        order.append(index)
        for reader in readers[index]:
            waits[reader] -= 1
            if not waits[reader]:
                heapq.heappush(ready, reader)
    if len(order) < len(nodes):
        first = nodes[next(index for index, count in enumerate(waits) if count)]
        raise FileFormatError(f"{path} has a cycle through or ahead of {describe(first)}")
    if order != list(range(len(nodes))):
        del graph.node[:]
        graph.node.extend(nodes[index] for index in order)
