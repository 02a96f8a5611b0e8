import json
import re

import numpy as np
import pytest
from PIL import Image

from threefold.cli import main
from threefold.data import load_images
from threefold.network import load
from threefold.samples import preparation_of
from threefold.sim import golden

RANDOM = np.random.default_rng(0)
QUICK = "--epochs 3 --no-float -q"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A table, images and arrays in the current folder, of two classes that are easy to tell."""
    monkeypatch.chdir(tmp_path)
    rows = ["height,weight,animal"]
    for number in range(60):
        name, middle = ("cat", 4.0) if number % 2 else ("dog", 30.0)
        x, y = RANDOM.normal(middle, 2, 2).round(2)
        rows.append(f"{x},{y},{name}")
        if number < 20:
            folder = tmp_path / "pets" / name
            folder.mkdir(parents=True, exist_ok=True)
            pixels = RANDOM.integers(0, 60, (8, 8), np.uint8) + 150 * (number % 2)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    (tmp_path / "Pets 2.csv").write_text("\n".join(rows))
    values = np.array([row.split(",")[:2] for row in rows[1:]], float)
    np.savez(tmp_path / "arrays.npz", x=values, y=np.arange(60) % 2)
    return tmp_path


def run(line, capsys):
    status = main([word.replace("~", " ") for word in line.split()])
    return status, *capsys.readouterr()


def test_a_table(place, capsys):
    status, out, err = run(f"train --data Pets~2.csv --label animal {QUICK}", capsys)
    assert (status, err) == (0, "")
    assert re.match(r"ternary  \d+\.\d\d%  of 12 held-out rows\n", out)
    network = load("out/pets_2/network.tern")
    assert network.name == "pets_2"
    images, labels = load_images("out/pets_2/test.npz")
    made = network.provenance
    assert golden.accuracy(network, images, labels) == made["accuracy"]["integer"] > 0.9
    assert made["classes"] == ["cat", "dog"]
    assert made["accuracy"]["dataset"] == "Pets 2.csv, held out"
    assert made["data"]["split"] == {"held_out": 0.2, "seed": 0}
    assert preparation_of(network).format.features == ["height", "weight"]
    record = json.loads((place / "out/pets_2/train.json").read_text())
    assert (record["preset"], record["config"]["dataset"]) == ("table", "Pets 2.csv")


def test_options_reach_the_network(place, capsys):
    line = f"train --data Pets~2.csv --drop weight --input-bits 4 --held-out 0.5 --seed 3 {QUICK}"
    assert run(f"{line} --widths 8 -o own", capsys)[0] == 0
    network = load("own/network.tern")
    assert network.input.shape == (1, 1, 1)
    assert network.input.codes.bits == 4
    assert network.provenance["data"]["split"] == {"held_out": 0.5, "seed": 3}
    assert len(load_images("own/test.npz")[1]) == 30


def test_images(place, capsys):
    assert run(f"train --data pets --size 6x6 --widths 4,4 {QUICK}", capsys)[0] == 0
    network = load("out/pets/network.tern")
    assert network.input.shape == (6, 6, 1)
    assert network.nodes[0].name == "conv1"


def test_arrays(place, capsys):
    assert run(f"train --data arrays.npz {QUICK}", capsys)[0] == 0
    assert load("out/arrays/network.tern").provenance["classes"] == ["0", "1"]


def test_another_preset(place, capsys):
    line = f"train --data Pets~2.csv --preset mlp-magic --widths 8 {QUICK} -o own"
    assert run(line, capsys)[0] == 0
    record = json.loads((place / "own/train.json").read_text())
    assert (record["preset"], record["config"]["dataset"]) == ("mlp-magic", "Pets 2.csv")


def test_the_same_command_gives_the_same_bytes(place, capsys):
    for folder in "ab":
        run(f"train --data Pets~2.csv {QUICK} -o {folder}", capsys)
    assert (place / "a/network.tern").read_bytes() == (place / "b/network.tern").read_bytes()


def test_features_that_never_change_are_told(place, capsys):
    (place / "flat.csv").write_text("a,b,c\n" + "1,7,x\n2,7,y\n" * 9)
    _, _, err = run("train --data flat.csv --epochs 1 --no-float --widths 4", capsys)
    assert "features that never change tell nothing: b\n" in err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--label animal", "--label needs --data, your own samples"),
        ("--held-out 0.1", "--held-out needs --data, your own samples"),
        ("--preset table", "preset table is for data of your own; give it by --data"),
        (
            "--data Pets~2.csv --data-dir .",
            "--data is your own, --data-dir that of a preset; give one of them",
        ),
        ("--data no.csv", "there is no file or folder no.csv"),
        (
            "--data Pets~2.csv --label color",
            "Pets 2.csv has no column 'color'; it has height, weight, animal",
        ),
        ("--data Pets~2.csv --size 8x8", "--size does not apply to Pets 2.csv; leave it out"),
        (
            "--data Pets~2.csv --held-out 1.5",
            "--held-out must be above 0 and below 1, not 1.5",
        ),
        ("--data Pets~2.csv --seed -1", "seed must be 0…2147483647, not -1"),
        (
            "--data Pets~2.csv --preset lenet-mnist",
            "a LeNet reads images of at least 4×4 pixels, not 1×1×2 codes 0…255 = -128…127",
        ),
    ],
)
def test_refused(place, capsys, line, message):
    before = sorted(place.rglob("*"))
    status, out, err = run(f"train {line} -q", capsys)
    assert (status, out, err) == (2, "", f"threefold: error: {message}\n")
    assert sorted(place.rglob("*")) == before
