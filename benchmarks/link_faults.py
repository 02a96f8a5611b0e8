"""Faults on the serial link of a simulated board, and how the host gets over them.

    python benchmarks/link_faults.py [--each N] [--json FILE]

Each fault happens once while some images are on their way; then all of them must have been answered
as the golden model answers them. ``counted`` are faults that the board or the host has counted,
and ``harmless`` those that cost nothing, so that there was nothing to count. ``extra_cycles`` is
what the slowest took longer than without a fault, in cycles of a clock that is 8 times the rate of
the line.
"""

import argparse
import json
import random
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from threefold.boards import get
from threefold.host.session import Session
from threefold.network import Codes, Dense, Logits, Network, Tensor
from threefold.plan import Plan, fit
from threefold.sim import golden
from threefold.sim.board import SimulatedBoard, compile_board
from threefold.sim.faulty_line import FAULTS, FaultyLine, UnpluggedError

# Small, with codes and logits among which are flags and escapes.
NETWORK = Network.chain(
    "line",
    Tensor((1, 1, 6), Codes.unsigned(8)),
    [
        ("fc1", Dense([[1, -1, 0, 1, 0, 0], [0, 1, 1, 0, -1, 1], [-1, 0, 0, 1, 1, 0]])),
        ("out", Logits([0, 5, -9])),
    ],
)
CLOCK_MHZ = 30.0
IMAGES = 6  # at each fault
POOL = 500


class Campaign:
    """Faults on the line to one board.

    Parameters
    ----------
    board : SimulatedBoard
    images : array of int, shape (images, inputs)
    expected : array of int, shape (images, outputs)
        What the golden model gives.
    seed : int
    """

    def __init__(self, board: SimulatedBoard, images, expected, *, seed: int = 0):
        self._board = board
        self._images, self._expected = images, expected
        self._random = random.Random(seed)
        self._line = FaultyLine(board, seed=seed)
        self._open()
        self._clean, _, _ = self._run()
        self._bytes = IMAGES * (images.shape[1] + 9)  # to the board, at least

    def _open(self):
        self._session = Session(self._line, seed=self._random.getrandbits(32))
        self._before = self._counted()

    def _counted(self) -> tuple[int, ...]:
        """Counters of the board, and of the host."""
        board = [self._session.read(name) for name in ("FRAMES_BAD", "OVERRUNS")]
        return (*board, self._session.counters.faults)

    def _run(self) -> tuple[int, int, bool]:
        """Cycles that some images take, how many of them are wrong, and whether the plug stayed."""
        begin, plugged = self._board.cycles, True
        chosen = np.array([self._random.randrange(len(self._images)) for _ in range(IMAGES)])
        results = {}
        try:
            results = dict(self._session.run(self._images[chosen]))
        except UnpluggedError:
            plugged = False
            self._session = Session(self._line, seed=self._random.getrandbits(32))
            results = dict(self._session.run(self._images[chosen]))
        wrong = sum(
            results.get(index) != list(self._expected[image]) for index, image in enumerate(chosen)
        )
        return self._board.cycles - begin, wrong, plugged

    def happen(self, name: str) -> dict[str, int]:
        """Let one fault happen; what came of it, as numbers to be added up."""
        to_host = FAULTS[name][0] == "read"
        self._line.arm(name, within=IMAGES * 10 if to_host else self._bytes)
        wrong = 0
        while not self._line.happened:  # again if there were fewer bytes
            cycles, more, plugged = self._run()
            wrong += more
        self._line.disarm()
        counted = self._counted()
        noticed = not plugged or counted != self._before
        self._before = counted
        extra = max(0, cycles - self._clean)
        return {"faults": 1, "counted": int(noticed), "wrong": wrong, "extra_cycles": extra}


def measure(plan: Plan, folder: Path, each: int, *, seed: int = 0) -> list[dict]:
    """Faults of each kind, as rows of the table."""
    rng = np.random.default_rng(seed)
    network = plan.network
    images = rng.integers(0, network.input.codes.max_code + 1, (POOL, *network.input.shape))
    expected = golden.run(network, images).reshape(POOL, -1)
    library, rows = compile_board(plan, folder, clock_mhz=CLOCK_MHZ), []
    with SimulatedBoard(library, clock_mhz=CLOCK_MHZ) as board:
        campaign = Campaign(board, images.reshape(POOL, -1), expected, seed=seed)
        for name in track(FAULTS, console=Console(stderr=True)):
            found = [campaign.happen(name) for _ in range(each)]
            row = {key: sum(one[key] for one in found) for key in ("faults", "counted", "wrong")}
            uncounted = [one["extra_cycles"] for one in found if not one["counted"]]
            most = max(one["extra_cycles"] for one in found)
            rows.append(
                {
                    "fault": name,
                    **row,
                    "harmless": len(uncounted),
                    "extra_cycles": most,
                    "uncounted_extra_cycles": max(uncounted, default=0),
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--each", type=int, default=420, help="faults of each kind (420)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where figures go")
    args = parser.parse_args()
    plan = fit(NETWORK, get("icebreaker").device)
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(plan, Path(folder), args.each)
    table = Table("fault", "faults", "counted", "harmless", "wrong", "extra cycles")
    for row in rows:
        table.add_row(
            *(
                f"{row[key]:,}" if key != "fault" else row[key]
                for key in ("fault", "faults", "counted", "harmless", "wrong", "extra_cycles")
            )
        )
    Console().print(table)
    if args.json:
        args.json.write_text(json.dumps({"images": IMAGES, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
