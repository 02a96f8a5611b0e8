import re

import pytest

from threefold.errors import BuildError, FileFormatError
from threefold.files import make_folder, read_json, replacing, write_file, write_json


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_with_its_folders(tmp_path):
    write_file(tmp_path / "a" / "b.txt", "Σ")
    assert (tmp_path / "a" / "b.txt").read_bytes() == "Σ".encode()
    assert (tmp_path / "a" / "b.txt").stat().st_mode & 0o777 == 0o644
    assert names_in(tmp_path / "a") == ["b.txt"]


def test_json_is_the_same_for_the_same_object(tmp_path):
    for name, content in (("a", {"b": 1, "a": [2]}), ("b", {"a": [2], "b": 1})):
        write_json(tmp_path / name, content)
        assert (tmp_path / name).read_text() == '{\n "a": [\n  2\n ],\n "b": 1\n}\n'


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"a long first version")
    write_file(str(path), b"second")
    assert path.read_bytes() == b"second"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with replacing(path) as temporary:
            temporary.write_text("half of the ne")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["a.txt"]


def test_a_full_disk_is_an_error_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with replacing(path):
            raise OSError(28, "No space left on device")

    message = f"cannot write {path}: No space left on device; choose another with -o"
    with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
        fail()
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["a.txt"]


def test_a_folder_is_not_replaced_by_a_file(tmp_path):
    (tmp_path / "a").mkdir()
    message = f"cannot write {tmp_path / 'a'}: Is a directory; choose another with -o"
    with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
        write_file(tmp_path / "a", b"")
    assert names_in(tmp_path) == ["a"]


def test_a_file_name_too_long_for_the_system(tmp_path):
    path = tmp_path / ("a" * 300)
    message = f"cannot write {path}: File name too long; choose another with -o"
    with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
        write_file(path, b"")


@pytest.mark.parametrize("content", [r'{"a": ["\ud800"]}', r'{"\udfff": 1}'])
def test_half_of_a_surrogate_pair_is_refused(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(content)
    message = f"{path} holds half of a surrogate pair, which is no text"
    with pytest.raises(FileFormatError, match=f"^{re.escape(message)}$"):
        read_json(path)


def test_a_whole_surrogate_pair_is_a_letter(tmp_path):
    (tmp_path / "a.json").write_text(r'{"a": "\ud83d\ude00"}')
    assert read_json(tmp_path / "a.json") == {"a": "\U0001f600"}


def test_make_folder(tmp_path):
    assert make_folder(str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"
    assert make_folder(tmp_path / "a" / "b").is_dir()


def test_a_folder_below_a_file_is_an_error(tmp_path):
    (tmp_path / "a").write_text("")
    for path, reason in [("a", "File exists"), ("a/b", "Not a directory")]:
        message = f"cannot create folder {tmp_path / path}: {reason}; choose another with -o"
        with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
            make_folder(tmp_path / path)


def test_a_folder_that_may_not_be_written_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    message = f"cannot write into folder {tmp_path}; choose another with -o"
    with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
        make_folder(tmp_path)
