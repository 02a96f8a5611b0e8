import fcntl

import numpy as np
import pytest

from threefold import quant
from threefold.cli import main
from threefold.lock import LOCK

from ..importer.graphs import Graph


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a model to import and, in ``out``, a network that is there already."""
    monkeypatch.chdir(tmp_path)
    graph = Graph("N", 1, 4, 4).conv(np.eye(3).reshape(1, 1, 3, 3), 0.5).quant(0.5, bits=2)
    graph.node("Flatten").matmul(np.eye(4, 3))
    (tmp_path / "model.onnx").write_bytes(graph.model().SerializeToString())
    assert main(["zoo", "tiny_conv", "-q", "-o", "out"]) == 0
    (tmp_path / "out" / "test.npz").unlink()  # which an import does not replace
    return tmp_path


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "command", ["zoo lenet", "import model.onnx", "train --epochs 1 --no-float --fresh"]
)
def test_a_network_is_not_written_while_the_folder_is_in_use(place, capsys, command):
    (place / "out" / "checkpoint.pt").write_bytes(b"of a training")
    capsys.readouterr()
    with (place / "out" / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        print(12, file=file, flush=True)
        before = content(place / "out")
        assert main([*command.split(), "-q", "-o", "out"]) == 1
        assert content(place / "out") == before
    message = "out is in use by another threefold (process 12); "
    message += "wait for it or choose another folder with -o"
    assert capsys.readouterr() == ("", f"threefold: error: {message}\n")


def test_the_folder_is_in_use_while_training(place, monkeypatch):
    def run_trial(*args, folder, **options):
        assert (folder / LOCK).exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(quant, "run_trial", run_trial)
    assert main(["train", "--epochs", "1", "--no-float", "-q", "-o", "out"]) == 130
    assert not (place / "out" / LOCK).exists()
