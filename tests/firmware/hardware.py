"""Hardware in Verilator, linked with the driver in C and a program that runs images through it."""

import subprocess
from pathlib import Path

from threefold.firmware import header
from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.wishbone_core import WishboneCore
from threefold.hw.verilog import to_verilog
from threefold.registers.identity import identity
from threefold.sim.board import compile_board
from threefold.tools.toolchain import run

from .test_driver import FIRMWARE, PROGRAMS, SANITIZED, SOURCES, STRICT

__all__ = ["CLOCK_MHZ", "MAKEFLAGS", "board_of", "bus_of", "linked"]

CLOCK_MHZ = 12
MAKEFLAGS = "CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O2"


def board_of(plan, folder):
    """Library with the board of a plan, behind its serial line."""
    return compile_board(plan, folder, clock_mhz=CLOCK_MHZ)


def bus_of(plan, folder):
    """Library with the core of a plan, behind Wishbone."""
    core = WishboneCore(Accelerator(plan), identity(plan))
    (folder / "core.v").write_text(to_verilog(core, "core"))
    options = ["--cc", "--exe", "--build", "-Wno-fatal", "-Wno-lint", "-Wno-style", "-O3"]
    options += ["-CFLAGS", "-fPIC", "-LDFLAGS", "-shared", "--MAKEFLAGS", MAKEFLAGS]
    options += ["--Mdir", "objects", "-o", "core.so", "core.v", str(PROGRAMS / "core.cpp")]
    run("verilator", options, cwd=folder, calls=("perl", "g++", "make"))
    return folder / "objects" / "core.so"


def linked(part: str, plan, library: Path, folder: Path) -> Path:
    """The program ``simulated.c`` with the driver and the hardware in a library.

    ``part`` is ``"simulated_serial"`` or ``"simulated_bus"``.
    """
    text, name = header(plan), plan.network.name
    (folder / f"{name}.h").write_text(text)
    sources = [PROGRAMS / "simulated.c", PROGRAMS / f"{part}.c", *SOURCES]
    flags = [*STRICT, *SANITIZED, "-include", folder / f"{name}.h"]
    flags += [f"-DNETWORK={name.upper()}_NETWORK", f"-I{FIRMWARE}", f"-I{PROGRAMS}"]
    program: Path = folder / part
    command = ["gcc", *flags, *sources, library, "-o", program]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program
