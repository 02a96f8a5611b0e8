"""Convolutional networks planned, simulated, placed and routed for boards.

    python benchmarks/networks_on_boards.py [CASE ...] [--only simulation | build] [--json FILE]

ResNet-20 has random weights or is that of the zoo, LeNet is trained with seed 0. Two images are
simulated against the golden model, or as many as it takes to measure the interval. Seeds are tried
until one holds the clock; the fastest is kept. FILE keeps its figures of cases that are not named,
and of the other part. ResNet-20 takes a quarter of an hour for each seed, the fastest three hours.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
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
from threefold.project import Project

__all__ = ["CASES", "Case", "measure"]

PARTS = ("simulation", "build")
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
    nextpnr_options : str
        What nextpnr is told besides.
    """

    network: Callable[[], Network]
    board: str
    clock_mhz: float
    interval: int | None = None
    seeds: int = 1
    nextpnr_options: str = ""


SPREAD = "--placer static --router router2 --tmg-ripup"
"""Of a device that is nearly full, where what the default placer packs closely is not routed; arcs
that are late are routed again until all hold the clock, so one that is held has to be asked for."""

CASES = {
    "resnet20": Case(references.resnet20, "ulx3s_85f", 100.0, interval=36_864, seeds=4),
    "resnet20_fast": Case(references.resnet20, "ulx3s_85f", 100.0, interval=18_432, seeds=1),
    "resnet20_fastest": Case(
        resnet20_jpeg, "ulx3s_85f", 75.0, interval=9_216, nextpnr_options=SPREAD
    ),
    "resnet20_smallest": Case(references.resnet20, "ulx3s_45f", 100.0, seeds=2),
    "lenet": Case(trained_lenet, "icebreaker", 30.0),
}


def planned(name: str, folder: Path) -> Project:
    """The project of a case."""
    case = CASES[name]
    speed = {"fastest": True} if case.interval is None else {"interval": case.interval}
    return Project.create(case.network(), folder, board=case.board, **speed)


def simulated(project: Project, progress: Progress) -> dict:
    """Cycles as measured, every image equal to the golden model."""
    network = project.plan.network
    count = max(2, project.plan.cycles.images)
    images = references.random_images(network.input, count, seed=1)
    cycles = project.simulate(images, progress=progress).cycles
    return {"latency": cycles.latency, "interval": cycles.interval, "images": count}


def built(project: Project, case: Case, progress: Progress) -> dict:
    """What placing and routing gives."""
    result = project.build(
        clock_mhz=case.clock_mhz,
        seeds=case.seeds,
        nextpnr_options=case.nextpnr_options,
        timing_allow_fail=True,
        progress=progress,
    )
    return {
        "network": project.plan.network.name,
        "board": result.board,
        "foldings": {key: [each.pe, each.simd] for key, each in project.plan.foldings().items()},
        "clock_mhz": result.clock_mhz,
        "fmax_mhz": result.fmax_mhz,
        "fmax_by_seed": result.fmax_by_seed,
        "seed": result.seed,
        "utilization": result.utilization,
        "seconds": {tool: round(seconds) for tool, seconds in result.seconds.items()},
        "tools": result.tools,
    }


def measure(name: str, folder: Path, progress: Progress, parts: Sequence[str] = PARTS) -> dict:
    """Figures of one case, or of parts of them."""
    project, row = planned(name, folder), {"case": name}
    if "simulation" in parts:
        row |= simulated(project, progress)
    if "build" in parts:
        row |= built(project, CASES[name], progress)
    return row


def keep(path: Path, row: dict) -> dict:
    """Write a case to a file that may hold others, or the other part of it; what it holds then."""
    rows = json.loads(path.read_text())["rows"] if path.exists() else []
    by_case = {row["case"]: row for row in rows}
    whole = by_case[row["case"]] = by_case.get(row["case"], {}) | row
    rows = [rated(by_case[case]) for case in CASES if case in by_case]
    path.write_text(json.dumps({"rows": rows}, indent=1, sort_keys=True) + "\n")
    return whole


def rated(row: dict) -> dict:
    """Figures with images a second, if both parts of them are there."""
    if row.keys() >= {"fmax_mhz", "interval"}:
        row["images_per_second"] = row["fmax_mhz"] * 1e6 / row["interval"]
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--only", choices=PARTS, help="the other part is left out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as data")
    args = parser.parse_args()
    if unknown := set(args.cases) - set(CASES):
        parser.error(f"no case is named {', '.join(sorted(unknown))}; cases are {', '.join(CASES)}")
    parts = [args.only] if args.only else PARTS
    rows = []
    with Bars(console=Console(stderr=True)) as bar:
        for name in args.cases or CASES:
            task = bar.add_task(name, total=1.0)

            def tell(step: str, done: float, name=name, task=task) -> None:
                bar.update(task, completed=done, description=f"{name}: {step}")

            with tempfile.TemporaryDirectory() as folder:
                row = rated(measure(name, Path(folder), tell, parts))
            rows.append(keep(args.json, row) if args.json else row)
    Console().print(table(rows))


def table(rows: Sequence[dict]) -> Table:
    """What is known of each case."""
    shown = Table("case", "board", "clock MHz", "Fmax MHz", "interval", "images/s", "LUT", "BRAM")
    for row in rows:
        used = [row.get("utilization", {}).get(key, {}).get("used") for key in ("lut", "bram")]
        keys = "clock_mhz", "fmax_mhz", "interval", "images_per_second"
        cells = zip(("g", ".1f", ",", ",.0f"), map(row.get, keys), strict=True)
        figures = ["" if value is None else format(value, form) for form, value in cells]
        blocks = ["" if value is None else f"{value:,}" for value in used]
        shown.add_row(row["case"], CASES[row["case"]].board, *figures, *blocks)
    return shown


if __name__ == "__main__":
    main()
