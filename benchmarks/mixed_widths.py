r"""Accuracy of wide ternary networks beside narrower ones of more bits a weight.

python benchmarks/mixed_widths.py --data-dir FOLDER --runs FOLDER \
    --json benchmarks/mixed_widths.json

Networks of integer weights get narrower, by the same factor in each layer, until they store as
many bits as the ternary one, or until one array needs as many cycles for them. Every accuracy is
that of the exported integers, on which PyTorch agrees code by code. Runs that are in the folder are
not trained again.
"""

import argparse
import bisect
import dataclasses
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev

import torch
from accuracy import source
from rich.console import Console
from rich.table import Table

from threefold.files import make_folder, write_file
from threefold.network import Network
from threefold.plan import Folding, fold
from threefold.quant import (
    PRESETS,
    Dataset,
    Model,
    TernaryConv,
    TernaryLinear,
    TrainConfig,
    build,
    export,
    load_dataset,
    require_equal,
    train,
)
from threefold.sim import golden

SEEDS = (0, 1, 2)
LANES = 2, 2
"""PE and SIMD of the arrays that cycles are of, which divide all layers of the first case."""
_ABOVE = 1.02  # of the ternary network's bits or cycles that a narrower one may have


@dataclass(frozen=True)
class Row:
    """Weights, and what a network of them has as much of as the ternary one.

    Parameters
    ----------
    weights : mapping
        Values of the configuration.
    equal : str
        ``"bits"`` or ``"cycles"``; empty for the widths of the ternary network.
    """

    weights: dict
    equal: str = ""


CASES = {
    "lenet-digits": dataclasses.replace(PRESETS["lenet-digits"], widths=(16, 32), epochs=40),
    "mlp-letter": dataclasses.replace(PRESETS["mlp-letter"], widths=(128, 128), epochs=15),
    "mlp-pendigits": dataclasses.replace(PRESETS["mlp-pendigits"], widths=(32, 32), epochs=15),
}
"""Trainings of the ternary network, by preset."""

ROWS = {
    "ternary, statistical": Row({"weights": "statistical"}),
    "2 bits": Row({"weights": "int", "weight_bits": 2}),
    "3 bits, bits": Row({"weights": "int", "weight_bits": 3}, "bits"),
    "4 bits, bits": Row({"weights": "int", "weight_bits": 4}, "bits"),
    "2 bits, 8 at the ends, bits": Row(
        {"weights": "int", "weight_bits": 2, "first": 8, "last": 8}, "bits"
    ),
    "3 bits, cycles": Row({"weights": "int", "weight_bits": 3}, "cycles"),
    "4 bits, cycles": Row({"weights": "int", "weight_bits": 4}, "cycles"),
}
"""Networks by name; the first is the one that the others are compared with."""


