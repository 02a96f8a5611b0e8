"""``threefold run --load`` and ``threefold program`` of loadable builds."""

import json

import numpy as np
import pytest

from threefold.cli import main
from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.link import SerialLink
from threefold.network import save
from threefold.plan import image_of
from threefold.project import Project
from threefold.sim import golden
from threefold.sim.board import CYCLES_A_BIT, SimulatedBoard, compile_link
from threefold.sim.port import SimulatedPort

from ..accelerators import random_images
from ..loadable_networks import loadable_plan, network

CLOCK_MHZ = 30.0
BUILT, OTHER, TOO_MUCH = network(1), network(2), network(3, depth=5)
PLAN = loadable_plan(BUILT, OTHER)
IMAGES = random_images(np.random.default_rng(0), BUILT, 6)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    rate = round(CLOCK_MHZ * 1e6 / CYCLES_A_BIT)
    link = SerialLink.at(Accelerator(PLAN), clock_mhz=CLOCK_MHZ, baud=rate)
    return compile_link(link, tmp_path_factory.mktemp("board"))


@pytest.fixture
def port(library):
    with SimulatedBoard(library, clock_mhz=CLOCK_MHZ) as board, SimulatedPort(board) as port:
        yield port.name


@pytest.fixture
def folder(tmp_path):
    """The folder of a build, another network, and images."""
    Project(tmp_path / "out", PLAN).generate()
    save(OTHER, tmp_path / "other.tern")
    save(TOO_MUCH, tmp_path / "deep.tern")
    np.save(tmp_path / "codes.npy", IMAGES)
    return tmp_path


@pytest.fixture
def said(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)

    def run(*line):
        status = main([*map(str, line)])
        found = capsys.readouterr()
        return status, found.out, found.err.removeprefix("threefold: error: ").strip()

    return run


def classes(told):
    return [line.split()[1:] for line in told.splitlines() if line[0].isdigit()]


def expected(network):
    outputs = golden.run(network, IMAGES).reshape(len(IMAGES), -1)
    return [[str(value) for value in row] for row in outputs.tolist()]


def test_generate_writes_what_is_loaded(folder):
    assert (folder / "out" / "program.bin").read_bytes() == image_of(PLAN)
    project = Project.open(folder / "out")
    assert project.stale == []
    (folder / "out" / "program.bin").write_bytes(image_of(PLAN, OTHER))
    assert project.stale == [folder / "out" / "program.bin"]


def test_networks_are_loaded_and_run(said, port):
    run = ["run", port, "codes.npy", "--network", "out", "--baud", "3000000"]
    status, _, error = said(*run, "-q")
    assert (status, error) == (
        1,
        "the board has no network yet; load one with --load out/program.bin",
    )
    status, told, error = said(*run, "--load", "out/program.bin")
    assert (status, classes(told)) == (0, expected(BUILT))
    crc = image_of(PLAN)[-4:][::-1].hex()
    assert f"loaded {len(image_of(PLAN)):,} bytes, {crc}" in error
    status, told, _ = said(*run, "-q")
    assert (status, classes(told)) == (0, expected(BUILT))
    status, told, _ = said(*run, "--load", "other.tern", "-q")
    assert (status, classes(told)) == (0, expected(OTHER))
    status, _, error = said(*run, "-q")
    other = image_of(PLAN, OTHER)[-4:][::-1].hex()
    assert (status, error) == (
        1,
        f"the board was loaded with another network, {other} instead of {crc}; load this one with "
        f"--load out/program.bin",
    )
    status, told, _ = said(*run, "--load", "out", "-q")
    assert (status, classes(told)) == (0, expected(BUILT))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("codes.npy", "codes.npy: 992 bytes are no program image, or a damaged one: their CRC is "
         "wrong; make it again, by threefold build"),
        ("none.bin", "cannot read none.bin: No such file or directory"),
        (".", ". holds no program.bin; plan there with --loadable, then run threefold build"),
    ],
)  # fmt: skip
def test_what_cannot_be_loaded(said, path, message):
    run = ["run", "PORT", "codes.npy", "--network", "out"]
    assert said(*run, "--load", path, "-q") == (2, "", message)


