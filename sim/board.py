"""Simulated board: an accelerator behind its serial link, compiled by Verilator."""

import ctypes
import hashlib
from functools import partial
from pathlib import Path

from amaranth.lib.wiring import Component

from threefold.boards.sdram import SDRAM
from threefold.files import make_folder, write_file
from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.link import SerialLink
from threefold.hw.sdram.accelerator import SDRAMAccelerator
from threefold.hw.sdram.benchmark import Benchmark
from threefold.hw.verilog import to_verilog
from threefold.lock import locked
from threefold.plan import Plan
from threefold.tools.toolchain import run

from .flash import SPIFlash
from .sdram import Pins, SDRAMChip

__all__ = ["CYCLES_A_BIT", "SimulatedBoard", "compile_board", "compile_link"]

CYCLES_A_BIT = 8
"""Clock cycles of a bit on the simulated line."""

_BIT = 256  # times of the model are in this part of a cycle
_Pins = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_uint64)
_SDRAMPins = ctypes.CFUNCTYPE(ctypes.c_int, *4 * [ctypes.c_int], ctypes.c_uint64)
_SOURCE = Path(__file__).with_name("board.cpp")
_OPTIONS = ("--cc", "--exe", "--build", "-O3", "-Wno-fatal", "-Wno-lint", "-Wno-style")
# The packaged Verilator lacks the flag that includes its precompiled header.
_MAKEFLAGS = "CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O2"


def compile_board(
    plan: Plan, folder: Path | str, *, clock_mhz: float, sdram: SDRAM | None = None
) -> Path:
    """Compile the model of a board for :class:`SimulatedBoard`, unless it is there.

    Parameters
    ----------
    plan : Plan
    folder : path
        For sources, objects, the log and the library.
    clock_mhz : float
        Frequency that the board says it has, in MHz.
    sdram : SDRAM, optional
        What holds the program of a plan with a streamed unit; of another plan, images of a
        benchmark, if there shall be one.

    Returns
    -------
    Path
        The library.

    Raises
    ------
    ToolError
        If Yosys, Verilator, g++ or Make is missing.
    BuildError
        If one of them fails, or the folder cannot be written.
    PlanError
        If the line brings images faster than the accelerator takes them, or as
        :class:`~threefold.hw.sdram.accelerator.SDRAMAccelerator` or
        :class:`~threefold.hw.sdram.benchmark.Benchmark`.
    """
    if sdram is None:
        accelerator: Component = Accelerator(plan)
    else:
        kind = SDRAMAccelerator if plan.streamed else Benchmark
        accelerator = kind(plan, sdram, clock_mhz=clock_mhz)
    link = SerialLink.at(
        accelerator, clock_mhz=clock_mhz, baud=round(clock_mhz * 1e6 / CYCLES_A_BIT)
    )
    return compile_link(link, folder)


def compile_link(link: SerialLink, folder: Path | str) -> Path:
    """Compile the model of a board behind a link, as :func:`compile_board` does.

    Parameters
    ----------
    link : SerialLink
        With :data:`CYCLES_A_BIT`.
    folder : path
        For sources, objects, the log and the library.

    Raises
    ------
    ToolError
        If Yosys, Verilator, g++ or Make is missing.
    BuildError
        If one of them fails, or the folder cannot be written.
    """
    folder = make_folder(folder)
    with locked(folder):
        verilog = to_verilog(link, "board")
        content = hashlib.sha256((verilog + _SOURCE.read_text()).encode()).hexdigest()
        library, made = folder / f"board-{content[:16]}.so", folder / "objects"
        if library.exists():
            return library
        write_file(folder / "board.v", verilog)
        write_file(folder / "board.cpp", _SOURCE.read_text())
        flags = ["-CFLAGS", "-DBOARD_FLASH"] if link.flash else []
        if "memory" in link.signature.members:
            ratio = getattr(link.accelerator, "ratio", 1)
            flags += ["-CFLAGS", f"-DBOARD_SDRAM -DBOARD_RATIO={ratio}"]
        flags += ["-CFLAGS", "-fPIC", "-LDFLAGS", "-shared", "--MAKEFLAGS", _MAKEFLAGS]
        sources = ["--prefix", "Vboard", "--Mdir", "objects", "-o", "board.so"]
        arguments = [*_OPTIONS, *flags, *sources, "board.v", "board.cpp"]
        log = folder / "compilation.log"
        run("verilator", arguments, cwd=folder, log=log, calls=("perl", "g++", "make"))
        (made / "board.so").rename(library)
        return library


