import zlib

import pytest

from threefold.errors import DataError
from threefold.host.program_image import crc_of, read_program_image

CONTENT = bytes(range(30))
IMAGE = CONTENT + zlib.crc32(CONTENT).to_bytes(4, "little")


def test_a_right_one(tmp_path):
    (tmp_path / "program.bin").write_bytes(IMAGE)
    assert read_program_image(tmp_path / "program.bin") == IMAGE
    assert crc_of(IMAGE) == zlib.crc32(CONTENT)


@pytest.mark.parametrize("content", [b"", IMAGE[:-1], b"\1" + IMAGE[1:], bytes(4)])
def test_a_wrong_one(tmp_path, content):
    path = tmp_path / "program.bin"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_program_image(path)
    assert str(caught.value) == (
        f"{path}: {len(content)} bytes are no program image, or a damaged one: their CRC is wrong; "
        f"make it again, by threefold build"
    )


def test_no_file(tmp_path):
    path = tmp_path / "program.bin"
    with pytest.raises(DataError) as caught:
        read_program_image(path)
    assert str(caught.value) == f"cannot read {path}: No such file or directory"
