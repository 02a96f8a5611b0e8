import shlex

import numpy as np
import pytest

from threefold import cli
from threefold.data import save_images

from ..importer.graphs import Graph

EXAMPLES = [
    shlex.split(example.replace("\\\n", " "))
    for _, command in cli._commands([])
    for example in command.EXAMPLES
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    graph = Graph("N", 1, 4, 4).conv(np.eye(3).reshape(1, 1, 3, 3), 0.5).quant(0.5, bits=2)
    graph.node("Flatten").matmul(np.eye(4, 3))
    (folder / "model.onnx").write_bytes(graph.model().SerializeToString())
    rows = [f"{i % 7},{i % 5},{'ab'[i % 7 > 3]}" for i in range(70)]
    (folder / "rows.csv").write_text("\n".join(["x,y,species", *rows]))
    save_images(folder / "test.npz", np.arange(32).reshape(2, 4, 4, 1), np.array([0, 1]))
    return folder


def test_every_example_runs_one_after_the_other(folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)
    loader = folder / "loader"  # instead of openFPGALoader, which needs a board
    loader.write_text("#!/bin/sh\n")
    loader.chmod(0o755)
    monkeypatch.setenv("OPENFPGALOADER", str(loader))
    for program, *argv in EXAMPLES:
        assert program == "threefold"
        if any(each.startswith("/dev/") for each in argv):  # a board
            continue
        # Waveforms would be a build of their own, and have tests of their own.
        argv = [each for each in argv if each != "--waves"]
        more = [] if "--verbose" in argv else ["-q"]
        if "--seeds" in argv:
            more += ["--seeds", "1"]
        if "--data" in argv and argv[0] == "train":
            more += ["--epochs", "1", "--no-float"]
        elif argv[0] == "train":
            more += ["--epochs", "1"]
            if "--seed" in argv:  # the network that is built
                more += ["--widths", "8,8"]
        assert cli.main([*argv, *more]) == 0, capfd.readouterr()
    digits = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert digits >= {
        "out/digits/gateware/digits.bin",
        "out/digits/plan.json",
        "out/digits/report.html",
        "out/digits/rtl/digits.v",
        "out/digits/sim/simulation.json",
        "out/aligned/plan.json",
        "out/folded/plan.json",
        "out/lenet/test.npz",
        "out/model/network.tern",
        "out/resnet20/network.tern",
        "out/slow/plan.json",
        "out/own/network.tern",
        "out/small/network.tern",
    }
