"""Reference architectures, simulated, placed and routed for boards.

    python benchmarks/networks_on_boards.py [NAME ...] [--json FILE]

Networks are those of ``threefold.zoo`` with random weights, planned for an interval. Figures of
networks that are not named stay as they are recorded in FILE.
"""

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

import threefold
from threefold import zoo

__all__ = ["CASES", "Case", "main", "measure"]


@dataclass(frozen=True)
class Case:
    """A network for a board.

    Parameters
    ----------
    network : str
        Function of ``threefold.zoo``.
    board : str
    clock_mhz : float
        Frequency asked.
    interval : int, optional
        Cycles between images that the plan keeps; the shortest that fits if left out.
    placer : str
        Of nextpnr; empty for its default.
    seeds : int
        Placements to try until one holds the clock.
    """

    network: str
    board: str
    clock_mhz: float
    interval: int | None = None
    placer: str = ""
    seeds: int = 4


CASES = {
    "lenet": Case("lenet", "icebreaker", 24, interval=30000),
    "resnet20": Case("resnet20", "ulx3s_85f", 100, interval=40000, placer="static"),
    "resnet20_small": Case("resnet20", "ulx3s_45f", 50, placer="static"),
}


def measure(case: Case, folder: Path) -> dict:
    """Figures of one case; the clock may be missed, which they then tell."""
    network = getattr(zoo, case.network)()
    project = threefold.Project.create(network, folder, board=case.board, interval=case.interval)
    images = zoo.random_images(network.input, project.plan.cycles.images, 0)
    project.simulate(images)
    options = f"--placer {case.placer}" if case.placer else ""
    project.build(
        clock_mhz=case.clock_mhz,
        seeds=case.seeds,
        nextpnr_options=options,
        timing_allow_fail=True,
    )
    report = project.report()
    kept = ("board", "device", "clock_mhz", "fmax_mhz", "cycles", "utilization", "tools")
    figures = {key: report[key] for key in kept}
    interval = report["cycles"]["interval"]
    figures["images_per_second_at_fmax"] = round(report["fmax_mhz"] * 1e6 / interval)
    figures["network"] = case.network
    figures["images"] = len(images)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CASES)}; all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as data")
    args = parser.parse_args()
    rows = json.loads(args.json.read_text()) if args.json and args.json.exists() else {}
    for name in args.names or CASES:
        with tempfile.TemporaryDirectory() as folder:
            rows[name] = measure(CASES[name], Path(folder))
        if args.json:
            args.json.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n")
    table = Table("network", "board", "Fmax MHz", "LUT", "FF", "block RAM", "images/s at Fmax")
    for row in rows.values():
        used = [f"{row['utilization'][key]['used']:,}" for key in ("lut", "ff", "bram")]
        rate = f"{row['images_per_second_at_fmax']:,}"
        table.add_row(row["network"], row["board"], f"{row['fmax_mhz']:.1f}", *used, rate)
    Console().print(table)


if __name__ == "__main__":
    main()
