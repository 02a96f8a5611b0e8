"""The digits network, placed and routed for each board.

    python benchmarks/boards.py [--json FILE]

Trains the preset with seed 0, takes the foldings planned for the iCEBreaker on both boards, so
that the boards differ in nothing else, and simulates 100 held-out images.
"""

import argparse
import json
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import threefold
import threefold.cli
from threefold import quant
from threefold.network.file import load
from threefold.planning import plan_for_board

CLOCKS = {"icebreaker": 30.0, "ulx3s_85f": 100.0}
IMAGES = 100


def measure(board: str, network, data, foldings, folder: Path) -> dict:
    """Figures of one board."""
    project = threefold.Project.create(network, folder, board=board, foldings=foldings)
    project.simulate(data.test_images[:IMAGES], data.test_labels[:IMAGES])
    project.build(clock_mhz=CLOCKS[board], seeds=8)
    report = project.report()
    kept = ("board", "device", "clock_mhz", "fmax_mhz", "cycles", "latency_us")
    kept += ("inferences_per_second", "utilization", "tools")
    return {key: report[key] for key in kept}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as data")
    args = parser.parse_args()
    data = quant.digits()
    rows = []
    with Progress(console=Console(stderr=True)) as bar, tempfile.TemporaryDirectory() as folder:
        task = bar.add_task("train", total=1 + len(CLOCKS))
        threefold.cli.main(["train", "--preset", "digits", "-o", folder, "--quiet"])
        network = load(Path(folder, "network.tern"))  # of which a register holds the digest
        foldings = plan_for_board(network, fastest=True).foldings()
        for board in CLOCKS:
            bar.update(task, advance=1, description=board)
            rows.append(measure(board, network, data, foldings, Path(folder, board)))
        bar.update(task, advance=1)
    table = Table("board", "clock MHz", "Fmax MHz", "LUT", "FF", "block RAM", "DSP", "inferences/s")
    for row in rows:
        used = [f"{row['utilization'][key]['used']:,}" for key in ("lut", "ff", "bram", "dsp")]
        rate = f"{row['inferences_per_second']:,.0f}"
        table.add_row(row["board"], f"{row['clock_mhz']:g}", f"{row['fmax_mhz']:.1f}", *used, rate)
    Console().print(table)
    if args.json:
        folded = {name: str(f).replace("×", "x") for name, f in foldings.items()}
        content = {"boards": rows, "foldings": folded, "images": IMAGES}
        args.json.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
