import argparse
import io
import json
import re
import shlex
import sys

import numpy as np
import pytest
import torch
from rich.console import Console

from threefold.cli import train as command
from threefold.data import load_images
from threefold.errors import DataError, ToolError, TrainingError
from threefold.network import load
from threefold.network.file import digest
from threefold.quant import PRESETS
from threefold.sim import golden

PRODUCTS = ["checkpoint.pt", "network.tern", "test.npz", "train.json"]


def parse(line):
    parser = argparse.ArgumentParser()
    parser.add_argument("-q", "--quiet", action="store_true")
    command.add_arguments(parser)
    return parser.parse_args(shlex.split(line))


def run(line):
    log = io.StringIO()
    args = parse(line)
    return command.run(args, Console(file=log, quiet=args.quiet)), log.getvalue()


@pytest.fixture(scope="module")
def products(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    result, log = run(f"--epochs 3 -o {folder}")
    return folder, result, log


def test_the_network_and_its_images_give_the_stated_accuracy(products):
    folder, result, _ = products
    network = load(folder / "network.tern")
    images, labels = load_images(folder / "test.npz")
    accuracy = golden.accuracy(network, images, labels)
    assert network.provenance["accuracy"]["integer"] == accuracy > 0.9
    assert network.provenance["accuracy"]["float"] > 0.9
    assert network.provenance["accuracy"]["images"] == len(labels) == 360
    assert {"dataset", "recipe", "seed", "tools"} < set(network.provenance)
    assert f"ternary  {accuracy:.2%}  of 360 held-out images" in result
    assert str(folder / "network.tern") in result


def test_the_record_holds_configuration_and_losses(products):
    folder, _, log = products
    record = json.loads((folder / "train.json").read_text())
    assert record["config"]["epochs"] == 3
    assert [len(losses) for losses in record["losses"].values()] == [3, 3]
    assert record["accuracy"] == load(folder / "network.tern").provenance["accuracy"]
    assert "3/3 epochs" in log


def test_the_same_command_gives_the_same_bytes(products, tmp_path):
    folder, result, _ = products
    again, _ = run(f"--epochs 3 -o {tmp_path}")
    assert again == result.replace(str(folder), str(tmp_path))
    for name in ("network.tern", "test.npz", "train.json"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_without_the_float_twin_its_accuracy_is_absent(tmp_path):
    result, log = run(f"--epochs 1 --widths 8,8 --bits 3 --no-float -q -o {tmp_path}")
    assert sorted(path.name for path in tmp_path.iterdir()) == PRODUCTS
    network = load(tmp_path / "network.tern")
    assert "float" not in network.provenance["accuracy"]
    assert "\nfloat" not in result
    assert [len(network.nodes[i].op.matrix) for i in (0, 2, 4)] == [8, 8, 10]
    assert network.types["act1"].element.bits == 3
    assert log == ""


def test_another_training_in_the_folder_is_refused_or_replaced(tmp_path):
    run(f"--epochs 1 --no-float -q -o {tmp_path}")
    first = (tmp_path / "network.tern").read_bytes()
    message = (
        r"^\S+ was trained with seed 0, not 1; delete it, or start anew with --fresh, or choose "
        r"another place$"
    )
    with pytest.raises(TrainingError, match=message):
        run(f"--epochs 1 --no-float -q --seed 1 -o {tmp_path}")
    assert (tmp_path / "network.tern").read_bytes() == first
    run(f"--epochs 1 --no-float -q --seed 1 --fresh -o {tmp_path}")
    assert (tmp_path / "network.tern").read_bytes() != first


def test_another_network_is_kept_with_its_plan_and_products(tmp_path):
    options = f"--epochs 1 --widths 8 --no-float -o {tmp_path}"
    run(options)
    first = load(tmp_path / "network.tern")
    others = ["rtl/digits.v", "gateware/digits.bin", "sim/simulation.json", "report.html"]
    for name in others:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "rtl" / "board.v").touch()
    (tmp_path / "plan.json").write_text('{"network": "digits"}')
    run(options)
    assert all((tmp_path / name).exists() for name in [*others, "plan.json"])
    _, log = run(f"{options} --seed 1 --fresh")
    before = tmp_path / f"before-{digest(first)[:8]}"
    note = f"plan and products of the network before, digits, are now in {before}"
    assert note in log.splitlines()
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    moved = [*others, "plan.json", "network.tern", "test.npz", "train.json"]
    assert left == {*PRODUCTS, "rtl/board.v", *(f"{before.name}/{name}" for name in moved)}
    assert load(before / "network.tern") == first


def test_fresh_removes_both_checkpoints(tmp_path):
    run(f"--epochs 1 --widths 8 -q -o {tmp_path}")
    assert (tmp_path / "checkpoint_float.pt").exists()
    run(f"--epochs 1 --widths 8 --seed 1 --no-float --fresh -q -o {tmp_path}")
    left = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
    assert left == PRODUCTS


def test_unknown_preset(tmp_path):
    message = f"there is no preset 'imagenet'; there is {', '.join(sorted(PRESETS))}"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        run(f"--preset imagenet -o {tmp_path}")


def test_pretrained_weights_of_another_network_leave_no_folder(tmp_path):
    torch.save({"weight": torch.zeros(3, 3)}, tmp_path / "net.pth")
    with pytest.raises(TrainingError, match="images of 64 channels have as many means"):
        run(f"--pretrained {tmp_path / 'net.pth'} -o {tmp_path / 'out'}")
    assert not (tmp_path / "out").exists()


def test_without_torch(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(
        ToolError, match=r"^training needs torch: pip install 'threefold\[train\]'$"
    ):
        run(f"-o {tmp_path}")


def test_narrower_networks_have_an_accuracy_of_their_own(tmp_path):
    result, _ = run(f"--epochs 2 --set dynamic=(0.5,) --no-float -q -o {tmp_path}")
    network = load(tmp_path / "network.tern")
    share = golden.accuracy(network.at("w50"), *load_images(tmp_path / "test.npz"))
    assert network.provenance["accuracy"]["widths"] == {"w50": share}
    assert share != network.provenance["accuracy"]["integer"]
    assert f"w50      {share:.2%}\n" in result


def test_widths_that_are_no_numbers(capsys):
    with pytest.raises(SystemExit):
        parse("--widths 64x64")
    assert "expected integers such as 64,64, not '64x64'" in capsys.readouterr().err


@pytest.mark.parametrize("example", command.EXAMPLES)
def test_examples_are_understood(example):
    program, name, *rest = shlex.split(example.replace("\\\n", ""))
    assert (program, name) == ("threefold", "train")
    assert parse(shlex.join(rest)).output


def test_images_are_stored_as_bytes(products):
    assert load_images(products[0] / "test.npz")[0].dtype == np.uint8


def test_a_network_is_named_like_its_preset(tmp_path):
    run(f"--preset lenet-digits --epochs 1 --widths 4,4 --no-float -q -o {tmp_path}")
    network = load(tmp_path / "network.tern")
    assert network.name == "lenet_digits"
    assert [node.name for node in network.nodes][:3] == ["conv1", "act1", "pool1"]
    assert load_images(tmp_path / "test.npz")[0].shape == (360, 8, 8, 1)


def test_where_the_data_is():
    assert str(parse("--data-dir there").data_dir) == "there"
    assert parse("").data_dir is None


def test_digits_come_with_a_package(tmp_path):
    message = f"digits comes with a package; leave out the folder {tmp_path}"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        run(f"--preset digits --data-dir {tmp_path} -o {tmp_path / 'out'}")


def test_files_that_are_missing_leave_no_folder(tmp_path):
    with pytest.raises(DataError, match=r"^mnist is read from files, but no folder is given; "):
        run(f"--preset lenet-mnist -o {tmp_path / 'out'}")
    assert not (tmp_path / "out").exists()


def test_integer_weights_of_a_width_a_layer(tmp_path):
    result, log = run(
        "--preset lenet-digits --widths 4,8,8 --epochs 2 --set weights=int --set weight_bits=3 "
        f"--set first=8 --set last=5 -o {tmp_path}"
    )
    network = load(tmp_path / "network.tern")
    ops = [node.op for node in network.nodes if hasattr(node.op, "weights")]
    assert [op.bits for op in ops] == [8, 3, 3, 5]
    accuracy = golden.accuracy(network, *load_images(tmp_path / "test.npz"))
    assert f"integer  {accuracy:.2%}  of 360 held-out images" in result
    assert "integer" in log
    assert "ternary" not in result + log
    recipe = "int weights of 3 bits (8 bits in the first layer, 5 bits in the last layer), lenet"
    assert network.provenance["recipe"].startswith(recipe)
    config = json.loads((tmp_path / "train.json").read_text())["config"]
    assert [config[key] for key in ("weight_bits", "first", "last")] == [3, 8, 5]
