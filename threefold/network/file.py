"""Network files, ``*.tern``: data only, small, and safe to open from any source.

A file is a zip of ``network.json`` (schema, graph, provenance) and ``weights.npz`` (arrays).
Ternary weights take two bits each before compression, wider ones as many as they have.
Everything is checked before it is used: nothing is unpickled, and no size stated in a file is
believed before it is compared with the bytes that are there.
"""

import dataclasses
import hashlib
import io
import json
import math
import reprlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..archive import read_npy, read_regular, shorten, unzip
from ..errors import FileFormatError, NetworkError
from ..files import write_file
from .conv import Conv
from .network import Network, Node
from .op import OPS, Op
from .packing import pack, unpack
from .types import Codes, Tensor
from .width import Width

__all__ = ["SCHEMA", "digest", "load", "save"]

SCHEMA = 4
"""Version of the file format. Earlier ones are read as well.

Version 1 has no widths, version 2 always has them. Both call the thresholds of a node ``levels``.
Version 3 has ternary weights only; a network of such weights is written in it, as it always was.
"""

_OPTIONAL = {"conv": {"bits"}}  # attributes that are left out of ternary weights, by kind of node
_EARLIER = {"threshold": {"thresholds": "levels"}}  # names in versions 1 and 2, by kind of node

_JSON, _ARRAYS = "network.json", "weights.npz"
_MAX_BYTES = 1 << 24  # of a file and of what it unpacks to: 67 million ternary weights
_MAX_DIMENSIONS = 4  # of a stored array
_PACKED = {2: "ternary"} | {bits: f"{bits} bits" for bits in range(3, Conv.MAX_BITS + 1)}
_WIDTHS = {encoding: bits for bits, encoding in _PACKED.items()}
_EPOCH = (1980, 1, 1, 0, 0, 0)


def save(network: Network, path: Path | str) -> None:
    """Write ``network`` to ``path``; the same network always gives the same bytes.

    Raises
    ------
    BuildError
        If the file cannot be written; nothing half-written is left behind.
    NetworkError
        If the network is larger than a file may be.
    """
    write_file(path, _zip(_members(network), zipfile.ZIP_DEFLATED))


def digest(network: Network) -> str:
    """SHA-256 of what the network's file holds, in hexadecimal.

    Of each member in order, its length in 8 bytes, the lowest first, and its bytes before
    compression, which are the same with every zlib.
    """
    content = hashlib.sha256()
    for member in _members(network).values():
        content.update(len(member).to_bytes(8, "little") + member)
    return content.hexdigest()


def load(path: Path | str) -> Network:
    """Read a network back from ``path``.

    Raises
    ------
    FileFormatError
        If the file is missing, damaged, truncated, of another version, or does not describe
        a valid network.
    """
    path = Path(path)
    try:
        return _from_bytes(read_regular(path, _MAX_BYTES))
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror}") from None
    except (FileFormatError, NetworkError) as error:
        why = error
        if path.suffix.lower() == ".onnx":
            why = f"an ONNX file is imported first; threefold import {path}"
        raise FileFormatError(f"{path} is not a usable network: {why}") from None


def _members(network: Network) -> dict[str, bytes]:
    """The JSON and the arrays of a network, not yet compressed."""
    arrays: dict[str, bytes] = {}
    nodes = [
        {**_write_op(node.name, node.op, arrays), "inputs": list(node.inputs)}
        for node in network.nodes
    ]
    codes = network.input.codes
    convs = [node.op for node in network.nodes if isinstance(node.op, Conv)]
    graph = {
        "schema": 3 if all(conv.ternary for conv in convs) else SCHEMA,
        "name": network.name,
        "input": {
            "shape": list(network.input.shape),
            "max_code": codes.max_code,
            "step": codes.step,
            "offset": codes.offset,
        },
        "nodes": nodes,
        "provenance": dict(network.provenance),
    }
    if network.widths:
        graph["widths"] = {
            name: _write_width(name, width, arrays)
            for name, width in sorted(network.widths.items())
        }
    text = json.dumps(graph, indent=1, sort_keys=True, allow_nan=False)
    members = {_JSON: text.encode(), _ARRAYS: _zip(arrays, zipfile.ZIP_STORED)}
    if (size := sum(map(len, members.values()))) > _MAX_BYTES:
        raise NetworkError(
            f"network {network.name!r} takes {size} bytes, but files hold at most {_MAX_BYTES}"
        )
    return members


