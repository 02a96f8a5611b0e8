import re

import numpy as np
import pytest

from threefold import references
from threefold.cli import main
from threefold.cli.zoo import NETWORKS
from threefold.data import load_images
from threefold.network import Codes, load
from threefold.network.file import digest
from threefold.project import Project


def test_list(capsys):
    assert main(["zoo"]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split() == ["name", "input", "bits", "layers", "weights", "MACs"]
    assert [row.split()[0] for row in rows] == list(NETWORKS)
    assert rows[1].split() == ["lenet", "28×28×1", "8", "5", "44,190", "281,640"]


def test_network_and_images(tmp_path, capsys):
    folder = tmp_path / "made"
    argv = ["zoo", "lenet", "--seed", "5", "--images", "3", "-o", str(folder)]
    assert main(argv) == 0
    assert capsys.readouterr().out == (
        f"network  {folder}/network.tern\nimages   {folder}/test.npz\n"
    )
    network = load(folder / "network.tern")
    assert digest(network) == digest(references.lenet(5))
    images, labels = load_images(folder / "test.npz")
    assert labels is None
    np.testing.assert_array_equal(images, references.random_images(network.input, 3, 5))


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        (name, bits)
        for name in NETWORKS
        for bits in (1, 3, 8)
        if bits < 8 or name not in ("cnv", "resnet20")  # these draw 255 levels for seconds
    ],
)
def test_bits(tmp_path, name, bits):
    assert main(["zoo", name, "--bits", str(bits), "-o", str(tmp_path)]) == 0
    network = load(tmp_path / "network.tern")
    codes = [t.element for t in network.types.values() if isinstance(t.element, Codes)]
    assert codes[1].bits == bits


def test_sparsity(tmp_path):
    argv = ["zoo", "tiny_conv", "--sparsity", "0.75", "--tile", "4x1", "-o", str(tmp_path)]
    assert main(argv) == 0
    made = references.tiny_conv(sparsity=0.75, tile=(4, 1))
    assert digest(load(tmp_path / "network.tern")) == digest(made)


def test_another_network_is_kept_with_its_plan(tmp_path, capsys):
    argv = ["zoo", "tiny_conv", "-o", str(tmp_path)]
    plan = ["plan", f"{tmp_path}/network.tern", "-o", str(tmp_path), "-q"]
    assert main(argv) == main(plan) == main(argv) == 0
    first, images = load(tmp_path / "network.tern"), (tmp_path / "test.npz").read_bytes()
    assert (tmp_path / "plan.json").exists()
    assert capsys.readouterr().err == ""
    assert main([*argv, "--seed", "1"]) == 0
    before = tmp_path / f"before-{digest(first)[:8]}"
    note = f"plan and products of the network before, tiny_conv, are now in {before}\n"
    assert capsys.readouterr().err == note
    assert Project.open(before).network == first
    assert (before / "test.npz").read_bytes() == images
    assert not (tmp_path / "plan.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "alexnet",
            "no architecture is named 'alexnet'; there are tiny_conv, lenet, ds_cnn, cnv, resnet20",
        ),
        (
            "--seed 3",
            "options need the name of an architecture; without any, all are listed",
        ),
        ("lenet --images 0", "--images must be 1 to 65536, not 0"),
        ("lenet --bits 9", "--bits must be 1 to 8, not 9"),
        ("lenet --tile 2x2", "--tile says which tiles are empty; give --sparsity with it"),
        ("lenet --sparsity 0.5", "sparsity 0.5 needs a tile; give its filters and channels"),
        (
            "lenet --sparsity 2 --tile 2x2",
            "sparsity must be at least 0 and below 1, not 2.0",
        ),
        (
            "lenet --seed -1",
            "the seed must be an integer of 0…9223372036854775807, not -1",
        ),
    ],
)
def test_nonsense(tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    assert main(["zoo", *options.split()]) == 2
    assert capsys.readouterr() == ("", f"threefold: error: {message}\n")
    assert not list(tmp_path.iterdir())


def test_tile_that_is_none(capsys):
    assert main(["zoo", "lenet", "--tile", "2"]) == 2
    assert re.search(r"expected PxS such as 8x8, not '2'$", capsys.readouterr().err.strip())


def test_a_trained_network_is_not_replaced(tmp_path, capsys):
    (tmp_path / "train.json").write_text("{}")
    assert main(["zoo", "tiny_conv", "-o", str(tmp_path)]) == 2
    message = f"{tmp_path} holds a network that was trained; choose another with -o"
    assert capsys.readouterr() == ("", f"threefold: error: {message}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["train.json"]
