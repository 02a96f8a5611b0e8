"""Networks as ``*.tern`` files: data only, small, and safe to open from a stranger.

A file is a zip of ``network.json`` (schema, graph, provenance) and ``weights.npz`` (arrays).
Ternary weights take two bits each before compression. Everything is checked before it is
used: nothing is unpickled, and no size stated in a file is believed before it is compared
with the bytes that are there.
"""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np

from ..errors import FileFormatError, NetworkError
from ..files import write_file
from .conv import Conv
from .network import Network, Node
from .output import ArgMax, Logits
from .threshold import Threshold
from .types import Codes, Tensor

__all__ = ["OPS", "SCHEMA", "digest", "load", "save"]

SCHEMA = 1
"""Version of the file format; files of another version are refused."""

OPS = {op.kind: op for op in (Conv, Threshold, Logits, ArgMax)}
"""Operations that files can hold, by kind."""

_JSON, _ARRAYS = "network.json", "weights.npz"
_MAX_BYTES = 1 << 28  # of one member, unpacked: a billion ternary weights
_EPOCH = (1980, 1, 1, 0, 0, 0)


def save(network: Network, path: Path | str) -> None:
    """Write ``network`` to ``path``; the same network always gives the same bytes.

    Raises
    ------
    BuildError
        If the file cannot be written; nothing half-written is left behind.
    NetworkError
        If the provenance cannot be expressed in JSON.
    """
    write_file(path, _to_bytes(network))


def digest(network: Network) -> str:
    """SHA-256 of the network's file, in hexadecimal."""
    return hashlib.sha256(_to_bytes(network)).hexdigest()


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
        return _from_bytes(path.read_bytes())
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror}") from None
    except (FileFormatError, NetworkError) as error:
        raise FileFormatError(f"{path} is not a usable network: {error}") from None