def _write_op(name: str, op: Op, arrays: dict[str, bytes], prefix: str = "") -> dict:
    """The JSON of an operation, whose arrays are added to ``arrays``."""
    specs = {}
    for key, array in op.arrays().items():
        if isinstance(op, Conv):
            packed, encoding = pack(array, op.bits), _PACKED[op.bits]
        else:
            packed, encoding = _shrink(array), "integer"
        arrays[f"{prefix}{name}.{key}.npy"] = _npy_bytes(packed)
        specs[key] = {"shape": list(array.shape), "encoding": encoding}
    return {"name": name, "op": op.kind, "attributes": op.attributes(), "arrays": specs}


def _write_width(name: str, width: Width, arrays: dict[str, bytes]) -> dict:
    ops = [_write_op(node, op, arrays, f"{name}.") for node, op in sorted(width.ops.items())]
    return {"filters": dict(width.filters), "nodes": ops}


def _from_bytes(content: bytes) -> Network:
    members = unzip(content, "the file", _MAX_BYTES, expected={_JSON, _ARRAYS})
    try:
        graph = json.loads(members[_JSON], object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise FileFormatError(f"{_JSON} is not valid JSON") from None
    schema = graph.get("schema") if isinstance(graph, dict) else None
    if type(schema) is not int or not 1 <= schema <= SCHEMA:
        raise FileFormatError(
            f"its schema is {reprlib.repr(schema)}, but this version of Threefold reads 1…{SCHEMA}"
        )
    packed = unzip(members[_ARRAYS], _ARRAYS, _MAX_BYTES)
    arrays = {name: _read_npy(name, data) for name, data in packed.items()}
    with_widths = schema == 2 or (schema > 2 and "widths" in graph)
    name, source, nodes, provenance, _, *widths = _fields(
        graph,
        "the network",
        *("name", "input", "nodes", "provenance", "schema"),
        *(["widths"] if with_widths else []),
    )
    shape, *codes = _fields(source, "its input", "shape", "max_code", "step", "offset")
    if not isinstance(nodes, list):
        raise FileFormatError(f"its nodes must be a list, not {reprlib.repr(nodes)}")
    nodes = [_read_node(node, arrays, schema) for node in nodes]
    widths = _read_widths(*widths, arrays, schema) if widths else {}
    if arrays:
        raise FileFormatError(f"{_ARRAYS} holds {shorten(min(arrays))}, which no node uses")
    return Network(name, Tensor(shape, Codes(*codes)), nodes, provenance, widths)


def _read_node(node, arrays: dict[str, np.ndarray], schema: int) -> Node:
    name, kind, inputs, attributes, specs = _fields(
        node, "a node", "name", "op", "inputs", "attributes", "arrays"
    )
    op = _read_op(name, kind, attributes, specs, arrays, schema)
    try:
        return Node(name, op, inputs)
    except NetworkError as error:
        raise FileFormatError(f"node {reprlib.repr(name)}: {error}") from None


def _read_widths(widths, arrays: dict[str, np.ndarray], schema: int) -> dict[str, Width]:
    if not isinstance(widths, dict) or not widths:
        raise FileFormatError(
            f"its widths must be an object of at least one, not {reprlib.repr(widths)}"
        )
    found = {}
    for name, width in widths.items():
        try:
            found[name] = _read_width(name, width, arrays, schema)
        except (FileFormatError, NetworkError) as error:
            raise FileFormatError(f"width {reprlib.repr(name)}: {error}") from None
    return found


def _read_width(name: str, width, arrays: dict[str, np.ndarray], schema: int) -> Width:
    filters, nodes = _fields(width, "it", "filters", "nodes")
    if not isinstance(nodes, list):
        raise FileFormatError(f"its nodes must be a list, not {reprlib.repr(nodes)}")
    ops = {}
    for spec in nodes:
        node, *rest = _fields(spec, "a node", "name", "op", "attributes", "arrays")
        if not isinstance(node, str) or node in ops:
            raise FileFormatError(f"its nodes need a name each, not {reprlib.repr(node)}")
        kind, attributes, specs = rest
        ops[node] = _read_op(node, kind, attributes, specs, arrays, schema, f"{name}.")
    return Width(filters, ops)


def _read_op(
    name, kind, attributes, specs, arrays: dict[str, np.ndarray], schema: int, prefix: str = ""
) -> Op:
    """The operation of node ``name``, whose arrays are taken out of ``arrays``."""
    if not isinstance(kind, str) or kind not in OPS:
        raise FileFormatError(
            f"operation {reprlib.repr(kind)} is unknown; known are {', '.join(sorted(OPS))}"
        )
    op: Callable[..., Op] = OPS[kind]
    what = f"node {reprlib.repr(name)}"
    parts = [part for part in (attributes, specs) if isinstance(part, dict)]
    earlier = _EARLIER.get(kind, {}) if schema < 3 else {}
    fields = {
        earlier.get(each.name, each.name): each.name for each in dataclasses.fields(OPS[kind])
    }
    needed = sorted(fields.keys() - _OPTIONAL.get(kind, set()))
    stated = sorted(key for part in parts for key in part)
    if len(parts) != 2 or stated not in (needed, sorted(fields) if schema > 3 else needed):
        raise FileFormatError(f"{what} must have attributes and arrays {', '.join(needed)}")
    values = attributes | {
        key: _take(f"{prefix}{name}.{key}.npy", spec, arrays) for key, spec in specs.items()
    }
    try:
        return op(**{fields[key]: value for key, value in values.items()})
    except NetworkError as error:
        raise FileFormatError(f"{what}: {error}") from None


def _fields(value, what: str, *names: str) -> list:
    """The values of the JSON object ``value``, which has exactly these names."""
    if not isinstance(value, dict) or value.keys() != set(names):
        found = sorted(value) if isinstance(value, dict) else value
        raise FileFormatError(
            f"{what} must have exactly {', '.join(names)}, not {reprlib.repr(found)}"
        )
    return [value[name] for name in names]


def _take(name: str, spec, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Remove array ``name`` from ``arrays`` and decode it as ``spec`` says."""
    what = shorten(name)
    shape, encoding = _fields(spec, what, "shape", "encoding")
    if (
        not isinstance(shape, list)
        or not 1 <= len(shape) <= _MAX_DIMENSIONS
        or not all(type(size) is int and 1 <= size <= 4 * _MAX_BYTES for size in shape)
    ):
        raise FileFormatError(f"{what} has an impossible shape {reprlib.repr(shape)}")
    if name not in arrays:
        raise FileFormatError(f"{_ARRAYS} lacks {what}")
    array, count = arrays.pop(name), math.prod(shape)
    if isinstance(encoding, str) and encoding in _WIDTHS:
        return unpack(array, _WIDTHS[encoding], count, what).reshape(shape)
    if encoding != "integer":
        raise FileFormatError(f"{what} has an unknown encoding {reprlib.repr(encoding)}")
    if array.shape != tuple(shape):
        raise FileFormatError(f"{what} does not hold integers of shape {shape}")
    return array


def _unique(pairs: list[tuple[str, object]]) -> dict:
    if len(values := dict(pairs)) != len(pairs):
        raise ValueError
    return values


def _no_constant(name: str):
    raise ValueError  # NaN and Infinity, which Python reads but JSON does not have


def _shrink(array: np.ndarray) -> np.ndarray:
    """The same integers in the narrowest signed type, little-endian."""
    for dtype in ("<i1", "<i2", "<i4"):
        if np.iinfo(dtype).min <= array.min() and array.max() <= np.iinfo(dtype).max:
            return array.astype(dtype)
    return array.astype("<i8")


def _npy_bytes(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=(1, 0), allow_pickle=False)
    return stream.getvalue()


def _zip(members: dict[str, bytes], compression: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, date_time=_EPOCH)
            info.compress_type = compression
            info.create_system = 3  # the same bytes on every system
            archive.writestr(info, content)
    return stream.getvalue()


def _read_npy(name: str, data: bytes) -> np.ndarray:
    try:
        array = read_npy(data, fortran=False)
        if array.dtype.kind not in "iu":
            raise ValueError
        return array
    except ValueError:
        raise FileFormatError(f"array {shorten(name)} is not a plain integer array") from None
