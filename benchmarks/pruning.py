"""Accuracy over measured cycles of networks whose tiles are pruned, with and without clipping.

    python benchmarks/pruning.py [--networks NAME ...] [--data FOLDER] [--seeds N]
        [--checkpoints FOLDER] [--json FILE] [--plot FILE]
    python benchmarks/pruning.py --recorded FILE --plot FILE

A network is trained once for each seed. From there all points go on for the same number of
epochs, in the first half of which tiles are pruned: with clipped group lasso (wpc), with plain
group lasso (lasso), and by size alone (magnitude). Tiles are those of the array; the first and
the last layer stay whole. Cycles are those of the cycle model. All points of the first seed (or of
as many as --simulated says) run in Verilator, too, with every beat compared, and must take as many.
Figures of other networks in the file stay as they are.
"""

import argparse
import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from measured import simulated
from pruning_plot import margins, plot
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from threefold.files import make_folder, write_file
from threefold.network import Network
from threefold.plan import Folding, Plan, fold
from threefold.quant import (
    PRESETS,
    Dataset,
    Model,
    Pruning,
    TrainConfig,
    accuracy,
    build,
    export,
    load_dataset,
    require_equal,
    train,
    transfer,
)
from threefold.quant.pruning import counts, select

__all__ = ["CASES", "METHODS", "Case", "measure", "planned", "points"]

FRACTIONS = (0.25, 0.5, 0.75, 0.9)
METHODS = {"wpc": {"clip": 0.7}, "lasso": {"clip": None}, "magnitude": {"penalty": 0.0}}
WHOLE = "none"
"""The method of networks with all tiles."""

COMPARED = 200
"""Held-out images of which every code is compared with the golden model."""


@dataclass(frozen=True)
class Case:
    """A network, how it goes on from its start, and the array of each layer.

    Parameters
    ----------
    config : TrainConfig
        Of the start.
    epochs : int
        Of each point.
    rate : float
        Learning rate of each point at its start.
    tile : (int, int)
        PE and SIMD of the layers that are pruned.
    others : mapping
        PE and SIMD of the first and the last layer, so wide that neither sets the pace.
    """

    config: TrainConfig
    epochs: int
    rate: float
    tile: tuple[int, int]
    others: dict[str, tuple[int, int]]

    def point(self, seed: int, method: str, fraction: float, **changes) -> TrainConfig:
        """The configuration of a point."""
        pruning = None
        if method != WHOLE:
            values = {"tile": self.tile, "fraction": fraction, **changes, **METHODS[method]}
            pruning = Pruning(**values)
        return dataclasses.replace(
            self.config, epochs=self.epochs, rate=self.rate, seed=seed, pruning=pruning
        )


_CIFAR = dataclasses.replace(PRESETS["resnet20-jpeg"], epochs=40)
_RESNET = {"conv1": (16, 3), "fc1": (10, 8)}

CASES = {
    "lenet-digits": Case(
        dataclasses.replace(PRESETS["lenet-digits"], widths=(16, 32, 32)),
        epochs=30,
        rate=0.005,
        tile=(2, 4),
        others={"conv1": (16, 1), "fc2": (2, 4)},
    ),
    "lenet-mnist": Case(
        dataclasses.replace(PRESETS["lenet-mnist"], widths=(16, 48, 64)),
        epochs=6,
        rate=0.005,
        tile=(2, 4),
        others={"conv1": (16, 1), "fc2": (2, 4)},
    ),
    "resnet8-jpeg": Case(dataclasses.replace(_CIFAR, network="resnet8"), 20, 0.02, (4, 4), _RESNET),
    "resnet20-jpeg": Case(_CIFAR, 20, 0.02, (4, 4), _RESNET),
}


def points(methods: list[str]) -> list[tuple[str, float]]:
    """Method and fraction of every point of a seed."""
    return [(WHOLE, 0.0), *((method, part) for method in methods for part in FRACTIONS)]


def planned(network: Network, case: Case) -> Plan:
    """The network on arrays of the size of the tiles."""
    layers = [node.name for node in network.nodes if hasattr(node.op, "weights")]
    sizes = {name: case.others.get(name, case.tile) for name in layers}
    return fold(network, {name: Folding(*size) for name, size in sizes.items()})


