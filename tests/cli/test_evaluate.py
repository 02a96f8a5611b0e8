import json

import numpy as np
import pytest

from threefold.cli import main
from threefold.data import save_images
from threefold.network import ArgMax, Dense, Logits, Network, save
from threefold.quant import DATASETS, digits
from threefold.samples import prepare

NAMES = ["low", "mid", "high"]
VALUES = {"low": (0, 1, 2), "mid": (10, 11, 19), "high": (20, 21, 30)}


def network_of(prepared):
    """The nearest of −1, 0, 1 to the only feature."""
    made = prepared.preparation
    order = [("high", 1, 0), ("low", -1, 0), ("mid", 0, 25)]
    ops = [
        ("fc1", Dense([[sign] for _, sign, _ in order])),
        ("logits", Logits([bias for *_, bias in order])),
        ("argmax", ArgMax()),
    ]
    kept = {**made.provenance(), "data": prepared.record, "dataset": "digits"}
    return Network.chain("own", made.input, ops, kept)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    rows = [f"{value},{name}" for name in NAMES for value in VALUES[name]]
    (tmp_path / "a.csv").write_text("\n".join(["x,level", *rows]))
    made = prepare("a.csv", held_out=0.34)
    save(network_of(made), tmp_path / "net.tern")
    (tmp_path / "b.csv").write_text("\n".join(["level,x", *map(swapped, rows)]))
    (tmp_path / "plain.csv").write_text("x\n1\n".replace("\n", ",\n"))
    return tmp_path


def swapped(row):
    return ",".join(row.split(",")[::-1])


def run(line, capsys):
    status = main(line.split())
    return status, *capsys.readouterr()


TABLE = """\
accuracy  88.89%, 8 of 9 samples of b.csv

   class  samples  recall  precision  0  1  2
0  high         3  100.0%      75.0%  3  0  0
1  low          3  100.0%     100.0%  0  3  0
2  mid          3   66.7%     100.0%  1  0  2

columns 0, 1, … count what the network took the samples of a class for
"""


def test_accuracy_and_confusion_matrix(place, capsys):
    status, out, err = run("evaluate net.tern --data b.csv", capsys)
    assert (status, err) == (0, "")
    assert "\n".join(map(str.rstrip, out.splitlines())) + "\n" == TABLE


def test_json(place, capsys):
    _, out, _ = run("evaluate net.tern --data b.csv --json", capsys)
    assert json.loads(out) == {
        "network": "own",
        "data": "b.csv",
        "samples": 9,
        "right": 8,
        "accuracy": 8 / 9,
        "classes": ["high", "low", "mid"],
        "confusion": [[3, 0, 0], [0, 3, 0], [1, 0, 2]],
        "recall": [1, 1, 2 / 3],
        "precision": [3 / 4, 1, 1],
    }


def test_of_training_data_what_was_held_out(place, capsys):
    status, out, err = run("evaluate net.tern --data a.csv", capsys)
    note = "the network was trained with a.csv; taken are the 3 samples held out\n"
    assert (status, err) == (0, note)
    assert "of 3 samples of a.csv" in out


def test_images_beside_the_network(place, capsys):
    save_images(place / "test.npz", np.full((4, 1, 1, 1), 255, np.uint8), np.array([0, 0, 0, 1]))
    _, out, _ = run("evaluate net.tern", capsys)
    assert out.startswith("accuracy  75.00%, 3 of 4 samples of test.npz\n")
    _, out, _ = run("evaluate net.tern --images test.npz --limit 3", capsys)
    assert out.startswith("accuracy  100.00%, 3 of 3 samples of test.npz\n")


@pytest.fixture
def nine(place, monkeypatch):
    """A network that takes every digit for the last one."""
    data = digits()
    names = tuple(f"digit {number}" for number in range(10))
    sets = data.train_images, data.train_labels, data.test_images[:50], data.test_labels[:50]
    small = type(data)("digits", *sets, data.input, names=names)
    monkeypatch.setitem(DATASETS, "digits", lambda: small)
    ops = [("fc1", Dense(np.ones((10, 64), int))), ("logits", Logits(range(10)))]
    save(Network.chain("nine", data.input, ops, {"dataset": "digits"}), place / "nine.tern")
    return small


def test_the_data_set_of_the_network(nine, capsys):
    _, out, _ = run("evaluate nine.tern --json", capsys)
    result = json.loads(out)
    assert result["data"] == "digits, held out"
    assert result["classes"] == list(nine.names)
    assert result["precision"] == [None] * 9 + [result["accuracy"]]


@pytest.mark.parametrize("columns", [60, 100])
def test_mistakes_where_the_matrix_is_too_wide(nine, capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    _, out, _ = run("evaluate nine.tern", capsys)
    count = sum(nine.test_labels == 4)
    row = next(line.split() for line in out.splitlines() if line.startswith("4  digit 4"))
    counts = ["0"] * 9 + [str(count)] if columns == 100 else ["digit", "9", str(count)]
    assert row == ["4", "digit", "4", str(count), "0.0%", *counts]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("no.tern", "cannot read no.tern: No such file or directory"),
        (
            "net.tern",
            "there is no test.npz, and 'own' names no data set; give samples by --data, or codes "
            "by --images",
        ),
        ("net.tern --data no.csv", "there is no file or folder no.csv"),
        (
            "net.tern --data strange.csv",
            "line 2 of strange.csv is of class 'deep'; the network knows high, low, mid",
        ),
        (
            "net.tern --images bare.npz",
            "bare.npz does not tell the classes of its samples; an array 'labels' is expected",
        ),
        (
            "net.tern --data x.csv",
            "x.csv does not tell the classes of its samples; a column 'level' is expected",
        ),
        (
            "net.tern --images wrong.npz",
            "labels must be 0…2, not 0…3; 'own' knows 3 classes",
        ),
        ("net.tern --data b.csv --limit 0", "--limit must be at least 1, not 0"),
        ("net.tern --data b.csv --width w50", "network 'own' has no width 'w50'; there is none"),
        (
            "other.tern --data b.csv",
            "network 'other' does not tell how samples become its input codes; give codes in an "
            ".npz file by --images",
        ),
    ],
)
def test_refused(place, capsys, line, message):
    (place / "strange.csv").write_text("x,level\n1,deep\n")
    codes = np.zeros((2, 1, 1, 1), np.uint8)
    (place / "x.csv").write_text("x,other\n1,2\n")
    save_images(place / "bare.npz", codes)
    save_images(place / "wrong.npz", codes, np.array([0, 3]))
    made = prepare("a.csv", held_out=0.34)
    other = network_of(made)
    save(Network("other", other.input, other.nodes), place / "other.tern")
    assert run(f"evaluate {line}", capsys) == (2, "", f"threefold: error: {message}\n")
