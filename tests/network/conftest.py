import json
import re

import pytest

from threefold.errors import FileFormatError
from threefold.network import load, save

from .tern_files import NETWORK, members_of, zip_of


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("file") / "net.tern"
    save(NETWORK, path)
    return path.read_bytes()


@pytest.fixture
def graph(content):
    return json.loads(members_of(content)["network.json"])


@pytest.fixture
def arrays(content):
    return members_of(members_of(content)["weights.npz"])


@pytest.fixture
def file(tmp_path, content):
    """Writes a file, whole or with parts replaced, and loads it."""

    def write(whole=None, *, graph=..., arrays=...):
        members = members_of(content)
        if graph is not ...:
            text = graph if isinstance(graph, bytes) else json.dumps(graph)
            members["network.json"] = text
        if arrays is not ...:
            members["weights.npz"] = arrays if isinstance(arrays, bytes) else zip_of(arrays)
        path = tmp_path / "net.tern"
        path.write_bytes(whole if whole is not None else zip_of(members))
        return load(path)

    return write


@pytest.fixture
def refused(file, tmp_path):
    def check(message, *whole, **parts):
        expected = f"{tmp_path / 'net.tern'} is not a usable network: {message}"
        with pytest.raises(FileFormatError, match=f"^{re.escape(expected)}$"):
            file(*whole, **parts)

    return check