def measure(
    model: Model, dataset: Dataset, case: Case, pruning: Pruning | None, *, simulated: bool = False
) -> dict:
    """Accuracy, bits and cycles of a trained model, simulated ones as well if asked for."""
    network = export(model, "pruned")
    require_equal(model, network, dataset.test_images[:COMPARED])
    plan = planned(network, case)
    tiles = counts(select(model, pruning or Pruning(tile=case.tile)))
    schedules = plan.schedules
    cycles = {"latency": plan.cycles.latency, "interval": plan.cycles.interval}
    run = _simulated(plan, dataset) if simulated else None
    if run and {key: run[key] for key in cycles} != cycles:
        raise SystemExit(f"{cycles} cycles were predicted, but simulation took {run}")
    return {
        "accuracy": accuracy(model, dataset.test_images, dataset.test_labels),
        "accuracy_on": {key: accuracy(model, *images) for key, images in dataset.more.items()},
        "bottleneck": plan.bottleneck.name,
        "cycles": cycles,
        "simulated": run,
        "tiles": tiles,
        "tiles_in_all": sum(schedules[layer].tiles_in_all for layer in tiles),
        "tiles_skipped": sum(schedules[layer].skipped for layer in tiles),
        "weight_bits": sum(schedule.weight_bits for schedule in schedules.values()),
    }


def _simulated(plan: Plan, dataset: Dataset) -> dict:
    images = dataset.test_images[: plan.cycles.images]
    result = simulated(plan, images)
    return {
        "latency": result.cycles.latency,
        "interval": result.cycles.interval,
        "beats_compared": result.beats,
        "images": len(images),
    }


@dataclass(frozen=True)
class Runner:
    """Trains and measures the points of one network, and takes up what it has done before.

    Parameters
    ----------
    name : str
        In :data:`CASES`.
    case : Case
    dataset : Dataset
    folder : Path or None
        Of checkpoints and figures.
    changes : mapping
        Other values of :class:`Pruning`.
    simulated : int
        Seeds whose points run in Verilator.
    on_epoch : callable
        Called after every epoch.
    """

    name: str
    case: Case
    dataset: Dataset
    folder: Path | None
    changes: dict
    simulated: int
    on_epoch: Callable[[int, float], None]

    def start(self, seed: int) -> Model:
        """The trained network that all points go on from."""
        config = dataclasses.replace(self.case.config, seed=seed)
        return self._train(build(config, self.dataset), config, f"{self.name}_{seed}_start")

    def point(self, start: Model, seed: int, method: str, fraction: float) -> dict:
        """A row of the table."""
        config = self.case.point(seed, method, fraction, **self.changes)
        label = f"{self.name}_{seed}_{method}_{round(fraction * 100)}"
        # Plain JSON, so that what is read again compares equal.
        choices = json.loads(json.dumps({"start": self.case.config.epochs, **config.choices()}))
        record = self.folder and self.folder / f"{label}.json"
        if record and record.exists():
            row = json.loads(record.read_text())
            if row["config"] == choices and (row["simulated"] or seed >= self.simulated):
                return row
        model = build(config, self.dataset)
        transfer(start, model)
        model = self._train(model, config, label)
        row = {"network": self.name, "seed": seed, "method": method, "fraction": fraction}
        row |= measure(
            model, self.dataset, self.case, config.pruning, simulated=seed < self.simulated
        )
        row["config"] = choices
        if record:
            write_file(record, json.dumps(row, indent=1, sort_keys=True) + "\n")
        return row

    def _train(self, model: Model, config: TrainConfig, label: str) -> Model:
        checkpoint = self.folder and self.folder / f"{label}.pt"
        train(model, self.dataset, config, checkpoint=checkpoint, on_epoch=self.on_epoch)
        return model


