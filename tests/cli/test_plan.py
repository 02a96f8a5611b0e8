import hashlib
import json

import numpy as np
import pytest

from threefold.cli import main
from threefold.fpga.ice40 import ICE40
from threefold.network import Add, Codes, Dense, Logits, MaxPool, Network, Tensor, load, save
from threefold.network.file import digest
from threefold.project import Project
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
    """Plans a network in ``tmp_path``; gives the lines on stdout, and the units of the plan."""
    monkeypatch.setenv("COLUMNS", "100")
    save(residual(seed=5, density=0.3), tmp_path / "net.tern")

    def plan(*options, network="net.tern"):
        argv = ["plan", f"{tmp_path}/{network}", "-o", f"{tmp_path}/out", "-q", *options]
        assert main(argv) == 0
        made = Project.open(tmp_path / "out").plan
        units = {unit.name: unit for unit in made.units}
        return [line.split() for line in capsys.readouterr().out.splitlines()], units, made

    return plan


def decisions(units):
    return {name: unit.decisions() for name, unit in units.items()}


def tiles(plan):
    return sum(len(schedule.tiles) for schedule in plan.schedules.values())


def test_tables(plan):
    lines, units, made = plan(*FOLDS)
    names = [line[0] for line in lines if line]
    order = ["conv1", "conv2", "sum", "codes", "pool", "classes"]
    assert names[:8] == ["block", "unit", *order]
    conv2, schedule = units["conv2"], made.schedules["conv2"]
    assert lines[3][:6] == ["conv2", "conv", "3×3", "6×6×4", "2×2", str(conv2.o_lanes)]
    counts = (len(schedule.tiles), schedule.skipped, conv2.interval)
    assert lines[3][6:9] == [f"{count:,}" for count in counts]
    assert lines[4][:2] == ["sum", "add"]
    assert lines[5][:2] == ["codes", "requantize"]
    assert lines[6][:4] == ["pool", "max", "pool", "2×2"]
    assert lines[7][:3] == ["classes", "dense", "3"]
    memories = lines[lines.index(["Memories"]) + 2 :]
    buffer = conv2.activation_buffer
    depth = [str(buffer.words), "×", str(buffer.bits)]
    assert memories[1] == ["conv2", "auto", conv2.form, *depth, str(schedule.weight_bits)]
    assert memories[2] == ["codes", units["codes"].form]
    branches = lines[lines.index(["FIFOs", "before", "joins"]) + 2 :]
    beats = made.buffers["sum.1"]
    assert branches[0] == ["sum", "1", str(beats), str(units["sum"].o_lanes), "2"]
    assert any(line[:2] == ["bottleneck", "conv2;"] for line in lines)


@pytest.mark.parametrize("letters", [9, 10, 18])
def test_names_stay_whole_in_80_columns(tmp_path, monkeypatch, capsys, letters):
    monkeypatch.setenv("COLUMNS", "80")
    name = "convolution_stage_1"[:letters]
    builder = Builder("block", Tensor((32, 32, 16), CODES), images=2)
    builder.layer(name, 16, (3, 3), CODES, stride=(2, 2), padding=(1, 1, 1, 1))
    save(builder.classifier(3), tmp_path / "net.tern")
    options = ["--board=ulx3s_85f", f"--fold={name}=1x1", "--fold=classes=1x1"]
    assert main(["plan", f"{tmp_path}/net.tern", "-o", f"{tmp_path}/out", "-q", *options]) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines[:-1])) <= 80
    assert len([line for line in lines if line.split()[:1] == [name]]) == 2
    assert len([line for line in lines if line.split()[:1] == ["classes"]]) == 2
    cycles = Project.open(tmp_path / "out").plan.bottleneck.interval
    assert cycles > 100_000
    assert f"{cycles:,}" in next(line for line in lines if name in line).split()


