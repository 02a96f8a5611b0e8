"""One ternary matrix by kinds of units that take several cycles a vector: LUTs and cycles.

    python benchmarks/matrix_units.py [--json FILE]

The matrix is that of the task ``sums`` of ``unrolled.py``, 64 × 32 with codes of 8 bits:
output-stationary with its weights in block RAM, serial with digits of one, two and four bits, and
engines of PE × SIMD. LUTs are those of the whole accelerator, 2 for each CCU2C. It takes some
twenty minutes.
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
from threefold.network import Network
from threefold.plan import Folding, Plan, fold, lower
from threefold.plan.search.fold import plan_of
from threefold.plan.units.serial import SerialUnit
from threefold.tools.synthesis import synthesise
from threefold.tools.toolchain import find

__all__ = ["FAMILIES", "measure", "plans"]

FAMILIES = (ICE40.name, ECP5.name)
DIGITS = (1, 2, 4)
FOLDINGS = (
    Folding(32, 32),
    Folding(32, 16),
    Folding(16, 16),
    Folding(8, 16),
    Folding(8, 8),
    Folding(8, 4),
    Folding(32, 1),
    Folding(4, 4),
    Folding(2, 4),
    Folding(1, 4),
)


def plans() -> Iterator[tuple[str, Plan]]:
    """Names of units, and a plan of each."""
    network = network_of(TASKS["sums"])
    blocks = {"fc1": "block"}
    yield "stationary", fold(network, {"fc1": "stationary"}, memories=blocks)
    for digit in DIGITS:
        bits = f"{digit} bit{'s' if digit > 1 else ''}"
        yield f"serial, digits of {bits}", plan_of(network, _serial(network, digit))
    for folding in FOLDINGS:
        yield f"engine, {folding.pe} × {folding.simd}", fold(network, {"fc1": folding})


def _serial(network: Network, digit: int) -> tuple[SerialUnit, ...]:
    return tuple(SerialUnit((layer,), digit=digit) for layer in lower(network))


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
