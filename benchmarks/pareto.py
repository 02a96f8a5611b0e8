"""A network of four small layers, as planned for rates from a vector a cycle down: LUTs and cycles.

    python benchmarks/pareto.py [--json FILE] [--plot FILE] [--recorded FILE]

The network is that of the task ``chain`` of ``unrolled.py``, for an ECP5-45F. The planner is given
the most cycles that a vector may take, and chooses among engines alone, or among all kinds of
units. LUTs are those that Yosys gives the whole accelerator, 2 for each CCU2C. The plot shows the
points that ``matrix_units.py`` and ``unrolled.py`` recorded beside these. It takes half an hour.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table
from units_plot import plot
from unrolled import TASKS, network_of

from threefold.fpga import ECP5
from threefold.hw.accelerator import Accelerator
from threefold.plan import Plan
from threefold.planning import plan_for_board
from threefold.tools.synthesis import synthesise
from threefold.tools.toolchain import find

__all__ = ["BOARD", "INTERVALS", "KINDS", "Point", "measure", "points"]

HERE = Path(__file__).parent
BOARD = "ulx3s_45f"
INTERVALS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
KINDS = {"engines": (), "all": ("unrolled", "serial", "stationary")}


class Point(NamedTuple):
    """What the planner was given, and what it made of it.

    Attributes
    ----------
    kinds : str
        Of :data:`KINDS`.
    wanted : int
        Cycles between vectors, at most.
    plan : Plan
    """

    kinds: str
    wanted: int
    plan: Plan


def points() -> Iterator[Point]:
    """Plans of the network, in order of cycles; of the same units only the first."""
    network = network_of(TASKS["chain"])
    for name, kinds in KINDS.items():
        known = set()
        for wanted in INTERVALS:
            plan = plan_for_board(network, BOARD, interval=wanted, kinds=kinds)
            made = described(plan)
            if made not in known:
                known.add(made)
                yield Point(name, wanted, plan)


def described(plan: Plan) -> str:
    """Units of the layers with weights, such as ``"unrolled, 32×4, 8×2"``."""
    return ", ".join(
        f"{unit.folding.pe}×{unit.folding.simd}" if unit.kind == "engine" else unit.kind
        for unit in plan.units
        if hasattr(unit, "folding") or unit.kind in KINDS["all"]
    )


def measure(point: Point) -> dict:
    """Cycles and synthesis of a plan."""
    with tempfile.TemporaryDirectory() as folder:
        cells = synthesise(Accelerator(point.plan), ECP5, folder)
    return {
        "kinds": point.kinds,
        "wanted": point.wanted,
        "units": described(point.plan),
        "interval": point.plan.cycles.interval,
        "latency": point.plan.cycles.latency,
        "lut": cells.lut,
        "ff": cells.ff,
        "bram": cells.bram,
    }


def recorded(name: str) -> dict:
    """What another script recorded."""
    return json.loads((HERE / f"{name}.json").read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as data")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them (SVG or PNG)")
    parser.add_argument("--recorded", type=Path, metavar="FILE", help="measure nothing, read these")
    args = parser.parse_args()
    if args.recorded:
        record = json.loads(args.recorded.read_text())
    else:
        rows = [measure(point) for point in track(list(points()), console=Console(stderr=True))]
        record = {"rows": rows, "yosys": find("yosys").version}
    table = Table("kinds", "cycles", "units", "LUTs", "FF", "block RAMs")
    for row in record["rows"]:
        figures = (f"{row[key]:,}" for key in ("lut", "ff", "bram"))
        table.add_row(row["kinds"], f"{row['interval']:,}", row["units"], *figures)
    Console().print(table)
    if args.json:
        args.json.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    if args.plot:
        unrolled = recorded("unrolled")["rows"]["sums"]["threefold"][ECP5.name]
        plot(recorded("matrix_units"), unrolled, record, args.plot)


if __name__ == "__main__":
    main()
