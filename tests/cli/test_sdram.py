"""``--sdram``: from plan to simulation and report, what it refuses, and where it is suggested."""

import json
from dataclasses import replace

import numpy as np
import pytest

from threefold import boards, planning
from threefold.cli import main
from threefold.data import save_images
from threefold.errors import PlanError
from threefold.fpga import Device
from threefold.network import save
from threefold.plan import image_of
from threefold.project import Project
from threefold.sim import golden

from ..accelerators import random_images
from ..plan.search.test_outside import deep
from ..split_family import SPLIT

NETWORK = deep(8, 2)
IMAGES = random_images(np.random.default_rng(0), NETWORK, 2)
THREE = random_images(np.random.default_rng(1), NETWORK, 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A network, images, and a plan of the former for 50 MHz."""
    folder = tmp_path_factory.mktemp("sdram")
    save(NETWORK, folder / "net.tern")
    labels = golden.run(NETWORK, IMAGES).reshape(len(IMAGES), -1).argmax(1)
    save_images(folder / "test.npz", IMAGES, labels)
    options = ["--board", "ulx3s_85f", "--sdram", "2", "--clock", "50"]
    assert main(["plan", f"{folder}/net.tern", *options, "-o", f"{folder}/out", "-q"]) == 0
    return folder


@pytest.fixture
def said(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*line):
        status = main([*map(str, line), "-q"])
        found = capsys.readouterr()
        return status, found.out, found.err.removeprefix("threefold: error: ").strip()

    return run


def test_what_a_plan_tells(said, folder):
    made = Project.open(folder / "out").plan
    assert made.streamed.feed["bits"] == 32
    status, told, _ = said("plan", "net.tern", "-o", "out")
    assert status == 0
    table = told[told.index("Program from the memory outside") :]
    names = [each.name for each in made.streamed.layers]
    assert [line.split()[0] for line in table.splitlines()[2 : 2 + len(names)]] == names
    size = len(image_of(made)) - 16
    rate = size * 50 / made.cycles.interval
    told = " ".join(told.split())
    assert "of 32 MiB in the memory outside, loaded once; for 50 MHz, " in told
    assert f"{size:,} bytes read an image, {rate:,.0f} of 200 MB/s" in told
    assert "the array waits for the memory" in told
    # The memory of the chip that rows pass through, not the program.
    bits = made.streamed.program.row_bits * made.streamed.limits["program"]
    assert f" {bits:,} " in told


def test_from_verilog_to_simulation_and_report(said, folder):
    status, told, _ = said("build", "net.tern", "-o", "out", "--rtl-only")
    made = Project.open(folder / "out")
    image = image_of(made.plan)
    assert status == 0
    assert f"program    out/program.bin, {len(image):,} bytes for the SDRAM, " in told
    assert (folder / "out" / "program.bin").read_bytes() == image
    status, told, _ = said("simulate", "net.tern", "-o", "out", "--images", "test.npz")
    assert status == 0
    assert "mismatches  0" in told
    assert f"interval    {made.plan.cycles.interval:,} cycles" in told
    assert "100.00% of the hardware's classes" in told
    status, told, _ = said("report", "out")
    assert status == 0
    assert "Waits for the SDRAM" in told
    report = json.loads((folder / "out" / "report.json").read_text())
    outside = report["memory_outside"]
    assert (report["clock_mhz"], outside["memory_bytes"]) == (50, 32 << 20)
    assert outside["bytes_per_inference"] == len(image) - 16
    assert outside["most_megabytes_per_second"] == 200
    assert [each["name"] for each in outside["layers"]] == [
        layer.name for layer in made.plan.streamed.layers
    ]
    assert report["estimated_inferences_per_second"] == pytest.approx(
        50e6 / made.plan.cycles.interval, rel=1e-5
    )
    page = (folder / "out" / "report.html").read_text()
    assert "<h2>Program from the SDRAM</h2>" in page
    assert "--load program.bin" in page
    assert '<a href="./program.bin">' in page
    manifest = json.loads((folder / "out" / "manifest.json").read_text())
    assert "program.bin" in manifest["sha256"]


def test_images_on_a_simulated_board(said, folder):
    status, told, error = said("run", "--simulate", "test.npz", "--network", "out")
    assert (status, error) == (0, "")
    assert "accuracy   100.00%" in told
    assert ", 0 faults: " in told


@pytest.mark.parametrize(
    ("board", "name"), [("icebreaker", "icebreaker"), ("", "a plan without a board")]
)
def test_boards_that_cannot_be_simulated(said, folder, board, name):
    plan = json.loads((folder / "out" / "plan.json").read_text())
    (folder / "alone").mkdir(exist_ok=True)
    save(NETWORK, folder / "alone" / "network.tern")
    (folder / "alone" / "plan.json").write_text(json.dumps(plan | {"board": board}))
    status, _, error = said("run", "--simulate", "test.npz", "--network", "alone")
    assert status == 2
    told = "has no SDRAM with the times that 'deep' is planned for; plan with --board and --sdram"
    assert error == f"{name} {told}"


def test_a_simulated_board_has_no_benchmark_beside_a_program(said):
    line = "run", "--simulate", "test.npz", "--network", "out", "--benchmark", "1"
    status, _, error = said(*line)
    assert status == 2
    assert error.startswith("weights of 'deep' come from the SDRAM in cycles that are known only")


def test_images_in_batches(said, folder, tmp_path):
    options = ["--board", "ulx3s_85f", "--sdram", "2", "--clock", "50", "--batch", "2"]
    status, told, _ = said("plan", "net.tern", *options, "-o", tmp_path / "out")
    one, made = (Project.open(place / "out").plan for place in (folder, tmp_path))
    assert (status, one.batch, made.batch) == (0, 1, 2)
    assert made.cycles.interval < one.cycles.interval
    # Of three images the last one fills a batch.
    save(NETWORK, tmp_path / "out" / "network.tern")
    labels = golden.run(NETWORK, THREE).reshape(3, -1).argmax(1)
    save_images(tmp_path / "three.npz", THREE, labels)
    status, ran, error = said(
        "run", "--simulate", tmp_path / "three.npz", "--network", tmp_path / "out"
    )
    assert (status, error) == (0, "")
    assert "accuracy   100.00%" in ran
    assert ", 0 faults: " in ran
    read = round((len(image_of(made)) - 16) / 2)
    assert f"{read:,} bytes read an image" in " ".join(told.split())


def test_other_networks_may_have_room(said, folder, tmp_path):
    save(deep(8, 1), tmp_path / "other.tern")
    status, _, error = said(
        "plan", "net.tern", "--board", "ulx3s_85f", "--sdram", "--sequential",
        "conv2..dense=4x2x2", "--loadable", tmp_path / "other.tern", "-o", tmp_path / "out",
    )  # fmt: skip
    assert (status, error) == (0, "")
    assert image_of(Project.open(tmp_path / "out").plan, deep(8, 1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--board icebreaker --sdram", "icebreaker has no SDRAM for a program; choose another "
         "board"),
        ("--target generic --sdram", "generic has no SDRAM for a program; choose another board"),
        ("--board ulx3s_85f --sdram 2 --clock 75", "AS4C16M16SA-7 takes a clock of 142.9 MHz at "
         "most, not 150 MHz"),
        ("--board ulx3s_85f --batch 2", "--batch is for a plan with --sdram; add it"),
        ("--board ulx3s_85f --sdram --batch 0", "a batch has 1 to 128 images, not 0"),
        ("--board ulx3s_85f --sdram --batch 129", "a batch has 1 to 128 images, not 129"),
        ("--board ulx3s_85f --clock 75", "--clock is that of a plan with --sdram; add it, or give "
         "it to build"),
    ],
)  # fmt: skip
def test_what_is_refused(said, options, message, tmp_path):
    assert said("plan", "net.tern", *options.split(), "-o", tmp_path) == (2, "", message)


def test_a_batch_has_its_maps_in_parts_where_block_ram_is_short(monkeypatch):
    network, board = deep(4, 3, size=9), boards.get("ulx3s_85f")
    device = Device("short", SPLIT, 200_000, 270)
    short = replace(board, device=device, pll_type=board.family.pll)
    monkeypatch.setattr(boards, "get", lambda _: short)
    one, two = (
        planning.plan_for_board(network, "ulx3s_85f", sdram=2, clock_mhz=50, batch=batch)
        for batch in (1, 2)
    )
    assert (one.streamed.memory, two.streamed.memory, two.batch) == ("auto", "split", 2)


def test_ratios_that_there_are_not(said):
    status, _, error = said("plan", "net.tern", "--board", "ulx3s_85f", "--sdram", "3")
    assert status == 2
    assert error.splitlines()[-1].endswith(
        "argument --sdram: expected 1 or 2, the clock of the SDRAM by that of the accelerator, or "
        "nothing behind it, not '3'"
    )


def test_another_clock_than_planned_is_refused(said):
    assert said("build", "net.tern", "-o", "out", "--clock", "25") == (
        2,
        "",
        "the plan of 'deep' is for 50 MHz, which times of its SDRAM depend on, not 25 MHz; leave "
        "the clock out, or plan again for it",
    )


def small(monkeypatch, **device):
    """The board with a smaller device, or a smaller SDRAM."""
    from dataclasses import replace

    board = boards.BOARDS["ulx3s_85f"]
    if "rows" in device:
        made = replace(board, sdram=replace(board.sdram, **device))
    else:
        made = replace(board, device=replace(board.device, **device))
    monkeypatch.setitem(boards.BOARDS, "ulx3s_85f", made)


@pytest.fixture
def too_large(monkeypatch, tmp_path):
    """Command line that plans a network whose weights a board does not hold."""
    small(monkeypatch, bram=12, lut=3000)
    save(deep(16, 2, classes=400), tmp_path / "wide.tern")
    return "plan", tmp_path / "wide.tern", "--board", "ulx3s_85f", "-o", tmp_path / "out"


SUGGESTED = "; with its weights in the SDRAM it fits: --sdram"


def test_it_is_suggested_only_where_it_fits(said, too_large, monkeypatch):
    monkeypatch.setattr(planning, "fit_outside", lambda *args, **options: None)
    status, _, error = said(*too_large)
    assert status == 2
    assert error.startswith("'deep' does not fit ulx3s_85f: ")
    assert error.endswith(SUGGESTED)

    def refuse(*args, **options):
        raise PlanError("nothing fits")

    monkeypatch.setattr(planning, "fit_outside", refuse)
    assert said(*too_large) == (2, "", error.removesuffix(SUGGESTED))


@pytest.mark.nightly
def test_what_is_suggested_fits(said, too_large):
    status, _, error = said(*too_large)
    assert status == 2
    assert error.endswith(SUGGESTED)
    assert said(*too_large, "--sdram")[0] == 0


def test_a_program_larger_than_the_sdram_is_refused(said, monkeypatch, tmp_path):
    small(monkeypatch, banks=2, rows=2, columns=512)
    monkeypatch.setattr(type(boards.BOARDS["ulx3s_85f"].sdram), "refresh_interval_ns", 7812.5)
    save(deep(32, 3), tmp_path / "wide.tern")
    status, _, error = said(
        "plan", tmp_path / "wide.tern", "--board", "ulx3s_85f", "--sdram", "-o", tmp_path / "out"
    )
    assert status == 2
    assert error.startswith("the program of 'conv2' has ")
    assert error.endswith(
        "bytes, and the memory that it comes from 4,096; choose a smaller network"
    )


@pytest.mark.nightly
def test_a_bitstream_is_built_at_the_clock_of_its_plan(said, folder, tmp_path):
    status, told, _ = said(
        "build", "net.tern", "--board", "ulx3s_85f", "--sdram", "2", "--clock", "45",
        "--sequential", "conv2..dense=4x2x2", "-o", tmp_path / "out",
    )  # fmt: skip
    assert status == 0
    assert "clock      45 MHz, holds up to" in told
    assert said("build", "net.tern", "-o", tmp_path / "out")[0] == 0
    record = json.loads((tmp_path / "out" / "gateware" / "build.json").read_text())
    assert record["clock_mhz"] == 45