def test_a_network_that_does_not_fit_and_one_without_a_plan(said):
    status, _, error = said("run", "PORT", "codes.npy", "--network", "out", "--load", "deep.tern")
    assert (status, error.startswith("'net3' cannot be loaded: ")) == (2, True)
    assert error.count("\n") == 0
    assert said("run", "PORT", "codes.npy", "--load", "other.tern", "-q") == (
        2,
        "",
        "other.tern is loaded by the plan of the bitstream; give the folder of its build with "
        "--network",
    )


@pytest.fixture
def loader(folder, monkeypatch):
    """What stands for openFPGALoader; it tells what it was given."""
    gateware = folder / "out" / "gateware"
    gateware.mkdir()
    (gateware / "net1.bin").write_bytes(b"bits")
    path = folder / "loader"
    path.write_text(
        f'#!/bin/sh\ntest "$1" = -V && exit\necho "$@" >> {folder}/calls\n'
        f'for last; do true; done; cp "$last" {folder}/written\n'
    )
    path.chmod(0o755)
    monkeypatch.setenv("OPENFPGALOADER", str(path))

    def build_for(board):
        record = {"bitstream": "gateware/net1.bin", "board": board}
        (gateware / "build.json").write_text(json.dumps(record))
        return lambda: (folder / "calls").read_text().splitlines()

    return build_for


def test_both_are_written(said, loader):
    calls = loader("icebreaker")
    status, told, notes = said("program", "out")
    assert (status, told.splitlines()) == (
        0,
        [
            "written    out/program.bin, at 0x100000 of the flash",
            "written    out/gateware/net1.bin",
        ],
    )
    assert notes.splitlines() == [
        "writing out/program.bin to the 1BitSquared iCEBreaker, at 0x100000 of the flash",
        "writing out/gateware/net1.bin to the 1BitSquared iCEBreaker",
    ]
    assert calls() == [
        "-b ice40_generic -f -o 0x100000 program.bin",
        "-b ice40_generic net1.bin",
    ]


def test_another_network_for_the_flash(said, loader, folder):
    calls = loader("ulx3s_12f")
    status, told, _ = said("program", "out", "--load", "other.tern")
    assert (status, told) == (0, "written    other.tern, at 0x400000 of the flash\n")
    assert calls() == ["-b ulx3s -f -o 0x400000 program.bin"]
    assert (folder / "written").read_bytes() == image_of(PLAN, OTHER)


@pytest.mark.parametrize(
    ("board", "message"),
    [
        (
            "upduino_3",
            "the tinyVision UPduino 3 reads no program image from a flash; load it over "
            "the line, threefold run --load",
        ),
        (
            "icesugar",
            "openFPGALoader knows no MuseLab iCESugar; write the program image with its own "
            "programmer at 0x100000 of the flash",
        ),
    ],
)
def test_boards_whose_flash_cannot_be_written(said, loader, board, message):
    loader(board)
    status, _, error = said("program", "out", "--load", "other.tern", "-q")
    assert (status, error) == (2, message)


def test_a_board_without_flash_gets_its_bitstream_alone(said, loader):
    calls = loader("upduino_3")
    status, told, notes = said("program", "out")
    assert (status, told) == (0, "written    out/gateware/net1.bin\n")
    assert "the tinyVision UPduino 3 is loaded over the line: threefold run --load" in notes
    assert calls() == ["-b ice40_generic net1.bin"]


def test_a_build_that_is_not_loadable(said, loader, folder):
    loader("icebreaker")
    (folder / "out" / "program.bin").unlink()
    assert said("program", "out", "--load", "other.tern", "-q") == (
        2,
        "",
        "out holds no program.bin, so that nothing can be loaded into what was built there; plan "
        "with --loadable",
    )
