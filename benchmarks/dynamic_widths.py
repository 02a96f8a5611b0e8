"""Accuracy of narrower networks within one, beside networks trained at those widths alone.

python benchmarks/dynamic_widths.py --json benchmarks/dynamic_widths.json

Every accuracy is that of the exported integers, on which PyTorch agrees code by code. Networks of
both kinds are trained with the same recipe for the same number of epochs.
"""

import argparse
import dataclasses
import json
import statistics
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from threefold.files import write_file
from threefold.network import Network
from threefold.quant import (
    PRESETS,
    Dataset,
    TrainConfig,
    build,
    export,
    load_dataset,
    require_equal,
    train,
)
from threefold.sim import golden

CASES = ("digits", "lenet-digits")
RATIOS = (0.5, 0.25)
SEEDS = (0, 1, 2)
WHOLE = "whole"


def main() -> None:
    """Train, compare, print the tables, and write the figures as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--only", nargs="+", choices=CASES, default=CASES, help="some presets")
    args = parser.parse_args()

    console, record = Console(), {"torch": torch.__version__}
    for preset in args.only:
        config = dataclasses.replace(PRESETS[preset], dynamic=RATIOS)
        dataset = load_dataset(config.dataset)
        runs = [measure(dataset, dataclasses.replace(config, seed=seed)) for seed in SEEDS]
        summary = summarize(runs)
        record[preset] = {
            "config": {key: value for key, value in config.choices().items() if key != "seed"},
            "images": len(dataset.test_labels),
            "runs": runs,
            "summary": summary,
        }
        console.print(table(preset, config, summary))
    if args.json:
        write_file(args.json, json.dumps(record, indent=1, sort_keys=True) + "\n")


def measure(dataset: Dataset, config: TrainConfig) -> dict:
    """Accuracies of the networks within one, and of those that are trained alone.

    Returns
    -------
    dict
        ``seed``, and ``within`` and ``alone``: share of held-out images by name of the width.
    """
    network = trained(dataset, config)
    held_out = dataset.test_images, dataset.test_labels
    within = {WHOLE: golden.accuracy(network, *held_out)}
    for name in network.widths:
        within[name] = golden.accuracy(network.at(name), *held_out)
    alone = {}
    for name, widths in {WHOLE: config.widths, **config.narrower}.items():
        single = trained(dataset, dataclasses.replace(config, widths=widths, dynamic=()))
        alone[name] = golden.accuracy(single, *held_out)
    return {"seed": config.seed, "within": within, "alone": alone}


def trained(dataset: Dataset, config: TrainConfig) -> Network:
    """The network of a training, every code of which equals PyTorch's on all held-out images."""
    model = build(config, dataset)
    train(model, dataset, config)
    network = export(model, config.network)
    require_equal(model, network, dataset.test_images)
    return network


def summarize(runs: list[dict]) -> dict:
    """Mean and standard deviation over the seeds, by kind and width."""
    return {
        kind: {
            width: {
                "mean": statistics.mean(run[kind][width] for run in runs),
                "standard_deviation": statistics.stdev(run[kind][width] for run in runs),
            }
            for width in runs[0][kind]
        }
        for kind in ("within", "alone")
    }


def table(preset: str, config: TrainConfig, summary: dict) -> Table:
    """The means, a row for each width."""
    widths = {WHOLE: config.widths, **config.narrower}
    rows = Table(preset, "widths", "within one", "alone", box=None)
    for name, numbers in widths.items():
        figures = (summary[kind][name] for kind in ("within", "alone"))
        cells = (f"{each['mean']:.2%} ± {each['standard_deviation']:.2%}" for each in figures)
        rows.add_row(name, "-".join(map(str, numbers)), *cells)
    return rows


if __name__ == "__main__":
    main()
