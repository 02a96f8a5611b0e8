import json

import numpy as np
import pytest

from threefold.cli import main
from threefold.network import ArgMax, Dense, Logits, Network, load, save
from threefold.samples import prepare


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"{i},{(7 * i) % 11},{'ab'[i % 2]}" for i in range(20)]
    (tmp_path / "rows.csv").write_text("\n".join(["x,y,kind", *rows]))
    (tmp_path / "bare.csv").write_text("y,x\n1,2\n3,4\n")
    made = prepare("rows.csv")
    kept = {**made.preparation.provenance(), "data": made.record}
    ops = [
        ("fc1", Dense(np.array([[1, -1], [0, 1]]))),
        ("logits", Logits([0, 40])),
        ("argmax", ArgMax()),
    ]
    save(Network.chain("own", made.preparation.input, ops, kept), "net.tern")
    return tmp_path


def test_own_samples_in_simulation(place, capsys):
    line = "simulate net.tern -o out -q --data"
    assert main([*line.split(), "rows.csv"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("rows        4, ")
    assert "accuracy" in shown
    assert json.loads((place / "out/sim/simulation.json").read_text())["images"] == 4
    assert load("out/network.tern").provenance["classes"] == ["a", "b"]
    assert main([*line.split(), "bare.csv"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("rows        2, ")
    assert "accuracy" not in shown


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("net.tern --data no.csv", "there is no file or folder no.csv"),
        (
            "plain.tern --data rows.csv",
            "network 'own' does not tell how samples become its input codes; give codes in an "
            ".npz file by --images",
        ),
        (
            "odd.tern --data rows.csv",
            "the preparation of samples in network 'own' is not usable: it has format, offset and "
            "gain",
        ),
    ],
)
def test_refused(place, capsys, line, message):
    network = load("net.tern")
    for name, kept in (("plain", {}), ("odd", {"preparation": []})):
        save(Network("own", network.input, network.nodes, kept), f"{name}.tern")
    assert main(["simulate", *line.split(), "-o", "out", "-q"]) == 2
    assert capsys.readouterr() == ("", f"threefold: error: {message}\n")
    assert not (place / "out").exists()