class SimulatedBoard:
    """Board in simulation, whose time goes on only while it is run.

    Parameters
    ----------
    library : Path
        What :func:`compile_board` made.
    clock_mhz : float
        Frequency of its clock, in MHz, by which cycles are seconds.
    flash : SPIFlash, optional
        Its flash, for a link that reads one.
    sdram : SDRAMChip, optional
        Its SDRAM, of the same clock, or of twice that if the board was compiled so.
    """

    def __init__(
        self,
        library: Path,
        *,
        clock_mhz: float,
        flash: SPIFlash | None = None,
        sdram: SDRAMChip | None = None,
    ):
        self._clock_mhz = clock_mhz
        self._model = _load(library)
        self._board = self._model.board_new()
        if flash:
            self._pins = _Pins(partial(_set_pins, flash, 1000 / clock_mhz))
            self._model.board_set_flash(self._board, self._pins)
        if sdram:
            self._sdram_pins = _SDRAMPins(_Clocked(sdram))
            self._model.board_set_sdram(self._board, self._sdram_pins)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        """Free the model."""
        if self._board:
            self._model.board_free(self._board)
        self._board = None

    @property
    def clock_mhz(self) -> float:
        """Frequency of its clock, in MHz."""
        return self._clock_mhz

    @property
    def cycles(self) -> int:
        """Clock cycles since the start."""
        return self._model.board_cycles(self._board)

    @property
    def sent(self) -> bool:
        """Whether all that was queued has been sent."""
        return bool(self._model.board_sent(self._board))

    @property
    def busy(self) -> bool:
        """Whether the board says that it works."""
        return bool(self._model.board_outputs(self._board) & 1)

    def send(self, line: bytes, *, stop: bool = True) -> None:
        """Queue bytes for the board, without stop bits if ``stop`` is false."""
        self._model.board_send(self._board, line, len(line), int(stop))

    def receive(self) -> bytes:
        """Take what the board has sent."""
        found, room = bytearray(), ctypes.create_string_buffer(4096)
        while count := self._model.board_receive(self._board, room, len(room)):
            found += room.raw[:count]
        return bytes(found)

    def run(self, cycles: int, *, until_received: bool = False) -> None:
        """Let time go on for so many cycles, or until a byte is there."""
        self._model.board_run(self._board, cycles, int(until_received))

    def disturb(self, cycles: int) -> None:
        """Invert the line to the board for the next cycles."""
        self._model.board_disturb(self._board, cycles)

    def set_bit(self, cycles: float) -> None:
        """Change the host's time of a bit, in cycles of the board's clock."""
        self._model.board_set_bit(self._board, round(cycles * _BIT))

    def reset(self) -> None:
        """Reset the board, as configuration does."""
        self._model.board_reset(self._board)

    def unplug(self) -> None:
        """Forget what is on its way in either direction."""
        self._model.board_unplug(self._board)


def _set_pins(flash: SPIFlash, period: float, cs: int, clk: int, copi: int, cycle: int) -> int:
    return flash.pins(cs=cs, clk=clk, copi=copi, ns=cycle * period)


class _Clocked:
    """A chip whose clock edges are told only while something happens at its pins."""

    def __init__(self, chip: SDRAMChip):
        self._chip, self._edges = chip, 0

    def __call__(self, command: int, bank: int, address: int, data: int, edge: int) -> int:
        self._chip.rest(edge - self._edges)
        self._edges = edge + 1
        ras, cas, we, dqm, drives = (command >> place & 1 for place in (4, 3, 2, 1, 0))
        word = self._chip.edge(Pins(ras, cas, we, dqm, bank, address, data, drives))
        return -1 if word is None else word


def _load(library: Path) -> ctypes.CDLL:
    model = ctypes.CDLL(str(library))
    board, count = ctypes.c_void_p, ctypes.c_uint64
    for name, result, *arguments in (
        ("board_new", board),
        ("board_free", None, board),
        ("board_send", None, board, ctypes.c_char_p, count, ctypes.c_int),
        ("board_receive", count, board, ctypes.c_char_p, count),
        ("board_run", None, board, count, ctypes.c_int),
        ("board_disturb", None, board, count),
        ("board_set_bit", None, board, count),
        ("board_set_flash", None, board, _Pins),
        ("board_set_sdram", None, board, _SDRAMPins),
        ("board_reset", None, board),
        ("board_unplug", None, board),
        ("board_cycles", count, board),
        ("board_sent", ctypes.c_int, board),
        ("board_outputs", ctypes.c_int, board),
    ):
        if not hasattr(model, name):
            continue  # of a memory that there is not
        function = getattr(model, name)
        function.restype, function.argtypes = result, arguments
    return model
