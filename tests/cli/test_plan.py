import json

import pytest

from threefold.cli import main
from threefold.network import Add, Codes, MaxPool, Tensor, load, save
from threefold.network.file import digest
from threefold.references import Builder

CODES = Codes.unsigned(2)
FOLDS = ["--fold", "conv1=2x1", "--fold", "conv2=2x2", "--fold", "classes=1x4"]


def residual(**options):
    builder = Builder("block", Tensor((6, 6, 1), CODES), images=8, **options)
    first = builder.layer("conv1", 4, (3, 3), CODES, padding=(1, 1, 1, 1))
    second = builder.layer("conv2", 4, (3, 3), CODES, padding=(1, 1, 1, 1))
    builder.add("sum", Add(), second, first)
    builder.threshold("codes", CODES)
    builder.add("pool", MaxPool((2, 2), (2, 2)))
    return builder.classifier(3)


@pytest.fixture
def plan(tmp_path, capsys, monkeypatch):
    """Plans a network in ``tmp_path``; gives the lines on stdout and the steps of the plan."""
    monkeypatch.setenv("COLUMNS", "100")
    save(residual(seed=5, density=0.3), tmp_path / "net.tern")

    def plan(*options, network="net.tern"):
        argv = ["plan", f"{tmp_path}/{network}", "-o", f"{tmp_path}/out", "-q", *options]
        assert main(argv) == 0
        made = json.loads((tmp_path / "out" / "plan.json").read_text())
        steps = {step["name"]: step for step in made["steps"]}
        return [line.split() for line in capsys.readouterr().out.splitlines()], steps, made

    return plan


def test_tables(plan):
    lines, steps, made = plan(*FOLDS)
    names = [line[0] for line in lines if line]
    order = ["conv1", "conv2", "sum", "codes", "pool", "classes"]
    assert names[:8] == ["block", "step", *order]
    conv2 = steps["conv2"]
    row = ["conv2", "conv", "3×3", "6×6×4", "2×2", str(conv2["lanes"])]
    assert lines[3][:6] == row
    assert lines[3][6:9] == [f"{conv2[key]:,}" for key in ("tiles", "tiles_skipped", "cycles")]
    assert lines[4][:2] == ["sum", "add"]
    assert lines[5][:2] == ["codes", "requantize"]
    assert lines[6][:4] == ["pool", "max", "pool", "2×2"]
    assert lines[7][:3] == ["classes", "dense", "3"]
    memories = lines[lines.index(["Memories"]) + 2 :]
    depth = [str(conv2["depth"]), "×", "4"]
    assert memories[1] == ["conv2", "auto", conv2["form"], *depth, str(conv2["weight_bits_stored"])]
    assert memories[2] == ["codes", steps["codes"]["form"]]
    branches = lines[lines.index(["Branch", "buffers"]) + 2 :]
    beats = made["buffers"]["sum.1"]
    assert branches[0] == ["sum", "1", str(beats), str(steps["sum"]["lanes"]), "2"]
    assert any(line[:2] == ["bottleneck", "conv2;"] for line in lines)


def test_memory_and_requantizer_of_the_plan_that_is_there(plan):
    _, before, _ = plan(*FOLDS)
    _, steps, _ = plan("--memory", "pool=block", "--requantizer", "codes=sequential")
    assert steps["pool"]["memory"] == "block"
    assert steps["codes"]["form"] == "sequential"
    assert steps["conv1"] == before["conv1"]
    _, steps, _ = plan("--memory", "conv1=lut")
    assert [steps[name]["memory"] for name in ("conv1", "pool")] == ["lut", "block"]


def test_memory_and_requantizer_of_a_new_plan(plan):
    _, steps, _ = plan("--memory", "pool=block", "--requantizer", "codes=sequential")
    assert steps["pool"]["memory"] == "block"
    assert steps["codes"]["form"] == "sequential"


def test_align(plan, tmp_path):
    _, before, _ = plan(*FOLDS)
    lines, after, _ = plan(*FOLDS, "--align")
    tiles = [sum(step.get("tiles", 0) for step in steps.values()) for steps in (before, after)]
    assert tiles[1] < tiles[0]
    saved = f"aligned: {tiles[0] - tiles[1]} of {tiles[0]} tiles saved, {tiles[1]} left"
    assert saved.split() in lines
    original = load(tmp_path / "net.tern")
    assert digest(load(tmp_path / "out" / "network.tern")) != digest(original)
    _, again, _ = plan(network="out/network.tern")
    assert again == after


def test_align_keeps_the_plan_that_is_there(plan):
    plan(*FOLDS, "--memory", "pool=block")
    _, steps, _ = plan("--align")
    assert steps["pool"]["memory"] == "block"
    assert (steps["conv2"]["pe"], steps["conv2"]["simd"]) == (2, 2)


def test_align_where_nothing_moves(plan):
    folds = [fold[:-3] + "1x1" if "=" in fold else fold for fold in FOLDS]
    lines, steps, _ = plan(*folds, "--align")
    tiles = str(sum(step.get("tiles", 0) for step in steps.values()))
    assert ["aligned:", "0", "of", tiles, "tiles", "saved,", tiles, "left"] in lines


def test_align_without_weights(tmp_path, capsys):
    builder = Builder("pools", Tensor((4, 4, 1), CODES))
    builder.add("pool", MaxPool((2, 2), (2, 2)))
    save(builder.network(), tmp_path / "net.tern")
    argv = ["plan", f"{tmp_path}/net.tern", "-o", f"{tmp_path}/out", "-q"]
    assert main([*argv, "--align"]) == 2
    message = "threefold: error: 'pools' has no weights, so no tiles to align\n"
    assert capsys.readouterr() == ("", message)
    assert not (tmp_path / "out").exists()
    assert main(argv) == 0
    assert main(["report", f"{tmp_path}/out", "-q"]) == 0


def test_align_does_not_replace_a_trained_network(plan, tmp_path, capsys):
    plan(*FOLDS)
    (tmp_path / "out" / "train.json").write_text("{}")
    path = f"{tmp_path}/out/network.tern"
    assert main(["plan", path, "-o", f"{tmp_path}/out", "-q", "--align"]) == 2
    message = (
        f"{path} was trained there, and is another network than 'block'; "
        f"choose another folder with -o"
    )
    assert capsys.readouterr() == ("", f"threefold: error: {message}\n")
