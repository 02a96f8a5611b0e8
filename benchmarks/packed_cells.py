"""Logic cells that plans are estimated at, beside those nextpnr packs, on networks of all kinds.

    python benchmarks/packed_cells.py [CASE ...] [--board NAME] [--fastest] [--place] [--json FILE]

No constant of the estimate comes from these networks. Each is planned as ``threefold plan`` does
by default, or with ``--fastest``; its accelerator is synthesised and packed alone. ``--place``
builds it for the board as well, with the board's own logic, seed 1 and the default clock, which
takes minutes each, and says whether nextpnr finds a place and a route for all. FILE is written
after each case, and keeps its other rows and figures.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from threefold import boards
from threefold.errors import BuildError
from threefold.hw.accelerator import Accelerator
from threefold.network import Add, Codes, MaxPool, Network, SumPool, Tensor
from threefold.plan import Plan
from threefold.planning import plan_for_board
from threefold.references import Builder
from threefold.tools.build import build_bitstream
from threefold.tools.packing import pack
from threefold.tools.synthesis import synthesise
from threefold.tools.toolchain import find

__all__ = ["BOARDS", "CASES", "errors", "keep", "measure", "place"]

BOARDS = ("icebreaker", "ulx3s_25f")
_SAME = (1, 1, 1, 1)


def _dense(widths: tuple[int, ...], bits: int, *, seed: int, i_bits: int = 0) -> Network:
    """Dense layers of so many inputs and outputs, and codes of ``bits`` bits between them."""
    inputs, *hidden, classes = widths
    source = Tensor((1, 1, inputs), Codes.unsigned(i_bits or bits))
    builder = Builder("dense", source, seed, images=64)
    for number, outputs in enumerate(hidden, start=1):
        builder.dense(f"fc{number}", outputs, Codes.unsigned(bits))
    return builder.classifier(classes)


def _convolutions(size: int, channels: int, filters: tuple[int, ...], bits: int, **options):
    """Convolutions of 3×3 with a pool after each, on square maps of 8-bit codes."""
    stride, i_bits = options.get("stride", 1), options.get("i_bits", 8)
    source = Tensor((size, size, channels), Codes.unsigned(i_bits))
    builder = Builder("convolutions", source, options["seed"])
    for number, count in enumerate(filters, start=1):
        frame = {"padding": _SAME, "stride": (stride, stride), "groups": options.get("groups", 1)}
        if number == 1:
            frame["groups"] = 1
        builder.layer(f"conv{number}", count, (3, 3), Codes.unsigned(bits), **frame)
        if stride == 1:
            builder.add(f"pool{number}", MaxPool((2, 2), (2, 2)))
    return builder.classifier(10)


def _lenet(size: int, bits: int, *, seed: int, hidden: int) -> Network:
    """Two convolutions of 5×5 with pools, a dense layer and 10 classes."""
    builder = Builder("lenet", Tensor((size, size, 1), Codes.unsigned(8)), seed)
    for number, filters in enumerate((6, 12), start=1):
        codes = Codes.unsigned(bits)
        builder.layer(f"conv{number}", filters, (5, 5), codes, padding=(2, 2, 2, 2))
        builder.add(f"pool{number}", MaxPool((2, 2), (2, 2)))
    builder.dense("dense", hidden, Codes.unsigned(bits))
    return builder.classifier(10)


def _separable(filters: int, bits: int, *, seed: int) -> Network:
    """A convolution, then two depthwise and pointwise pairs, of 20 × 10 signed 8-bit codes."""
    codes = Codes.unsigned(bits)
    builder = Builder("separable", Tensor((20, 10, 1), Codes.signed(8)), seed)
    builder.layer("conv", filters, (5, 4), codes, stride=(2, 2), padding=(2, 1, 2, 1))
    for number in (1, 2):
        builder.layer(f"depth{number}", filters, (3, 3), codes, padding=_SAME, groups=filters)
        builder.layer(f"point{number}", filters, (1, 1), codes)
    builder.add("pool", SumPool(builder.shape[:2], builder.shape[:2]))
    return builder.classifier(6)


def _residual(size: int, channels: int, filters: int, bits: int, *, seed: int) -> Network:
    """A convolution, a block of two with a sum around it, and a pool of the whole map."""
    codes = Codes.unsigned(bits)
    builder = Builder("residual", Tensor((size, size, channels), Codes.unsigned(8)), seed)
    start = builder.layer("stem", filters, (3, 3), codes, padding=_SAME)
    builder.layer("first", filters, (3, 3), codes, padding=_SAME)
    branch = builder.layer("second", filters, (3, 3), codes, padding=_SAME)
    builder.add("sum", Add(), branch, start)
    builder.threshold("codes", codes)
    builder.add("pool", SumPool(builder.shape[:2], builder.shape[:2]))
    return builder.classifier(4)


def _series(length: int, filters: int, bits: int, *, seed: int, i_bits: int) -> Network:
    """Convolutions along one axis, with pools."""
    codes = Codes.unsigned(bits)
    builder = Builder("series", Tensor((length, 1, 1), Codes.unsigned(i_bits)), seed)
    for number in (1, 2):
        builder.layer(f"conv{number}", filters, (7, 1), codes, padding=(3, 0, 3, 0))
        builder.add(f"pool{number}", MaxPool((4, 1), (4, 1)))
    return builder.classifier(5)


CASES: dict[str, Callable[[], Network]] = {
    "dense 60-60-24-12, 2 bits": lambda: _dense((60, 60, 24, 12), 2, seed=41),
    "dense 64-32-10, 2 bits": lambda: _dense((64, 32, 10), 2, seed=42),
    "dense 128-96-32-10, 1 bit": lambda: _dense((128, 96, 32, 10), 1, seed=43),
    "dense 16-16-16-4, 3 bits": lambda: _dense((16, 16, 16, 4), 3, seed=44),
    "dense 100-40-20-5, 4 bits, input 8": lambda: _dense((100, 40, 20, 5), 4, seed=45, i_bits=8),
    "dense 256-128-64-10, 2 bits": lambda: _dense((256, 128, 64, 10), 2, seed=46),
    "LeNet 16 × 16, 2 bits": lambda: _lenet(16, 2, seed=47, hidden=40),
    "LeNet 28 × 28, 4 bits": lambda: _lenet(28, 4, seed=48, hidden=24),
    "DS-CNN, 16 filters, 4 bits": lambda: _separable(16, 4, seed=49),
    "DS-CNN, 24 filters, 2 bits": lambda: _separable(24, 2, seed=50),
    "residual 8 × 8, 8 filters, 2 bits": lambda: _residual(8, 3, 8, 2, seed=51),
    "residual 16 × 16, 12 filters, 4 bits": lambda: _residual(16, 1, 12, 4, seed=52),
    "series of 128, 8 filters, 2 bits": lambda: _series(128, 8, 2, seed=53, i_bits=8),
    "series of 256, 16 filters, 4 bits": lambda: _series(256, 16, 4, seed=54, i_bits=4),
    "convolutions 12 × 12, 1 bit": lambda: _convolutions(12, 3, (12, 24), 1, seed=55),
    "convolutions in groups, stride 2, 3 bits": lambda: _convolutions(
        16, 2, (8, 16), 3, seed=56, groups=4, stride=2, i_bits=4
    ),
}


def measure(case: str, board: str, *, fastest: bool = False) -> dict:
    """Estimated and packed cells of a plan for a board, as figures of a row."""
    target = boards.get(board)
    plan = plan_for_board(CASES[case](), board, fastest=fastest)
    expected = plan.resources(target.family)
    with tempfile.TemporaryDirectory() as folder:
        cells = synthesise(Accelerator(plan), target.family, folder)
        packed = pack(target.family, folder)
    return {
        "foldings": _foldings(plan),
        "interval": plan.cycles.interval,
        "cells_estimated": round(expected.cells),
        "cells": packed["lut"],
        "ff": cells.ff,
        "ff_estimated": round(expected.flip_flops),
        "bram_estimated": expected.bram,
        "bram": packed["bram"],
    }


def place(case: str, board: str, *, fastest: bool = False) -> dict:
    """What a build of a plan comes to, as figures of a row."""
    target = boards.get(board)
    plan = plan_for_board(CASES[case](), board, fastest=fastest)
    figures = {"placed_foldings": _foldings(plan), "placed": True}
    with tempfile.TemporaryDirectory() as folder:
        try:
            built = build_bitstream(Accelerator(plan), target, folder, timing_allow_fail=True)
        except BuildError as error:
            return figures | {"placed": False, "error": str(error).partition("; see ")[0]}
    used = {f"{name}_on_board": built.utilization[name]["used"] for name in ("lut", "ff", "bram")}
    return figures | used | {"fmax_mhz": round(built.fmax_mhz, 1)}


def _foldings(plan: Plan) -> str:
    return " ".join(str(each).replace("×", "x") for each in plan.foldings().values())


def errors(rows: list[dict]) -> dict:
    """For each board how far the estimates of logic cells of default plans are off, as shares."""
    result = {}
    for board in BOARDS:
        mine = [row for row in rows if row["board"] == board and not row["fastest"]]
        mine = [row for row in mine if "cells" in row]
        shares = np.array([row["cells_estimated"] / row["cells"] - 1 for row in mine])
        if len(shares):
            result[board] = {
                "mean": round(float(np.abs(shares).mean()), 3),
                "bias": round(float(shares.mean()), 3),
                "lowest": round(float(shares.min()), 3),
                "highest": round(float(shares.max()), 3),
            }
    return result


def keep(path: Path, case: str, board: str, figures: dict, *, fastest: bool = False) -> None:
    """Add figures to the row of a case in a file that may hold others."""
    rows = json.loads(path.read_text())["rows"] if path.exists() else []
    known = {(row["network"], row["board"], row["fastest"]): row for row in rows}
    row = {"network": case, "board": board, "fastest": fastest}
    row = known.setdefault((case, board, fastest), row)
    if figures.get("placed"):
        row.pop("error", None)
    row |= figures
    order = [(name, each, fast) for each in BOARDS for fast in (False, True) for name in CASES]
    rows = [known[key] for key in order if key in known]
    tools = {name: find(name).version for name in _TOOLS}
    document = {"errors": errors(rows), "rows": rows, "tools": tools}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


_TOOLS = ("yosys", "nextpnr-ice40", "nextpnr-ecp5")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help="all if none is named")
    parser.add_argument("--board", choices=BOARDS, help="both if left out")
    parser.add_argument("--fastest", action="store_true", help="the fastest plans that fit")
    parser.add_argument("--place", action="store_true", help="build for the board as well")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    args = parser.parse_args()
    if unknown := set(args.cases) - set(CASES):
        parser.error(f"no case is named {', '.join(sorted(unknown))}; cases are {', '.join(CASES)}")
    which = [args.board] if args.board else BOARDS
    jobs = [(case, board) for board in which for case in args.cases or CASES]
    table = Table("network", "board", "figures", title="Estimated and packed logic cells")
    for job in track(jobs, console=Console(stderr=True)):
        figures = measure(*job, fastest=args.fastest)
        if args.place:
            figures |= place(*job, fastest=args.fastest)
        table.add_row(*job, ", ".join(f"{name} {value}" for name, value in figures.items()))
        if args.json:
            keep(args.json, *job, figures, fastest=args.fastest)
    Console().print(table)


if __name__ == "__main__":
    main()
