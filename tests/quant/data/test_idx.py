import gzip
import re

import numpy as np
import pytest

from threefold.errors import DataError
from threefold.quant.data.idx import read_idx

ARRAY = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
HEAD = bytes((0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4))
CONTENT = HEAD + ARRAY.tobytes()


def test_plain_and_packed_files_hold_the_same(tmp_path):
    (tmp_path / "plain").write_bytes(CONTENT)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(CONTENT))
    assert np.array_equal(read_idx(tmp_path / "plain", 3), ARRAY)
    assert np.array_equal(read_idx(tmp_path / "packed", 3), ARRAY)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a", b"", "it starts with '', not '00000803'"),
        ("a", b"<html>", "it starts with '3c68746d', not '00000803'"),
        ("a", CONTENT[:-1], "it holds 39 bytes, not 40 for shape (2, 3, 4)"),
        ("a", CONTENT + b"x", "it holds 41 bytes, not 40 for shape (2, 3, 4)"),
        ("a", HEAD[:9], "it holds 9 bytes, not 16 for shape (2, 0, 0)"),
        ("a", HEAD[:4] + b"\xff" * 12, f"it holds 16 bytes, not {16 + (2**32 - 1) ** 3} for shape "
         f"{(2**32 - 1,) * 3}"),
        ("a.gz", b"not packed", "it is not packed by gzip, or damaged"),
        ("a.gz", gzip.compress(CONTENT)[:-9],
         "it is truncated, or unpacks to more than 256 MiB"),
        ("a.gz", gzip.compress(bytes(1 << 28) + b"x", 1),
         "it is truncated, or unpacks to more than 256 MiB"),
    ],
    ids=["empty", "page", "short", "long", "header", "huge", "text", "cut", "bomb"],
)  # fmt: skip
def test_files_of_another_kind(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    message = f"{path} is not an IDX file as expected: {message}"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        read_idx(tmp_path / "a", 3)


def test_a_file_that_is_missing(tmp_path):
    path = tmp_path / "a.gz"
    with pytest.raises(
        DataError, match=f"^cannot read {re.escape(str(path))}: No such file or directory$"
    ):
        read_idx(tmp_path / "a", 3)
