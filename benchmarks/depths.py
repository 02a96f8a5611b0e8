"""Networks of two depths in one bitstream, loaded one after the other.

    python benchmarks/depths.py --data-dir FOLDER [--only simulation | build] [--json FILE]

ResNet-20 is that of the zoo, with held-out images of its data; ResNet-56 has random weights, with
random images. Their array is simulated as Verilog: ResNet-20 is loaded, ResNet-56 in its place, and
ResNet-20 again. Every result is compared with the golden model, every cycle with the prediction.
Then the array is placed and routed for a board, behind its serial line. FILE keeps the figures of
the other part. Either takes some ten minutes or more.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress as Bars
from rich.table import Table

from threefold import boards, references
from threefold.errors import BuildError
from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.network import Conv, Network, load
from threefold.plan import Folding, Plan, image_of, reloaded
from threefold.planning import plan_for_board
from threefold.progress import Progress
from threefold.project import Project
from threefold.quant import load_dataset
from threefold.sim.loading import simulate_loading

__all__ = ["ARRAY", "BOARD", "deep", "figures", "make_plan", "shallow"]

BOARD, OTHER_BOARDS = "ulx3s_85f", ("ulx3s_25f", "ulx3s_45f")
ARRAY = Folding(16, 8, 4)
CLOCK_MHZ = 70.0
PLACEMENT = "--placer static"
"""The default placer packs the array so closely that routing does not end."""
IMAGES = {"resnet20": 20, "resnet56": 4}
ZOO = Path(__file__).parents[1] / "zoo"


def shallow() -> Network:
    """The ResNet-20 of the zoo."""
    return load(ZOO / "resnet20_jpeg.tern")


def deep() -> Network:
    """A ResNet-56 of the same maps and classes."""
    return references.resnet20(blocks=9)


def make_plan(network: Network, other: Network) -> Plan:
    """An array for the first network, with room for the other."""
    sequential = {"conv1..fc1": ARRAY}
    return plan_for_board(network, BOARD, sequential=sequential, loadable=[other])


def figures(plan: Plan, network: Network) -> dict:
    """What a network takes that is loaded, as planned."""
    made = reloaded(plan, network)
    weights = sum(node.op.weights.size for node in network.nodes if isinstance(node.op, Conv))
    return {
        "network": network.name,
        "weights": weights,
        "program_bytes": len(image_of(plan, network)),
        "latency": made.cycles.latency,
        "interval": made.cycles.interval,
    }


def room(plan: Plan) -> list[dict]:
    """What the array needs of block RAMs and logic cells, and what boards of its family have."""
    needed = plan.resources(boards.get(BOARD).family)
    rows = []
    for name in (*OTHER_BOARDS, BOARD):
        board = boards.get(name)
        rows.append(
            {
                "board": name,
                "bram": board.device.bram,
                "bram_estimated": needed.bram,
                "kilobytes": board.device.bram * board.family.block_bits / 8192,
                "cells": board.device.lut,
                "cells_estimated": round(needed.cells),
            }
        )
    return rows


def simulated(data: Path, progress: Progress) -> dict:
    """Cycles that are measured, in the order in which networks are loaded."""
    network, other = shallow(), deep()
    plan = make_plan(network, other)
    images = load_dataset("cifar10_jpeg", data).test_images[: IMAGES["resnet20"]].astype(np.int64)
    codes = references.random_images(other.input, IMAGES["resnet56"], seed=1)
    loads = [(network, images), (other, codes), (network, images)]
    with tempfile.TemporaryDirectory() as folder:
        rtl = Path(folder) / "rtl.v"
        rtl.write_text(to_verilog(Accelerator(plan), network.name))
        runs = simulate_loading(plan, rtl, loads, Path(folder) / "sim", progress=progress)
    return {
        "array": [ARRAY.pe, ARRAY.simd, ARRAY.pixels],
        "networks": [figures(plan, each) for each in (network, other)],
        "room": room(plan),
        "loads": [
            {
                "network": run.network,
                "images": run.images,
                "latency": run.latency,
                "interval": run.interval,
            }
            for run in runs
        ],
    }


def built(progress: Progress) -> dict:
    """What placing and routing gives, or why it gives nothing."""
    plan = make_plan(shallow(), deep())
    with tempfile.TemporaryDirectory() as folder:
        try:
            result = Project(Path(folder), plan).build(
                clock_mhz=CLOCK_MHZ,
                nextpnr_options=PLACEMENT,
                timing_allow_fail=True,
                progress=progress,
            )
        except BuildError as error:
            return {"board": BOARD, "clock_mhz": CLOCK_MHZ, "refused": str(error).split(";")[0]}
    return {
        "board": result.board,
        "clock_mhz": result.clock_mhz,
        "fmax_mhz": result.fmax_mhz,
        "utilization": result.utilization,
        "seconds": {tool: round(seconds) for tool, seconds in result.seconds.items()},
        "tools": result.tools,
    }


def table(record: dict) -> Table:
    """The figures that there are, a row for each load."""
    rows = Table("network", "images", "latency", "interval", "images/s at Fmax", box=None)
    fmax = record.get("build", {}).get("fmax_mhz")
    for run in record.get("simulation", {}).get("loads", []):
        rate = f"{fmax * 1e6 / run['interval']:,.0f}" if fmax else ""
        counts = (f"{run[key]:,}" for key in ("images", "latency", "interval"))
        rows.add_row(run["network"], *counts, rate)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", help="of cifar10_jpeg")
    parser.add_argument("--only", choices=["simulation", "build"], help="one of the parts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as data")
    args = parser.parse_args()
    console = Console()
    there = args.json is not None and args.json.exists()
    record = json.loads(args.json.read_text()) if there else {}
    with Bars(console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=1.0)

        def tell(step: str, done: float) -> None:
            bar.update(task, completed=done, description=step)

        if args.only != "build":
            record["simulation"] = simulated(args.data_dir, tell)
        if args.only != "simulation":
            record["build"] = built(tell)
    console.print(table(record))
    if args.json:
        args.json.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
