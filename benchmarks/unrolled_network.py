r"""Network with every layer unrolled: what an image a cycle takes of an ECP5-85F.

    threefold import TFC_2W2A.onnx --logits --input-scale 1/255 -o out/tfc
    python benchmarks/unrolled_network.py out/tfc/network.tern [--json FILE]

A whole image enters at once. The Verilog is simulated: every code is compared with the golden
model, and the cycles are measured. The accelerator is synthesised by itself, without a board, since
no serial line brings an image a cycle.
"""

import argparse
import json
from pathlib import Path

from measured import simulated, synthesised
from rich.console import Console
from rich.progress import Progress

from threefold.files import write_file
from threefold.fpga import ECP5
from threefold.network import Network, load
from threefold.plan import Plan, fold, lower
from threefold.plan.layers import ConvLayer
from threefold.references import random_images
from threefold.tools.toolchain import find

IMAGES = 100


def main() -> None:
    """Measure one network, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=Path, help="a *.tern file")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    args = parser.parse_args()
    with Progress(console=Console(stderr=True)) as bars:
        task = bars.add_task("Graphs of adders", total=3)
        plan = unrolled(load(args.network))
        found = figures(plan)
        bars.update(task, advance=1, description="Simulation")
        run = simulated(plan, random_images(plan.network.input, IMAGES, seed=1))
        found["measured"] = {"latency": run.cycles.latency, "interval": run.cycles.interval}
        found["images"] = run.images
        bars.update(task, advance=1, description="Synthesis")
        found |= synthesised(plan, ECP5)
        bars.update(task, advance=1)
    found["tools"] = {tool: find(tool).version for tool in ("yosys", "verilator")}
    Console().print_json(data=found)
    if args.json:
        write_file(args.json, json.dumps(found, indent=1, sort_keys=True) + "\n")


def unrolled(network: Network) -> Plan:
    """The plan in which all layers of weights are unrolled."""
    layers = (each for each in lower(network) if isinstance(each, ConvLayer))
    return fold(network, {each.name: "unrolled" for each in layers})


def figures(plan: Plan) -> dict:
    """What is known before hardware is there."""
    estimate = {unit.name: round(unit.resources(ECP5).cells) for unit in plan.units}
    return {
        "network": plan.network.name,
        "latency": plan.cycles.latency,
        "interval": plan.cycles.interval,
        "estimated": estimate,
        "adders": {
            unit.name: len(unit.graph.adders) for unit in plan.units if unit.kind == "unrolled"
        },
    }


if __name__ == "__main__":
    main()