def table(rows: list[dict]) -> Table:
    """Means over seeds as text."""
    out = Table("network", "method", title="Accuracy of pruned networks")
    heads = ("tiles pruned", "skipped", "interval", "weight bits", "accuracy", "lowest", "highest")
    for head in heads:
        out.add_column(head, justify="right")
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        groups.setdefault((row["network"], row["method"], row["fraction"]), []).append(row)
    for (network, method, fraction), of_point in groups.items():
        accuracies = [row["accuracy"] for row in of_point]
        skipped = [row["tiles_skipped"] / row["tiles_in_all"] for row in of_point]
        intervals = [row["cycles"]["interval"] for row in of_point]
        bits = [row["weight_bits"] for row in of_point]
        out.add_row(
            network,
            method,
            f"{fraction:.0%}",
            f"{_mean(skipped):.1%}",
            f"{_mean(intervals):,.0f}",
            f"{_mean(bits):,.0f}",
            *(f"{value:.2%}" for value in (_mean(accuracies), min(accuracies), max(accuracies))),
        )
    return out


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--networks", nargs="+", choices=CASES, default=["lenet-digits"])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="files of the data set")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each point (3)")
    parser.add_argument(
        "--simulated", type=int, metavar="N", default=1, help="seeds that run in Verilator (1)"
    )
    parser.add_argument("--start-epochs", type=int, metavar="N", help="of the common start")
    parser.add_argument("--epochs", type=int, metavar="N", help="of each point")
    parser.add_argument("--rate", type=float, help="learning rate of each point at its start")
    parser.add_argument("--penalty", type=float, help="λ of the group lasso (0.0025)")
    parser.add_argument("--scope", choices=("layer", "network"), default="layer")
    parser.add_argument("--whole-kernel", action="store_true", help="prune all kernel positions")
    parser.add_argument("--device", choices=("cpu", "cuda"))
    parser.add_argument("--checkpoints", type=Path, metavar="FOLDER", help="to go on from")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them (SVG or PNG)")
    parser.add_argument("--recorded", type=Path, metavar="FILE", help="measure nothing, read these")
    return parser


def _case(name: str, arguments: argparse.Namespace) -> Case:
    case = CASES[name]
    given = {"epochs": arguments.start_epochs, "device": arguments.device}
    given = {key: value for key, value in given.items() if value is not None}
    config = dataclasses.replace(case.config, **given)
    epochs, rate = arguments.epochs or case.epochs, arguments.rate or case.rate
    return dataclasses.replace(case, config=config, epochs=epochs, rate=rate)


def _run(name: str, arguments: argparse.Namespace, progress: Progress) -> list[dict]:
    case = _case(name, arguments)
    changes = {"scope": arguments.scope, "whole_kernel": arguments.whole_kernel}
    if arguments.penalty is not None:
        changes["penalty"] = arguments.penalty
    folder = arguments.checkpoints and make_folder(arguments.checkpoints)
    dataset = load_dataset(case.config.dataset, arguments.data)
    todo = points(arguments.methods)
    task = progress.add_task(name, total=arguments.seeds * len(todo))
    epochs = progress.add_task("epochs")
    runner = Runner(
        name,
        case,
        dataset,
        folder,
        changes,
        arguments.simulated,
        lambda *_: progress.advance(epochs),
    )
    rows = []
    for seed in range(arguments.seeds):
        start = runner.start(seed)
        for method, fraction in todo:
            rows.append(runner.point(start, seed, method, fraction))
            progress.advance(task)
    return rows


def main():
    arguments = _parser().parse_args()
    source = arguments.recorded or arguments.json
    rows = json.loads(source.read_text())["rows"] if source and source.exists() else []
    if not arguments.recorded:
        with Progress(console=Console(stderr=True)) as progress:
            for name in arguments.networks:
                mine = _run(name, arguments, progress)
                rows = [row for row in rows if row["network"] != name] + mine
    if arguments.json:
        record = {"rows": rows, "torch": torch.__version__, "margins": margins(rows)}
        write_file(arguments.json, json.dumps(record, indent=1, sort_keys=True) + "\n")
    if arguments.plot:
        plot(rows, arguments.plot)
    console = Console(width=130)
    console.print(table(rows))
    for network, at in margins(rows).items():
        for fraction, margin in at.items():
            console.print(f"{network}, {fraction}: wpc {100 * margin:+.2f} points against lasso")


if __name__ == "__main__":
    main()
