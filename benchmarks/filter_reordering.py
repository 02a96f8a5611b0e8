"""Tiles left of networks pruned at random, with filters as they are and reordered.

    python benchmarks/filter_reordering.py [--json FILE]

Of each filter, SIMD neighbouring channels are pruned together at all kernel positions. That is
what training can prune without knowing how filters will be grouped.
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from threefold.network import Codes, Conv, Logits, Network, Tensor, Threshold
from threefold.plan import Folding, align
from threefold.plan.alignment import tiles_left

WIDTHS, CLASSES, SIDE = (16, 64, 64, 128, 128), 10, 8
FOLDINGS = ((2, 4), (2, 8), (4, 4), (4, 8), (8, 4), (8, 8), (16, 8))
PRUNED = (0.5, 0.75)


def make_network(simd: int, pruned: float, seed: int = 0) -> Network:
    """A network whose weights are ±1, but for the groups that were pruned."""
    rng = np.random.default_rng(seed)

    def weights(filters: int, kernel: int, channels: int) -> np.ndarray:
        kept = (rng.random((filters, channels // simd)) >= pruned).repeat(simd, axis=1)
        return rng.choice([-1, 1], (filters, kernel, kernel, channels)) * kept[:, None, None]

    ops = []
    for number, (channels, filters) in enumerate(pairwise(WIDTHS)):
        thresholds = np.sort(rng.integers(-20, 20, (filters, 3)), axis=1)
        ops.append((f"conv{number}", Conv(weights(filters, 3, channels), padding=(1, 1, 1, 1))))
        ops.append((f"act{number}", Threshold(thresholds)))
    ops.append(("fc", Conv(weights(CLASSES, SIDE, WIDTHS[-1]))))
    ops.append(("logits", Logits(np.zeros(CLASSES, int))))
    return Network.chain("pruned", Tensor((SIDE, SIDE, WIDTHS[0]), Codes.unsigned(2)), ops)


def measure(pe: int, simd: int, pruned: float) -> dict:
    """Tiles × output pixels of one network: all, left, and left when aligned."""
    network = make_network(simd, pruned)
    convs = [node for node in network.nodes if isinstance(node.op, Conv)]
    foldings = {node.name: Folding(2 if node is convs[-1] else pe, simd) for node in convs}

    def count(nodes, whole: bool = False) -> int:
        total = 0
        for node in nodes:
            if folding := foldings.get(node.name):
                weights = np.ones_like(node.op.weights) if whole else node.op.weights
                height, width, _ = network.types[node.name].shape
                total += height * width * tiles_left(weights, folding.pe, folding.simd)
        return total

    return {
        "pe": pe,
        "simd": simd,
        "pruned": pruned,
        "tiles": count(convs, whole=True),
        "left": count(convs),
        "left_aligned": count(align(network, foldings)[0].nodes),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as data")
    args = parser.parse_args()
    rows, points = [], [(*folding, pruned) for pruned in PRUNED for folding in FOLDINGS]
    with Progress(console=Console(stderr=True)) as bar:
        for point in bar.track(points, description="align"):
            rows.append(measure(*point))
    table = Table("PE", "SIMD", "pruned", "tiles × pixels", "left", "left, aligned")
    for row in rows:
        shares = (f"{row[key] / row['tiles']:.1%}" for key in ("left", "left_aligned"))
        whole = (str(row[key]) for key in ("pe", "simd"))
        table.add_row(*whole, f"{row['pruned']:.0%}", f"{row['tiles']:,}", *shares)
    Console().print(table)
    if args.json:
        content = {"rows": rows, "widths": WIDTHS, "classes": CLASSES, "pixels": SIDE * SIDE}
        args.json.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
