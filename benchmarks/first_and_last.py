r"""ResNet-20 with first and last layers of 8 bits beside the one that is ternary throughout.

    python benchmarks/first_and_last.py --data-dir FOLDER \
        --json benchmarks/first_and_last.json

Both networks of the zoo have activations of 2 bits, were trained for as many epochs and are planned
for the same cycles between images on a ULX3S 85F. Their Verilog is simulated on the first test
images, and synthesised as a whole, without a board. Accuracy is on record from ``accuracy.py``.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from accuracy import source
from measured import simulated, synthesised
from rich.console import Console
from rich.progress import Progress

import threefold
from threefold.files import write_file
from threefold.fpga import ECP5
from threefold.network import Network
from threefold.plan import Plan
from threefold.planning import plan_for_board
from threefold.quant import load_dataset
from threefold.tools.toolchain import find

__all__ = ["NETWORKS", "plan_of"]

HERE = Path(__file__).parent
NETWORKS = {"ternary throughout": "resnet20_jpeg_2bit", "8 bits at both ends": "resnet20_jpeg_apot"}
"""Files of the zoo by what their weights are."""
BOARD, INTERVAL, IMAGES = "ulx3s_85f", 36_864, 8


def main() -> None:
    """Measure both networks, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", help="folders of the data sets")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    args = parser.parse_args()
    dataset = load_dataset("cifar10_jpeg", source("cifar10_jpeg", args.data_dir))
    images = dataset.test_images[:IMAGES].astype(np.int64)
    rows = []
    with Progress(console=Console(stderr=True)) as bars:
        task = bars.add_task("", total=3 * len(NETWORKS))
        for weights, name in NETWORKS.items():
            network = threefold.load(HERE.parent / "zoo" / f"{name}.tern")
            bars.update(task, description=f"{name}: plan")
            plan = plan_of(network)
            bars.update(task, advance=1, description=f"{name}: simulation")
            run = simulated(plan, images)
            measured = {"latency": run.cycles.latency, "interval": run.cycles.interval}
            row = {"weights": weights, **figures(plan), "images": run.images, "measured": measured}
            bars.update(task, advance=1, description=f"{name}: synthesis")
            rows.append(row | synthesised(plan, ECP5))
            bars.update(task, advance=1)
    tools = {name: find(name).version for name in ("yosys", "verilator")}
    record = {"board": BOARD, "tools": tools, "rows": rows}
    Console().print_json(data=record)
    if args.json:
        write_file(args.json, json.dumps(record, indent=1, sort_keys=True) + "\n")


def plan_of(network: Network) -> Plan:
    """The plan that is measured."""
    return plan_for_board(network, BOARD, interval=INTERVAL)


def figures(plan: Plan) -> dict:
    """What is known before hardware is there."""
    layers = [node.op for node in plan.network.nodes if hasattr(node.op, "weights")]
    return {
        "network": plan.network.name,
        "parameters": sum(each.weights.size for each in layers),
        "weight_bits": sum(each.weights.size * each.bits for each in layers),
        "latency": plan.cycles.latency,
        "interval": plan.cycles.interval,
        "cells_estimated": round(plan.resources(ECP5).cells),
    }


if __name__ == "__main__":
    main()
