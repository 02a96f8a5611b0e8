"""One ternary matrix by kinds of units that take several cycles a vector: LUTs and cycles.

    python benchmarks/matrix_units.py [--json FILE]

The matrix is that of the task ``sums`` of ``unrolled.py``, 64 × 32 with codes of 8 bits:
output-stationary with its weights in block RAM, serial with digits of two bits, and engines of
PE × SIMD. LUTs are those of the whole accelerator, 2 for each CCU2C.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table
from unrolled import TASKS, network_of

from threefold import fpga
from threefold.fpga import ECP5, ICE40
from threefold.hw.accelerator import Accelerator
from threefold.plan import Folding, Plan, fold
from threefold.tools.synthesis import synthesise
from threefold.tools.toolchain import find

__all__ = ["FAMILIES", "measure", "plans"]

FAMILIES = (ICE40.name, ECP5.name)
FOLDINGS = (Folding(8, 4), Folding(32, 1))


def plans() -> Iterator[tuple[str, Plan]]:
    """Names of units, and a plan of each."""
    network = network_of(TASKS["sums"])
    blocks = {"fc1": "block"}
    yield "stationary", fold(network, {"fc1": "stationary"}, memories=blocks)
    yield "serial, digits of 2 bits", fold(network, {"fc1": "serial"})
    for folding in FOLDINGS:
        yield f"engine, {folding.pe} × {folding.simd}", fold(network, {"fc1": folding})


def measure(family: str, plan: Plan) -> dict:
    """Cycles and synthesis of a plan."""
    with tempfile.TemporaryDirectory() as folder:
        cells = synthesise(Accelerator(plan), fpga.get(family), folder)
    cycles = {"interval": plan.cycles.interval, "latency": plan.cycles.latency}
    return cycles | {"lut": cells.lut, "ff": cells.ff, "bram": cells.bram}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as data")
    args = parser.parse_args()
    points = [(name, family, plan) for name, plan in plans() for family in FAMILIES]
    rows = [
        {"unit": name, "family": family} | measure(family, plan)
        for name, family, plan in track(points, console=Console(stderr=True))
    ]
    table = Table("unit", "family", "cycles", "LUTs", "FF", "block RAMs")
    for row in rows:
        figures = (f"{row[key]:,}" for key in ("interval", "lut", "ff", "bram"))
        table.add_row(row["unit"], row["family"], *figures)
    Console().print(table)
    if args.json:
        content = {"rows": rows, "yosys": find("yosys").version}
        args.json.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
