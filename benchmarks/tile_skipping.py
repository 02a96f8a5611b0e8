"""Networks of which 75 % of the tiles of every layer are empty, beside the same ones without.

    python benchmarks/tile_skipping.py [--simulate NETWORK ...] [--json FILE]

A tile is P filters by S channels, at one kernel position or at all of them, for the PE × SIMD of
its layer. In tiles that are not empty, a third of the weights is 0. Foldings are equal, and have at
least 48 lanes in every layer. With --simulate, the sparse networks of that name run in Verilator as
well; FILE keeps what was simulated before.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from measured import simulated
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from threefold import references
from threefold.network import Conv, Network
from threefold.plan import Folding, Plan, fold

__all__ = ["CASES", "GRANULARITIES", "Case", "measure", "planned", "simulated_interval"]

SPARSITY, DENSITY, GOAL = 0.75, 2 / 3, 0.27
GRANULARITIES = {"one": False, "all": True}
"""Kernel positions of a tile, and whether whole kernels are empty."""


@dataclass(frozen=True)
class Case:
    """A network and its foldings: those named, and ``others`` for the rest of its layers."""

    network: Callable[..., Network]
    named: dict[str, tuple[int, int]]
    others: tuple[int, int]


# SIMD is at most a quarter of the channels, so that whole kernels can be empty; but for the first
# layers, whose 3 channels are one tile.
CASES = {
    "cnv": Case(
        references.cnv,
        {"conv1": (64, 3), "conv2": (32, 16), "conv3": (16, 16), "conv4": (16, 16)}
        | {"classes": (10, 8)},
        (8, 8),
    ),
    "resnet20": Case(references.resnet20, {"stem": (16, 3), "classes": (10, 8)}, (16, 4)),
}


@cache
def planned(name: str, granularity: str | None = None) -> Plan:
    """A case with empty tiles of the size of the arrays, or with none."""
    case, options = CASES[name], {}
    network = case.network(density=DENSITY)
    convs = [node.name for node in network.nodes if isinstance(node.op, Conv)]
    tiles = {layer: case.named.get(layer, case.others) for layer in convs}
    if granularity:
        options = {"sparsity": SPARSITY, "tile": tiles}
        options["whole_kernels"] = GRANULARITIES[granularity]
        network = case.network(density=DENSITY, **options)
    return fold(network, {layer: Folding(*sizes) for layer, sizes in tiles.items()})


def measure(name: str, granularity: str) -> dict:
    """Figures of one network, as a row of the table."""
    dense, sparse = planned(name), planned(name, granularity)
    layers = []
    for layer, one in dense.schedules.items():
        other = sparse.schedules[layer]
        left, index = len(other.tiles), other.program.bits
        layers.append(
            {
                "name": layer,
                "pe": one.folding.pe,
                "simd": one.folding.simd,
                "tiles": [len(one.tiles), left],
                "cycles": [one.cycles, other.cycles],
                "bits": [one.weight_bits, other.weight_bits],
                "index_bits": index * left,
                "index_bits_of_tile": index,
            }
        )
    bits = [sum(layer["bits"][index] for layer in layers) for index in (0, 1)]
    intervals = [plan.cycles.interval for plan in (dense, sparse)]
    return {
        "network": name,
        "kernel_positions": granularity,
        "bottlenecks": [plan.bottleneck.name for plan in (dense, sparse)],
        "intervals": intervals,
        "interval_share": round(intervals[1] / intervals[0], 4),
        "weight_bits": bits,
        "bits_share": round(bits[1] / bits[0], 4),
        "index_bits": sum(layer["index_bits"] for layer in layers),
        "layers_above_goal": [
            each["name"] for each in layers if each["bits"][1] > GOAL * each["bits"][0]
        ],
        "layers": layers,
    }


def simulated_interval(name: str, granularity: str) -> dict:
    """Interval of the sparse network in Verilator, every beat compared."""
    plan = planned(name, granularity)
    images = references.random_images(plan.network.input, plan.cycles.images, seed=1)
    result = simulated(plan, images)
    return {
        "interval": result.cycles.interval,
        "latency": result.cycles.latency,
        "predicted_latency": plan.cycles.latency,
        "beats_compared": result.beats,
        "images": len(images),
    }


def table(rows: list[dict]) -> Table:
    """The figures as text."""
    out = Table("network", "positions", title="75 % of the tiles empty")
    for head in ("interval, dense", "sparse", "share", "bits, dense", "sparse", "share"):
        out.add_column(head, justify="right")
    for row in rows:
        figures = []
        for key, share in (("intervals", "interval_share"), ("weight_bits", "bits_share")):
            figures += [*(f"{figure:,}" for figure in row[key]), f"{row[share]:.1%}"]
        out.add_row(row["network"], row["kernel_positions"], *figures)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--simulate", nargs="*", default=[], choices=CASES, metavar="NETWORK")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    path, rows = arguments.json, []
    before = json.loads(path.read_text())["rows"] if path and path.exists() else []
    simulated = {(row["network"], row["kernel_positions"]): row["simulated"] for row in before}
    points = [(name, granularity) for name in CASES for granularity in GRANULARITIES]
    with Progress(console=Console(stderr=True)) as progress:
        for point in progress.track(points, description="Networks"):
            row = measure(*point)
            again = point[0] in arguments.simulate
            row["simulated"] = simulated_interval(*point) if again else simulated.get(point)
            rows.append(row)
    if path:
        document = {"rows": rows, "sparsity": SPARSITY}
        path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    Console(width=120).print(table(rows))


if __name__ == "__main__":
    main()
