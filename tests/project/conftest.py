from itertools import count

import pytest

from threefold.plan import Cycles
from threefold.project import Project
from threefold.sim import golden
from threefold.sim.simulate import SimulationResult
from threefold.tools.build import BuildResult

from .sample import FOLDINGS, NETWORK


@pytest.fixture
def project(tmp_path):
    return Project.create(NETWORK, tmp_path / "out", foldings=FOLDINGS)


@pytest.fixture
def simulated(monkeypatch):
    """What the simulator finds, without one."""

    def install(*, error=None, interval=6.0):
        def simulate(plan, rtl, images, folder, **options):
            assert rtl.is_file()
            if error:
                raise error
            classes = golden.classes(plan.network, images)
            stalls = options["stalls"]
            cycles = None if stalls else Cycles(30, interval)
            return SimulationResult(
                "verilator", len(images), 55, cycles, 1e4, stalls, classes[:, None], classes, None
            )

        monkeypatch.setattr("threefold.project.simulate", simulate)

    return install


@pytest.fixture
def built(monkeypatch):
    """A build that takes no time."""

    seconds = count(1)

    def build(accelerator, board, folder, *, name, seed, seeds, **options):
        gateware = folder / "gateware"
        gateware.mkdir(exist_ok=True)
        (gateware / f"{name}.bin").write_bytes(b"bits")
        cells = {name: {"used": 1, "available": 2} for name in ("lut", "ff")}
        return BuildResult(
            gateware / f"{name}.bin",
            board.name,
            30.0,
            40.0,
            cells,
            {"yosys": float(next(seconds))},
            {"yosys": "0"},
            "ab",
            seed,
            {seed: 40.0},
            [{"path": "link", "lut": 1}],
            {"logic_ns": 1.0, "routing_ns": 2.5, "cells": ["a"]},
        )

    monkeypatch.setattr("threefold.project.build_bitstream", build)
