import pytest

from threefold.cli import main
from threefold.quant.data import DATASETS, SOURCES
from threefold.quant.data.files import Remote, Source


def test_every_set_is_listed(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["data"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines[1:]} >= set(DATASETS)
    assert any(line.split() == ["mnist", "threefold", "data", "mnist", "CC", "BY-SA", "3.0"]
               for line in lines)  # fmt: skip


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """A set of one file that is published on this machine."""
    path = tmp_path / "web" / "a.bin"
    path.parent.mkdir()
    path.write_bytes(b"content")
    source = Source((("a.bin",),), "from here", "CC0", (Remote(path.as_uri()),))
    monkeypatch.setitem(SOURCES, "sample", source)
    return path


def test_files_are_downloaded(sample, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "sample"]) == 0
    out, err = capsys.readouterr()
    assert out == "1 file in out/data/sample, to train with by --data-dir out/data/sample\n"
    assert "a.bin" in err
    assert (tmp_path / "out/data/sample/a.bin").read_bytes() == b"content"
    assert main(["data", "sample", "-o", "here", "-q"]) == 0
    assert capsys.readouterr().err == ""
    assert (tmp_path / "here" / "a.bin").exists()


def test_without_a_network(sample, tmp_path, capsys):
    sample.unlink()
    assert main(["data", "sample", "-o", str(tmp_path / "out"), "-q"]) == 2
    assert capsys.readouterr().err == (
        f"threefold: error: cannot get {sample.as_uri()}: No such file or directory; without a "
        "network, get it elsewhere and give its folder as --data-dir FOLDER\n"
    )


def test_what_cannot_be_downloaded(tmp_path, capsys):
    assert main(["data", "digits", "-o", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.endswith(
        "threefold: error: there is nothing to download for 'digits'; there is cifar10, "
        "fashion_mnist, letter, magic, mnist, mnist8, pendigits\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_list_goes_nowhere(tmp_path, capsys):
    assert main(["data", "-o", str(tmp_path / "out")]) == 2
    message = "threefold: error: -o needs the name of a data set; without any, all are listed\n"
    assert capsys.readouterr().err == message
