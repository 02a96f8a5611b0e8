"""Three widths of a network in one accelerator: cycles, accuracy, cells, and images in any order.

    python benchmarks/widths.py [--only CASE ...] [--data-dir FOLDER] [--json FILE]

Networks are trained with dynamic widths. Images run in Verilator at widths in random order; every
value of every layer has to equal the golden model of ``network.at(width)``, and every image has to
leave in the cycle that is predicted. ResNet-20 is that of the zoo.
"""

import argparse
import dataclasses
import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from threefold.files import write_file
from threefold.network import Network, load
from threefold.project import Project
from threefold.quant import PRESETS, Dataset, build, export, load_dataset, train
from threefold.quant.data import SOURCES
from threefold.sim import golden

RATIOS = (0.5, 0.25)
ZOO = Path(__file__).parents[1] / "zoo"


@dataclasses.dataclass(frozen=True)
class Case:
    """A network and its board.

    Attributes
    ----------
    preset : str
        Recipe of the training.
    board : str
    interval : int
        Cycles between images of the whole network.
    images : int
        Images that are simulated.
    places : bool
        Whether bitstreams with and without widths are built.
    zoo : bool
        Whether the network is that of the zoo, with logits, rather than trained here.
    """

    preset: str
    board: str
    interval: int
    images: int
    places: bool = True
    zoo: bool = False


CASES = {
    "digits": Case("digits", "icebreaker", 256, 360),
    "lenet-digits": Case("lenet-digits", "icebreaker", 2304, 90),
    "resnet20": Case("resnet20-jpeg-widths", "ulx3s_85f", 36_864, 6, places=False, zoo=True),
}


def main() -> None:
    run(__doc__, CASES, lambda name, data_dir: measure(CASES[name], data_dir), table)


def run(
    description: str,
    cases: Iterable[str],
    measure: Callable[[str, Path | None], dict],
    table: Callable[[str, dict], Table],
) -> None:
    """Measure cases, print their tables, and write the figures as JSON if asked."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--only", nargs="+", choices=cases, default=list(cases))
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", help="files of CIFAR-10")
    args = parser.parse_args()

    console = Console()
    record = json.loads(args.json.read_text()) if args.json and args.json.exists() else {}
    for name in args.only:
        record[name] = measure(name, args.data_dir)
        console.print(table(name, record[name]))
        if args.json:
            write_file(args.json, json.dumps(record, indent=1, sort_keys=True) + "\n")


def trained(case: Case, data_dir: Path | None) -> tuple[Network, Dataset]:
    """The network of a case with its widths, and its images."""
    config = PRESETS[case.preset]
    dataset = load_dataset(config.dataset, data_dir if config.dataset in SOURCES else None)
    if case.zoo:
        return load(ZOO / f"{case.preset.replace('-', '_')}.tern"), dataset
    config = dataclasses.replace(config, dynamic=RATIOS)
    model = build(config, dataset)
    train(model, dataset, config)
    return export(model, config.network), dataset


def measure(case: Case, data_dir: Path | None = None, seed: int = 0) -> dict:
    """Cycles, accuracies and cells of a case."""
    network, dataset = trained(case, data_dir)
    names = list(network.widths)
    images, labels = dataset.test_images, dataset.test_labels
    with tempfile.TemporaryDirectory() as folder:
        options = {"board": case.board, "interval": case.interval}
        several = Project.create(network, Path(folder, "several"), widths=names, **options)
        single = Project.create(network, Path(folder, "single"), **options)
        rng = np.random.default_rng(seed)
        order = rng.choice(["", *names], case.images).tolist()
        result = several.simulate(images[: case.images], widths=order)
        built = {}
        for kind, project in (("several", several), ("single", single)):
            if case.places:
                made = project.build()
                built[kind] = {"cells": made.utilization["lut"]["used"], "fmax_mhz": made.fmax_mhz}
        estimates = {
            kind: project.plan.resources(project.board.family)
            for kind, project in (("several", several), ("single", single))
        }
    widths = {}
    for number, name in enumerate(["whole", *names]):
        cycles = several.plan.cycles_at(number)
        part = network.at(name) if number else network
        figures = _recorded(network, name) if case.zoo else _evaluated(part, images, labels)
        widths[name] = {"latency": cycles.latency, "interval": cycles.interval, **figures}
    return {
        "board": case.board,
        "simulated": case.images,
        "beats_compared": result.beats,
        "seed": seed,
        "widths": widths,
        "interval_single": single.plan.cycles.interval,
        "built": built,
        "estimated": {
            kind: {"cells": round(each.cells), "bram": each.bram}
            for kind, each in estimates.items()
        },
    }


def _recorded(network: Network, width: str) -> dict:
    """The accuracy that came with a network of the zoo."""
    accuracy = network.provenance["accuracy"]
    return {"accuracy": {"whole": accuracy["integer"], **accuracy["widths"]}[width]}


def _evaluated(network: Network, images: np.ndarray, labels: np.ndarray) -> dict:
    """The accuracy of images held out, and which of them are right."""
    right = golden.classes(network, images) == labels
    return {
        "accuracy": float(np.mean(right)),
        "right": "".join(str(int(each)) for each in right),
    }


def table(name: str, figures: dict) -> Table:
    """Cycles and accuracy, a row for each width."""
    title = (
        f"{name}, {figures['board']}: {figures['simulated']} images in random order, 0 mismatches"
    )
    rows = Table("width", "interval", "latency", "accuracy", title=title, box=None)
    for width, each in figures["widths"].items():
        share = "–" if each["accuracy"] is None else f"{each['accuracy']:.2%}"
        rows.add_row(width, f"{each['interval']:,}", f"{each['latency']:,}", share)
    return rows


if __name__ == "__main__":
    main()
