"""Three widths of a network on one array that takes layers in turn: cycles, and what they store.

    python benchmarks/widths_in_turn.py [--only CASE ...] [--data-dir FOLDER] [--json FILE]

Networks are those of ``widths.py``. Images run in Verilator at widths in random order; every code
of every layer has to equal the golden model of ``network.at(width)``, and every image has to leave
in the cycle that is predicted.
"""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
from rich.table import Table
from widths import CASES as TRAINED
from widths import run, trained

from threefold.plan import Folding
from threefold.plan.sequential import Contents, Field
from threefold.plan.units.sequential import SequentialUnit
from threefold.project import Project


@dataclasses.dataclass(frozen=True)
class Case:
    """A network of ``widths.py`` on one array.

    Attributes
    ----------
    sequential : dict
        Layers in turn and the folding of their array, as :meth:`Project.create` takes them.
    images : int
        Images that are simulated.
    """

    sequential: dict[str, Folding | None]
    images: int


CASES = {
    "digits": Case({"fc1..fc3": None}, 360),
    "resnet20": Case({"conv1..fc1": Folding(8, 4, 4)}, 6),
}


def main() -> None:
    run(__doc__, CASES, measure, table)


def measure(name: str, data_dir: Path | None = None, seed: int = 0) -> dict:
    """Cycles and stored bits of a case."""
    case, of = CASES[name], TRAINED[name]
    network, dataset = trained(of, data_dir)
    names = list(network.widths)
    images = dataset.test_images[: case.images]
    with tempfile.TemporaryDirectory() as folder:
        options = {"board": of.board, "sequential": case.sequential}
        several = Project.create(network, Path(folder, "several"), widths=names, **options)
        single = Project.create(network, Path(folder, "single"), **options)
        order = np.random.default_rng(seed).choice(["", *names], case.images).tolist()
        result = several.simulate(images, widths=order)
        plans = {"several": several.plan, "single": single.plan}
        estimates = {kind: plan.resources(several.board.family) for kind, plan in plans.items()}
    widths = {}
    for number, width in enumerate(["whole", *names]):
        cycles = several.plan.cycles_at(number)
        widths[width] = {"latency": cycles.latency, "interval": cycles.interval}
    return {
        "board": of.board,
        "array": several.plan.units[0].folding_words,
        "simulated": case.images,
        "beats_compared": result.beats,
        "seed": seed,
        "widths": widths,
        "interval_single": single.plan.cycles.interval,
        "stored": {kind: stored(plan.units[0]) for kind, plan in plans.items()},
        "estimated": {
            kind: {"cells": round(each.cells), "bram": each.bram}
            for kind, each in estimates.items()
        },
    }


def stored(unit: SequentialUnit) -> dict[str, int]:
    """Bits of what an array works by, memory by memory."""
    contents: Contents = unit.contents
    return {
        "weights": unit.weight_bits,
        "tiles": _bits(contents.tiles),
        "thresholds": contents.thresholds.size * contents.accumulator_bits,
        "descriptors": _bits(contents.descriptors),
    }


def _bits(fields: tuple[Field, ...]) -> int:
    return sum(field.bits * len(field.values) for field in fields if not field.constant)


def table(name: str, figures: dict) -> Table:
    """Cycles, a row for each width."""
    title = (
        f"{name}, {figures['array']}, {figures['board']}: {figures['simulated']} images in random "
        f"order, 0 mismatches"
    )
    rows = Table("width", "interval", "latency", title=title, box=None)
    for width, each in figures["widths"].items():
        rows.add_row(width, f"{each['interval']:,}", f"{each['latency']:,}")
    return rows


if __name__ == "__main__":
    main()
