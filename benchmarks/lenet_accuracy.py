"""Accuracy of the LeNet presets, ternary as deployed and float.

python benchmarks/lenet_accuracy.py --mnist FOLDER --json benchmarks/lenet_accuracy.json
"""

import argparse
import dataclasses
import json
import statistics
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from threefold.quant import (
    PRESETS,
    Dataset,
    accuracy,
    build,
    export,
    load_dataset,
    require_equal,
    train,
)
from threefold.sim import golden

from threefold.files import write_file

KINDS = ("integer", "float")
SEEDS = {"lenet-digits": (0, 1, 2), "lenet-mnist": (0,)}


def main() -> None:
    """Train, compare, print the table, and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--mnist", type=Path, metavar="FOLDER", help="files of MNIST")
    parser.add_argument(
        "--checkpoints", type=Path, metavar="FOLDER", help="where to keep them, to go on from"
    )
    args = parser.parse_args()

    folders = {"lenet-digits": None, "lenet-mnist": args.mnist}
    presets = {}
    for preset, seeds in SEEDS.items():
        if preset == "lenet-mnist" and args.mnist is None:
            continue
        dataset = load_dataset(PRESETS[preset].dataset, folders[preset])
        runs = [measure(preset, dataset, seed, args.checkpoints) for seed in seeds]
        presets[preset] = {
            "config": {k: v for k, v in PRESETS[preset].to_dict().items() if k != "seed"},
            "images": len(dataset.test_labels),
            "runs": runs,
            "summary": {kind: statistics.mean(run[kind] for run in runs) for kind in KINDS},
            "weights": runs[0].pop("weights"),
        }
        for run in runs[1:]:
            del run["weights"]
    table = Table("preset", "seed", "ternary", "float", box=None)
    for preset, record in presets.items():
        for run in record["runs"]:
            table.add_row(preset, str(run["seed"]), *(f"{run[kind]:.2%}" for kind in KINDS))
        table.add_row(preset, "mean", *(f"{record['summary'][kind]:.2%}" for kind in KINDS))
    Console().print(table)
    if args.json:
        record = {"presets": presets, "torch": torch.__version__}
        write_file(args.json, json.dumps(record, indent=1, sort_keys=True) + "\n")


def measure(preset: str, dataset: Dataset, seed: int, checkpoints: Path | None) -> dict:
    """Accuracies of one seed; every code of the held-out images is compared on the way."""
    config = dataclasses.replace(PRESETS[preset], seed=seed)
    held_out = dataset.test_images, dataset.test_labels
    run = {"seed": seed}
    for kind in KINDS:
        model = build(config if kind == "integer" else config.twin, dataset)
        checkpoint = checkpoints and checkpoints / f"{preset}_{seed}_{kind}.pt"
        train(model, dataset, config if kind == "integer" else config.twin, checkpoint=checkpoint)
        if kind == "integer":
            network = export(model, preset.replace("-", "_"))
            require_equal(model, network, dataset.test_images)
            run[kind] = golden.accuracy(network, *held_out)
            run["weights"] = sum(
                node.op.weights.size for node in network.nodes if hasattr(node.op, "weights")
            )
        else:
            run[kind] = accuracy(model, *held_out)
    return run


if __name__ == "__main__":
    main()