def _to_bytes(network: Network) -> bytes:
    arrays, nodes = {}, []
    for node in network.nodes:
        specs = {}
        for key, array in node.op.arrays().items():
            ternary = array.dtype == np.int8 and np.abs(array).max() <= 1
            arrays[f"{node.name}.{key}"] = _pack_ternary(array) if ternary else _shrink(array)
            specs[key] = {
                "shape": list(array.shape),
                "encoding": "ternary" if ternary else "integer",
            }
        nodes.append(
            {
                "name": node.name,
                "op": node.op.kind,
                "inputs": list(node.inputs),
                "attributes": node.op.attributes(),
                "arrays": specs,
            }
        )
    codes = network.input.element
    graph = {
        "schema": SCHEMA,
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
    try:
        text = json.dumps(graph, indent=1, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise NetworkError(f"provenance must be plain JSON values: {error}") from None
    npz = io.BytesIO()
    np.savez(npz, allow_pickle=False, **arrays)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for member, content in ((_JSON, text.encode()), (_ARRAYS, npz.getvalue())):
            info = zipfile.ZipInfo(member, date_time=_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return file.getvalue()


def _from_bytes(content: bytes) -> Network:
    members = _unzip(content, "the file", expected={_JSON, _ARRAYS})
    try:
        graph = json.loads(members[_JSON])
    except (ValueError, RecursionError):
        raise FileFormatError(f"{_JSON} is not valid JSON") from None
    schema = graph.get("schema") if isinstance(graph, dict) else None
    if schema != SCHEMA:
        raise FileFormatError(
            f"its schema is {schema!r}, but this version of Threefold reads {SCHEMA}"
        )
    arrays = {
        name.removesuffix(".npy"): _read_npy(name, data)
        for name, data in _unzip(members[_ARRAYS], _ARRAYS).items()
    }
    try:
        source = graph["input"]
        codes = Codes(source["max_code"], source["step"], source["offset"])
        nodes = [_read_node(node, arrays) for node in graph["nodes"]]
        tensor = Tensor(tuple(source["shape"]), codes)
        network = Network(graph["name"], tensor, nodes, graph["provenance"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        detail = str(error) or type(error).__name__
        raise FileFormatError(f"{_JSON} does not describe a network ({detail})") from None
    if arrays:
        raise FileFormatError(f"{_ARRAYS} holds {min(arrays)!r}, which no node uses")
    return network


def _read_node(node: dict, arrays: dict[str, np.ndarray]) -> Node:
    op = OPS.get(node["op"])
    if op is None:
        raise FileFormatError(
            f"operation {node['op']!r} is unknown; known are {', '.join(sorted(OPS))}"
        )
    values = {}
    for key, spec in node["arrays"].items():
        name = f"{node['name']}.{key}"
        if name not in arrays:
            raise FileFormatError(f"{_ARRAYS} lacks {name!r}")
        values[key] = _decode(name, arrays.pop(name), spec)
    return Node(node["name"], op.from_parts(node["attributes"], values), tuple(node["inputs"]))


def _decode(name: str, array: np.ndarray, spec: dict) -> np.ndarray:
    shape = tuple(spec["shape"])
    if not all(type(size) is int and 0 < size <= _MAX_BYTES * 4 for size in shape):
        raise FileFormatError(f"{name!r} has an impossible shape {shape}")
    count = 1
    for size in shape:
        count *= size
    if spec["encoding"] == "ternary":
        if array.dtype != np.uint8 or array.shape != (-(-count // 4),):
            raise FileFormatError(f"{name!r} does not hold {count} ternary weights")
        return _unpack_ternary(array, count, name).reshape(shape)
    if array.dtype.kind != "i" or array.shape != shape:
        raise FileFormatError(f"{name!r} does not hold integers of shape {shape}")
    return array


def _pack_ternary(array: np.ndarray) -> np.ndarray:
    digits = (array.ravel() + 1).astype(np.uint8)
    digits = np.pad(digits, (0, -len(digits) % 4)).reshape(-1, 4)
    return digits[:, 0] | digits[:, 1] << 2 | digits[:, 2] << 4 | digits[:, 3] << 6


def _unpack_ternary(packed: np.ndarray, count: int, name: str) -> np.ndarray:
    digits = (packed[:, None] >> np.array([0, 2, 4, 6], np.uint8) & 3).ravel()
    if digits.max() > 2 or digits[count:].any():
        raise FileFormatError(f"{name!r} holds weights that are not ternary")
    return digits[:count].astype(np.int8) - 1


def _shrink(array: np.ndarray) -> np.ndarray:
    """The same integers in the narrowest signed type, little-endian."""
    for dtype in ("<i1", "<i2", "<i4"):
        if np.iinfo(dtype).min <= array.min() and array.max() <= np.iinfo(dtype).max:
            return array.astype(dtype)
    return array.astype("<i8")


def _unzip(content: bytes, what: str, expected: set[str] | None = None) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            names = [info.filename for info in infos]
            if expected is not None and set(names) != expected:
                raise FileFormatError(f"{what} must hold {', '.join(sorted(expected))} only")
            if len(set(names)) != len(names):
                raise FileFormatError(f"{what} holds a member twice")
            if sum(info.file_size for info in infos) > _MAX_BYTES:
                raise FileFormatError(f"{what} unpacks to more than {_MAX_BYTES >> 20} MiB")
            members = {}
            for info in infos:
                with archive.open(info) as member:
                    data = member.read(info.file_size + 1)
                if len(data) != info.file_size:
                    raise FileFormatError(f"{what} is damaged at {info.filename!r}")
                members[info.filename] = data
            return members
    except FileFormatError:
        raise
    except Exception:  # zipfile raises many types on damaged input, from struct.error to zlib's
        raise FileFormatError(f"{what} is not a complete zip archive") from None


def _read_npy(name: str, data: bytes) -> np.ndarray:
    """An array from ``.npy`` bytes, without ever allocating what a header merely claims."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        if version != (1, 0):
            raise ValueError
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        count = 1
        for size in shape:
            count *= size
        if fortran or dtype.kind not in "iu" or count * dtype.itemsize != len(data) - stream.tell():
            raise ValueError
        return np.frombuffer(data, dtype, count, stream.tell()).reshape(shape)
    except Exception:  # the header parser raises whatever a crafted header makes it raise
        raise FileFormatError(f"array {name!r} is not a plain integer array") from None