def test_long_names_are_broken_at_underscores(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    rng = np.random.default_rng(0)
    ops = [("stage1_block1_conv1", Dense(rng.integers(-1, 2, (4, 8))))]
    ops.append(("logits", Logits([0, 0, 0, 0])))
    save(Network.chain("net", Tensor((1, 1, 8), CODES), ops), tmp_path / "net.tern")
    assert main(["plan", f"{tmp_path}/net.tern", "-n", "-q", "--board", "icebreaker"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    place = next(n for n, line in enumerate(lines) if line[:1] == ["stage1_block1_"])
    assert lines[place][1] == "dense"
    assert lines[place + 1] == ["conv1"]


def test_memory_and_requantizer_of_the_plan_that_is_there(plan):
    _, before, _ = plan(*FOLDS)
    _, units, _ = plan("--memory", "pool=block", "--requantizer", "codes=sequential")
    assert units["pool"].memory == "block"
    assert units["codes"].form == "sequential"
    assert units["conv1"].decisions() == before["conv1"].decisions()
    _, units, _ = plan("--memory", "conv1=lut")
    assert [units[name].memory for name in ("conv1", "pool")] == ["lut", "block"]


def test_choices_of_a_new_plan(plan):
    choices = ("--memory", "pool=block", "--requantizer", "codes=sequential")
    _, fastest, _ = plan("--fastest")
    _, units, made = plan("--fastest", "--fold", "conv1=2x1", *choices)
    assert (units["conv1"].pe, units["conv1"].simd) == (2, 1)
    assert units["pool"].memory == "block"
    assert units["codes"].form == "sequential"
    assert units["conv2"].interval < units["conv1"].interval <= made.cycles.interval
    assert fastest["conv1"].interval < units["conv1"].interval
    _, units, made = plan("--fold", "conv1=2x1", "--interval", "3000", *choices)
    assert (units["conv1"].pe, units["conv1"].simd) == (2, 1)
    assert made.cycles.interval <= 3000


@pytest.mark.parametrize("speed", [(), ("--fastest",), ("--interval", "3000")])
def test_faster_and_smaller_plans_are_listed(plan, speed):
    lines, _, made = plan("--board", "icebreaker", *speed)
    start = next(place for place, line in enumerate(lines) if line[:1] == ["Alternatives,"])
    assert lines[start] == ["Alternatives,", "at", "30", "MHz,", "estimated"]
    end = next(place for place, line in enumerate(lines) if line[:1] == ["about"])
    rows = lines[start + 2 : end]
    (taken,) = (row for row in rows if row[0] == "taken,")
    cells = made.resources(ICE40).cells
    cycles = made.cycles.interval
    assert taken[-4:-1] == [f"{cycles:,}", f"{30e6 / cycles:,.0f}", f"{cells:,.0f}"]
    options = [row[row[0] == "taken," and 3 :][0] for row in rows]
    assert options == ["--fastest", *["--interval"] * (len(rows) - 1)]
    assert rows[0] == taken or "--fastest" not in speed
    total = next(line for line in lines if line[:1] == ["about"])
    bram = str(made.resources(ICE40).bram)
    assert total[:8] == [
        "about",
        f"{cells:,.0f}",
        *["logic", "cells", "and"],
        bram,
        "block",
        "RAMs,",
    ]
    assert total[8:] == ["without", "serial", "line", "and", "clock"]
    assert 3 <= len(rows) <= 5


def test_another_network_is_kept_with_its_plan(plan, tmp_path, capsys):
    _, _, first = plan(*FOLDS)
    save(residual(seed=6), tmp_path / "net.tern")
    before = tmp_path / "out" / f"before-{digest(first.network)[:8]}"
    assert main(["plan", f"{tmp_path}/net.tern", "-o", f"{tmp_path}/out"]) == 0
    note = f"plan and products of the network before, block, are now in {before}\n"
    assert capsys.readouterr().err == note
    assert Project.open(before).plan == first
    assert Project.open(tmp_path / "out").network == load(tmp_path / "net.tern")


def test_a_build_keeps_another_network_too(plan, tmp_path, capsys):
    _, _, first = plan(*FOLDS)
    save(residual(seed=6), tmp_path / "net.tern")
    argv = ["build", f"{tmp_path}/net.tern", "-o", f"{tmp_path}/out", "--rtl-only", *FOLDS]
    assert main(argv) == 0
    before = tmp_path / "out" / f"before-{digest(first.network)[:8]}"
    note = f"plan and products of the network before, block, are now in {before}\n"
    assert capsys.readouterr() == (f"verilog    {tmp_path}/out/rtl/block.v\n", note)


@pytest.mark.parametrize("change", ["schema", "units", None])
def test_a_plan_that_cannot_be_used_is_kept(plan, tmp_path, capsys, change):
    _, _, first = plan("--board", "ulx3s_12f")
    path, record = tmp_path / "out" / "plan.json", tmp_path / "out" / "sim" / "simulation.json"
    if change:
        path.write_text(json.dumps(json.loads(path.read_text()) | {change: 0}))
    else:
        path.write_text("{")
    kept = path.read_bytes()
    record.parent.mkdir()
    record.write_text("measured")
    assert main(["plan", f"{tmp_path}/net.tern", "-o", f"{tmp_path}/out"]) == 0
    name = digest(first.network) if change else hashlib.sha256(kept).hexdigest()
    before = tmp_path / "out" / f"before-{name[:8]}"
    notes = capsys.readouterr().err.splitlines()
    board = "ulx3s_12f" if change else "icebreaker"
    assert notes[0].startswith(f"{path} is ") or notes[0].startswith(f"the schema of {path} is ")
    assert notes[0].endswith(f"; planning again for {board}")
    assert "plan again" not in notes[0]
    assert notes[1:] == [
        f"the plan before, which cannot be used, and its products are now in {before}"
    ]
    assert (before / "plan.json").read_bytes() == kept
    assert (before / "sim" / "simulation.json").read_text() == "measured"
    assert not record.exists()
    assert Project.open(tmp_path / "out").plan.board == board


@pytest.mark.parametrize(
    "option", ["--fold=conv1=2x1", "--interval=3000", "--memory=pool=block", "--align"]
)
def test_the_board_of_the_plan_stays(plan, option):
    plan(*FOLDS, "--board", "ulx3s_12f")
    _, _, made = plan(option)
    assert made.board == "ulx3s_12f"


def test_the_board_stays_when_the_network_changes(plan, tmp_path):
    plan(*FOLDS, "--board", "ulx3s_12f")
    save(residual(seed=6), tmp_path / "net.tern")
    _, _, made = plan("--requantizer", "codes=sequential")
    assert made.board == "ulx3s_12f"


def test_a_build_keeps_the_board_too(plan, tmp_path):
    plan(*FOLDS, "--board", "ulx3s_12f")
    argv = ["build", f"{tmp_path}/net.tern", "-o", f"{tmp_path}/out", "--rtl-only", "-q"]
    assert main([*argv, "--fold", "conv1=2x1"]) == 0
    assert Project.open(tmp_path / "out").plan.board == "ulx3s_12f"


def test_products_that_another_plan_removes_are_told(plan, tmp_path, capsys):
    plan(*FOLDS)
    folder = tmp_path / "out"
    for name in ("sim/simulation.json", "gateware/block.bin", "gateware/build.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    argv = ["plan", f"{tmp_path}/net.tern", "-o", f"{folder}"]
    assert main(argv) == 0
    assert capsys.readouterr().err == (
        "as planned before; --board, --fold, --sequential, --loadable, --sdram, --interval, "
        "--fastest or --width plan anew\n"
    )
    assert main([*argv, "--memory", "pool=block"]) == 0
    note = "removed products of the plan before: sim/simulation.json, gateware/\n"
    assert capsys.readouterr().err == note


def test_layers_in_turn_that_are_loadable(plan, capsys, tmp_path):
    _, units, made = plan("--loadable")
    assert units["conv1"].loadable
    assert made.loadable
    assert main(["plan", f"{tmp_path}/net.tern", "--loadable", f"{tmp_path}/none.tern"]) == 2
    assert f"cannot read {tmp_path}/none.tern: " in capsys.readouterr().err


def test_layers_in_turn(plan, capsys, tmp_path):
    lines, units, _ = plan("--sequential", "conv1..codes=4x2x2", "--fold", "classes=1x4")
    assert lines[2][:6] == ["conv1", "4", "layers", "in", "turn", "6×6×4"]
    unit = units["conv1"]
    there, skipped = unit.tiles
    counts = ("4×2×2", unit.o_lanes, there, skipped, unit.interval)
    assert lines[2][6:11] == [f"{count:,}" if isinstance(count, int) else count for count in counts]
    assert there + skipped == 9 + 2 * 9  # of 4 filters over 1 and 4 channels
    bits = 2 * (there + 2 + 2) * 8  # those of the addition, of two maps, beside them
    assert unit.weight_bits == bits
    _, again, _ = plan("--sequential", "conv1..pool")
    assert list(again) == ["conv1", "classes", "best"]
    assert main(["plan", f"{tmp_path}/net.tern", "--sequential", "conv1"]) == 2
    assert "expected FIRST..LAST such as conv1..act28" in capsys.readouterr().err


def test_align(plan, tmp_path):
    _, _, before = plan(*FOLDS)
    lines, units, after = plan(*FOLDS, "--align")
    assert tiles(after) < tiles(before)
    saved = tiles(before) - tiles(after)
    assert f"aligned: {saved} of {tiles(before)} tiles saved, {tiles(after)} left".split() in lines
    assert load(tmp_path / "out" / "network.tern") != load(tmp_path / "net.tern")
    _, again, _ = plan(network="out/network.tern")
    assert decisions(again) == decisions(units)


def test_align_keeps_the_plan_that_is_there(plan):
    plan(*FOLDS, "--memory", "pool=block")
    _, units, _ = plan("--align")
    assert units["pool"].memory == "block"
    assert (units["conv2"].pe, units["conv2"].simd) == (2, 2)


def test_align_where_nothing_moves(plan):
    folds = [fold[:-3] + "1x1" if "=" in fold else fold for fold in FOLDS]
    lines, _, made = plan(*folds, "--align")
    count = str(tiles(made))
    assert ["aligned:", "0", "of", count, "tiles", "saved,", count, "left"] in lines


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


def test_a_dry_run_writes_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(residual(seed=5), tmp_path / "net.tern")
    assert main(["plan", "net.tern", "--dry-run", *FOLDS]) == 0
    assert capsys.readouterr().out.endswith("\nnothing is written\n")
    assert [path.name for path in tmp_path.iterdir()] == ["net.tern"]


def test_where_a_plan_is_written_without_a_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(residual(seed=5), tmp_path / "net.tern")
    assert main(["plan", "net.tern", *FOLDS]) == 0
    told = capsys.readouterr()
    assert " ".join(told.err.split()).endswith(
        "written to out/block, where simulate, build and report look; -o names another folder, "
        "--dry-run writes nothing"
    )
    assert told.out.endswith("\nplan: out/block/plan.json\n")
    assert (tmp_path / "out/block/network.tern").exists()
