"""Accuracy of the digits preset, ternary as deployed and float, over three seeds.

python benchmarks/digits_accuracy.py --json benchmarks/digits_accuracy.json
"""

import argparse
import dataclasses
import json
import statistics
import time
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from threefold.quant import PRESETS, accuracy, build, digits, export, require_equal, train
from threefold.sim import golden

from threefold.files import write_file

SEEDS = (0, 1, 2)


def main() -> None:
    """Train, compare, print the table, and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    args = parser.parse_args()

    dataset = digits()
    held_out = dataset.test_images, dataset.test_labels
    runs = []
    for seed in SEEDS:
        config = dataclasses.replace(PRESETS["digits"], seed=seed)
        run = {"seed": seed}
        for kind in ("integer", "float"):
            model = build(config if kind == "integer" else config.twin, dataset)
            start = time.perf_counter()
            train(model, dataset, config if kind == "integer" else config.twin)
            run[f"{kind}_train_s"] = round(time.perf_counter() - start, 1)
            if kind == "integer":
                network = export(model, "digits")
                require_equal(model, network, dataset.test_images)
                run[kind] = golden.accuracy(network, *held_out)
            else:
                run[kind] = accuracy(model, *held_out)
        runs.append(run)

    summary = {
        kind: {
            "mean": statistics.mean(run[kind] for run in runs),
            "standard_deviation": statistics.stdev(run[kind] for run in runs),
            "min": min(run[kind] for run in runs),
            "max": max(run[kind] for run in runs),
        }
        for kind in ("integer", "float")
    }
    table = Table("seed", "ternary", "float", "s to train, ternary", "float", box=None)
    for run in runs:
        table.add_row(
            str(run["seed"]),
            f"{run['integer']:.2%}",
            f"{run['float']:.2%}",
            f"{run['integer_train_s']:.1f}",
            f"{run['float_train_s']:.1f}",
        )
    table.add_row("mean", *(f"{summary[kind]['mean']:.2%}" for kind in ("integer", "float")))
    table.add_row(
        "std", *(f"{summary[kind]['standard_deviation']:.2%}" for kind in ("integer", "float"))
    )
    Console().print(table)
    if args.json:
        record = {
            "config": {k: v for k, v in PRESETS["digits"].to_dict().items() if k != "seed"},
            "images": len(dataset.test_labels),
            "runs": runs,
            "summary": summary,
            "torch": torch.__version__,
        }
        write_file(args.json, json.dumps(record, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
