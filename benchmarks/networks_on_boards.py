"""Convolutional networks planned, simulated, placed and routed for boards.

    python benchmarks/networks_on_boards.py [CASE ...] [--json FILE]

ResNet-20 has random weights, LeNet is trained with seed 0. Two images are simulated against the
golden model, or as many as it takes to measure the interval. Seeds are tried until one holds the
clock; the fastest is kept. FILE keeps its figures of cases that are not named. ResNet-20 takes a
quarter of an hour for each seed.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress as Bars
from rich.table import Table

import threefold
from threefold import quant, references
from threefold.network import Network
from threefold.progress import Progress

__all__ = ["CASES", "Case", "measure"]

ZOO = Path(__file__).parents[1] / "zoo"


def trained_lenet() -> Network:
    """The network of ``threefold train --preset lenet-digits``."""
    data, config = quant.digit_maps(), quant.PRESETS["lenet-digits"]
    model = quant.build(config, data)
    quant.train(model, data, config)
    return quant.export(model, "lenet_digits", {"tools": {"torch": torch.__version__}}, argmax=True)


def resnet20_jpeg() -> Network:
    """The network of the zoo."""
    return threefold.load(ZOO / "resnet20_jpeg.tern")


@dataclass(frozen=True)
class Case:
    """A network on a board.

    Parameters
    ----------
    network : callable
        Makes the network.
    board : str
    clock_mhz : float
    interval : int, optional
        Cycles between images to plan for; the fewest that fit if left out.
    seeds : int
        Placements to try at most.
    """

    network: Callable[[], Network]
    board: str
    clock_mhz: float
    interval: int | None = None
    seeds: int = 1


CASES = {
    "resnet20": Case(references.resnet20, "ulx3s_85f", 100.0, interval=36_864, seeds=4),
    "resnet20_fast": Case(references.resnet20, "ulx3s_85f", 100.0, interval=18_432, seeds=1),
    "resnet20_fastest": Case(resnet20_jpeg, "ulx3s_85f", 80.0, interval=9_216, seeds=1),
    "resnet20_smallest": Case(references.resnet20, "ulx3s_45f", 100.0, seeds=2),
    "lenet": Case(trained_lenet, "icebreaker", 30.0),
}


def measure(name: str, folder: Path, progress: Progress) -> dict:
    """Figures of one case."""
    case = CASES[name]
    network = case.network()
    speed = {"fastest": True} if case.interval is None else {"interval": case.interval}
    project = threefold.Project.create(network, folder, board=case.board, **speed)
    count = max(2, project.plan.cycles.images)
    images = references.random_images(network.input, count, seed=1)
    result = project.simulate(images)
    built = project.build(
        clock_mhz=case.clock_mhz, seeds=case.seeds, timing_allow_fail=True, progress=progress
    )
    interval = result.cycles.interval
    return {
        "case": name,
        "network": network.name,
        "board": built.board,
        "foldings": {key: [each.pe, each.simd] for key, each in project.plan.foldings().items()},
        "clock_mhz": built.clock_mhz,
        "fmax_mhz": built.fmax_mhz,
        "fmax_by_seed": built.fmax_by_seed,
        "seed": built.seed,
        "latency": result.cycles.latency,
        "interval": interval,
        "images": count,
        "images_per_second": built.fmax_mhz * 1e6 / interval,
        "utilization": built.utilization,
        "seconds": {tool: round(seconds) for tool, seconds in built.seconds.items()},
        "tools": built.tools,
    }


def keep(path: Path, row: dict) -> None:
    """Write a case to a file that may hold others."""
    rows = json.loads(path.read_text())["rows"] if path.exists() else []
    by_case = {row["case"]: row for row in [*rows, row]}
    rows = [by_case[case] for case in CASES if case in by_case]
    path.write_text(json.dumps({"rows": rows}, indent=1, sort_keys=True) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as data")
    args = parser.parse_args()
    if unknown := set(args.cases) - set(CASES):
        parser.error(f"no case is named {', '.join(sorted(unknown))}; cases are {', '.join(CASES)}")
    rows = []
    with Bars(console=Console(stderr=True)) as bar:
        for name in args.cases or CASES:
            task = bar.add_task(name, total=1.0)

            def tell(step: str, done: float, name=name, task=task) -> None:
                bar.update(task, completed=done, description=f"{name}: {step}")

            with tempfile.TemporaryDirectory() as folder:
                rows.append(measure(name, Path(folder), tell))
            if args.json:
                keep(args.json, rows[-1])
    table = Table("case", "board", "clock MHz", "Fmax MHz", "interval", "images/s", "LUT", "BRAM")
    for row in rows:
        used = [f"{row['utilization'][key]['used']:,}" for key in ("lut", "bram")]
        clocks = f"{row['clock_mhz']:g}", f"{row['fmax_mhz']:.1f}"
        speed = f"{row['interval']:,}", f"{row['images_per_second']:,.0f}"
        table.add_row(row["case"], row["board"], *clocks, *speed, *used)
    Console().print(table)


if __name__ == "__main__":
    main()
