"""The digits network of the zoo as a bitstream of every board.

    python benchmarks/every_board.py [BOARD ...] [--json FILE]

Each is planned, placed and routed as ``threefold plan`` and ``threefold build`` do unless told
otherwise: the default plan of the board, its default clock and seed 1. FILE is written after each
board, and keeps its rows of others. A GateMate takes the longest.
"""

import argparse
import json
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

import threefold
from threefold import boards
from threefold.network import Network, load

__all__ = ["NETWORK", "keep", "measure"]

NETWORK = Path(__file__).parents[1] / "zoo" / "digits.tern"


def measure(board: str, network: Network) -> dict:
    """Figures of one board, as a row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        project = threefold.Project.create(network, folder, board=board)
        built = project.build(timing_allow_fail=True)
        interval = project.plan.cycles.interval
        size = built.bitstream.stat().st_size
    flow = boards.BOARDS[board].family.flow
    return {
        "board": board,
        "device": boards.BOARDS[board].device.name,
        "family": boards.BOARDS[board].family.title,
        "foldings": {key: [each.pe, each.simd] for key, each in project.plan.foldings().items()},
        "interval": interval,
        "clock_mhz": built.clock_mhz,
        "fmax_mhz": round(built.fmax_mhz, 1),
        "utilization": built.utilization,
        "bytes": size,
        "place_seconds": round(built.seconds[flow.nextpnr.name]),
        "seconds": round(sum(built.seconds.values())),
        "tools": built.tools,
    }


def keep(path: Path, row: dict) -> None:
    """Write a row to a file that may hold others."""
    rows = json.loads(path.read_text())["rows"] if path.exists() else []
    by_board = {each["board"]: each for each in [*rows, row]}
    rows = [by_board[name] for name in boards.BOARDS if name in by_board]
    path.write_text(json.dumps({"rows": rows}, indent=1, sort_keys=True) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("boards", nargs="*", metavar="BOARD", help="all if none is named")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    args = parser.parse_args()
    for name in args.boards:
        if name not in boards.BOARDS:
            parser.error(str(boards.no_board(name)))
    network = load(NETWORK)
    table = Table("board", "clock MHz", "Fmax MHz", "logic cells", "block RAM", "seconds to place")
    for name in track(args.boards or list(boards.BOARDS), console=Console(stderr=True)):
        row = measure(name, network)
        used = [f"{row['utilization'][key]['used']:,}" for key in ("lut", "bram")]
        clocks = f"{row['clock_mhz']:g}", f"{row['fmax_mhz']:.1f}"
        table.add_row(name, *clocks, *used, str(row["place_seconds"]))
        if args.json:
            keep(args.json, row)
    Console().print(table)


if __name__ == "__main__":
    main()
