"""Cycles and area of first layers, folded along channels, columns of the kernel, and pixels.

    python benchmarks/first_layers.py [--json FILE]

Each is a network of its own: a convolution of random weights and its thresholds.
"""

import argparse
import json
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from threefold import fpga, references
from threefold.fpga import ECP5, ICE40
from threefold.hw.accelerator import Accelerator
from threefold.network import Network
from threefold.plan import Folding, Plan, fold
from threefold.tools.packing import pack
from threefold.tools.synthesis import synthesise
from threefold.tools.toolchain import find

__all__ = ["FAMILIES", "POINTS", "estimate", "make_plan", "measure"]

FAMILIES = (ICE40.name, ECP5.name)
NETWORKS = {"lenet": references.lenet, "resnet20": references.resnet20}
POINTS = {
    "lenet": ((6, 1), (6, 1, 5), (6, 5), (3, 25), (6, 25)),
    "resnet20": ((16, 3), (16, 3, 3), (16, 9), (8, 27), (16, 27)),
}


def make_plan(network: str, folding: tuple[int, ...]) -> Plan:
    """The first layer of a network, folded."""
    whole = NETWORKS[network](density=0.5)
    first = Network(network, whole.input, whole.nodes[:2])
    return fold(first, {first.nodes[0].name: Folding(*folding)})


def estimate(family: str, plan: Plan) -> dict:
    """What planning expects."""
    resources = plan.resources(fpga.get(family))
    return {
        "interval": plan.cycles.interval,
        "cells_estimated": round(resources.cells),
        "bram_estimated": resources.bram,
    }


def measure(family: str, network: str, folding: tuple[int, ...]) -> dict:
    """Cycles, estimate and synthesis of one layer, as a row of the table."""
    plan = make_plan(network, folding)
    with tempfile.TemporaryDirectory() as folder:
        cells = synthesise(Accelerator(plan), fpga.get(family), folder, name="first")
        packed = pack(fpga.get(family), folder, name="first")
    return {
        "family": family,
        "network": network,
        "folding": folding,
        **estimate(family, plan),
        "lut": cells.lut,
        "ff": cells.ff,
        "cells": packed["lut"],
        "bram": cells.bram,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as data")
    args = parser.parse_args()
    jobs = [
        (family, network, folding)
        for family in FAMILIES
        for network, foldings in POINTS.items()
        for folding in foldings
    ]
    with Progress(console=Console(stderr=True)) as bar:
        rows = [measure(*job) for job in bar.track(jobs, description="Synthesis")]
    table = Table("family", "network", "folding", "interval", "LUTs", "FF", "cells", "about")
    for row in rows:
        folding = "×".join(map(str, row["folding"]))
        figures = (f"{row[key]:,}" for key in ("interval", "lut", "ff", "cells", "cells_estimated"))
        table.add_row(row["family"], row["network"], folding, *figures)
    Console().print(table)
    if args.json:
        content = {"rows": rows, "yosys": find("yosys").version}
        args.json.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