def main() -> None:
    """Train what is not in the folder yet, print the tables, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", help="folders of the data sets")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="of figures, to go on from")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    args = parser.parse_args()

    console = Console()
    record = {"torch": torch.__version__, "lanes": list(LANES), "networks": {}}
    for preset in args.only:
        case = CASES[preset]
        dataset = load_dataset(case.dataset, source(case.dataset, args.data_dir))
        trials = Trials(preset, dataset, args.runs and make_folder(args.runs))
        rows = [
            {
                "row": name,
                "widths": list(trials.config(row).widths),
                "equal": row.equal,
                "runs": [trials.run(name, row, seed) for seed in SEEDS],
            }
            for name, row in ROWS.items()
        ]
        record["networks"][preset] = {
            "config": {key: value for key, value in case.choices().items() if key != "seed"},
            "images": len(dataset.test_labels),
            "rows": rows,
        }
        console.print(table(preset, rows))
    if args.json:
        write_file(args.json, json.dumps(record, indent=1, sort_keys=True) + "\n")


@dataclass(frozen=True)
class Trials:
    """Trainings of one network at several widths.

    Parameters
    ----------
    preset : str
        In :data:`CASES`.
    dataset : Dataset
    folder : Path or None
        Of figures and checkpoints.
    """

    preset: str
    dataset: Dataset
    folder: Path | None
    _found: dict[str, TrainConfig] = field(default_factory=dict)

    def config(self, row: Row) -> TrainConfig:
        """The training of a row, with widths so that it has as much as the ternary network."""
        key = repr(row)
        if key not in self._found:
            config = dataclasses.replace(CASES[self.preset], **row.weights)
            if row.equal:
                config = narrowed(config, row.equal, CASES[self.preset], self.dataset)
            self._found[key] = config
        return self._found[key]

    def run(self, name: str, row: Row, seed: int) -> dict:
        """Figures of one training."""
        config = dataclasses.replace(self.config(row), seed=seed)
        label = f"{self.preset}_{name}_{seed}".replace(", ", "_").replace(" ", "_")
        # Plain JSON, so that what is read again compares equal.
        choices = json.loads(json.dumps(config.choices()))
        kept = self.folder and self.folder / f"{label}.json"
        if kept and kept.exists():
            run = json.loads(kept.read_text())
            if run["config"] == choices:
                return run["figures"]
        model = build(config, self.dataset)
        train(model, self.dataset, config, checkpoint=kept and kept.with_suffix(".pt"))
        figures = {"seed": seed, **measure(model, self.dataset)}
        if kept:
            text = json.dumps({"config": choices, "figures": figures}, indent=1, sort_keys=True)
            write_file(kept, text + "\n")
        return figures


def narrowed(config: TrainConfig, equal: str, whole: TrainConfig, dataset: Dataset) -> TrainConfig:
    """``config`` with the largest widths that have no more than ``whole``, but for 2 %.

    Widths are even, for arrays of :data:`LANES`.
    """
    cost = COSTS[equal]

    def at(hundredths: int) -> TrainConfig:
        widths = [max(2, 2 * round(hundredths / 200 * width)) for width in whole.widths]
        return dataclasses.replace(config, widths=widths)

    most = _ABOVE * cost(build(whole, dataset))
    factors = range(1, 101)
    fitting = bisect.bisect_right(factors, most, key=lambda each: cost(build(at(each), dataset)))
    return at(factors[max(0, fitting - 1)])


def bits(model: Model) -> int:
    """Bits of all weights, before compression."""
    return sum(layer.weight.numel() * layer.quantizer.bits for layer in _layers(model))


@torch.no_grad()
def work(model: Model) -> int:
    """Products of an image and a ternary digit, none of which is skipped."""
    pixels = {}

    def count(layer, inputs, output):
        pixels[layer] = math.prod(output.codes.shape[2:])

    hooks = [layer.register_forward_hook(count) for layer in _layers(model)]
    model.eval()(torch.zeros(1, *model.input.shape, dtype=torch.int64))
    for hook in hooks:
        hook.remove()
    return sum(
        pixels[layer] * layer.weight.numel() * (layer.quantizer.bits - 1)
        for layer in _layers(model)
    )


COSTS: dict[str, Callable[[Model], int]] = {"bits": bits, "cycles": work}
"""What networks have as much of, by name."""


def _layers(model: Model) -> list:
    kinds = TernaryConv, TernaryLinear
    return [layer for layer in model.modules() if isinstance(layer, kinds)]


def measure(model: Model, dataset: Dataset) -> dict:
    """Accuracy of a trained model, bits of its weights, and cycles."""
    network = export(model, "mixed")
    require_equal(model, network, dataset.test_images)
    return {
        "accuracy": golden.accuracy(network, dataset.test_images, dataset.test_labels),
        "bits": bits(model),
        "digits": work(model),
        "cycles": cycles(network),
    }


def cycles(network: Network) -> int:
    """Cycles of an image on arrays of :data:`LANES`, of all layers together; zeros are skipped."""
    pe, simd = LANES
    foldings = {
        node.name: Folding(pe, min(simd, node.op.weights.shape[3]))
        for node in network.nodes
        if hasattr(node.op, "weights")
    }
    return sum(schedule.cycles for schedule in fold(network, foldings).schedules.values())


def summary(rows: list[dict]) -> list[dict]:
    """Means over the seeds, and the standard deviation of accuracies."""
    found = []
    for row in rows:
        accuracies = [run["accuracy"] for run in row["runs"]]
        found.append(
            {
                "row": row["row"],
                "widths": "-".join(map(str, row["widths"])),
                "equal": row["equal"],
                "mean": mean(accuracies),
                "standard_deviation": stdev(accuracies),
                "bits": row["runs"][0]["bits"],
                "cycles": mean(run["cycles"] for run in row["runs"]),
            }
        )
    return found


def table(preset: str, rows: list[dict]) -> Table:
    """The means as text."""
    out = Table(preset, "widths", "weight bits", "cycles", "accuracy", box=None)
    for row in summary(rows):
        out.add_row(
            row["row"],
            row["widths"],
            f"{row['bits']:,}",
            f"{row['cycles']:,.0f}",
            f"{row['mean']:.2%} ± {row['standard_deviation']:.2%}",
        )
    return out


if __name__ == "__main__":
    main()
