"""Faults on the serial link of a simulated board while a network is loaded into it.

    python benchmarks/load_faults.py [--each N] [--json FILE]

Each fault happens once while a program image is on its way. In the end the board must have that
image, and answer all images as the golden model of its network does. ``again`` are loads of which a
part was sent again, and ``wrong`` those after which the board has another network, or an answer is
wrong.
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

from threefold.host.program_image import crc_of
from threefold.host.session import Session
from threefold.network import Codes, Conv, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Plan, image_of
from threefold.planning import plan_for_board
from threefold.sim import golden
from threefold.sim.board import SimulatedBoard, compile_board
from threefold.sim.faulty_line import FAULTS, FaultyLine, UnpluggedError

CLOCK_MHZ = 30.0
IMAGES = 4  # behind each load
ANSWER_BYTES = 200  # of the board, during a load


def network(seed: int) -> Network:
    """A small network; those of all seeds suit the same hardware, and end in the same layer."""
    rng = np.random.default_rng(seed)
    ops = []
    for number, (filters, channels) in enumerate(((8, 2), (8, 8)), 1):
        conv = Conv(rng.integers(-1, 2, (filters, 3, 3, channels)), padding=(1, 1, 1, 1))
        ops.append((f"conv{number}", conv))
        thresholds = np.sort(rng.integers(-9, 10, (filters, 3)), axis=1)
        ops.append((f"act{number}", Threshold(thresholds)))
    weights = np.random.default_rng(0).integers(-1, 2, (3, 72))
    ops += [("fc", Dense(weights, (3, 3, 8))), ("out", Logits([0, 5, -9]))]
    return Network.chain(f"line{seed}", Tensor((3, 3, 2), Codes.unsigned(2)), ops)


NETWORKS = [network(seed) for seed in range(3)]


def make_plan() -> Plan:
    """A plan with room for all of them."""
    return plan_for_board(NETWORKS[0], "icebreaker", loadable=NETWORKS[1:])


class Campaign:
    """Faults while networks are loaded into one board.

    Parameters
    ----------
    board : SimulatedBoard
    plan : Plan
    seed : int
    """

    def __init__(self, board: SimulatedBoard, plan: Plan, *, seed: int = 0):
        self._random = random.Random(seed)
        self._line = FaultyLine(board, seed=seed)
        self._session = Session(self._line, seed=seed)
        self._programs = [image_of(plan, each) for each in NETWORKS]
        rng = np.random.default_rng(seed)
        images = rng.integers(0, 4, (IMAGES, *NETWORKS[0].input.shape))
        self._images = images.reshape(IMAGES, -1)
        self._expected = [golden.run(each, images).reshape(IMAGES, -1) for each in NETWORKS]

    def happen(self, name: str) -> dict[str, int]:
        """Let one fault happen; what came of it, as numbers to be added up."""
        to_host, loads, again, wrong = FAULTS[name][0] == "read", 0, 0, 0
        number = self._random.randrange(len(NETWORKS))
        program = self._programs[number]
        self._line.arm(name, within=ANSWER_BYTES if to_host else len(program))
        while not self._line.happened:  # again if there were fewer bytes
            before = self._session.counters.lost
            try:
                self._session.load(program)
            except UnpluggedError:
                self._session = Session(self._line, seed=self._random.getrandbits(32))
                before = -1
                self._session.load(program)
            loads, again = loads + 1, again + (self._session.counters.lost != before)
        self._line.disarm()
        results = dict(self._session.run(self._images))
        right = [results[index] for index in range(IMAGES)] == self._expected[number].tolist()
        wrong = not right or self._session.loaded != crc_of(program)
        return {"faults": 1, "loads": loads, "again": again, "wrong": int(wrong)}


def measure(plan: Plan, folder: Path, each: int, *, seed: int = 0) -> list[dict]:
    """Faults of each kind, as rows of the table."""
    library, rows = compile_board(plan, folder, clock_mhz=CLOCK_MHZ), []
    with SimulatedBoard(library, clock_mhz=CLOCK_MHZ) as board:
        campaign = Campaign(board, plan, seed=seed)
        for name in track(FAULTS, console=Console(stderr=True)):
            found = [campaign.happen(name) for _ in range(each)]
            sums = {key: sum(one[key] for one in found) for key in found[0]}
            rows.append({"fault": name, **sums})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--each", type=int, default=100, help="faults of each kind (100)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where figures go")
    args = parser.parse_args()
    plan = make_plan()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(plan, Path(folder), args.each)
    table = Table("fault", "faults", "loads", "again", "wrong")
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)
    if args.json:
        record = {"bytes": len(image_of(plan)), "images": IMAGES, "rows": rows}
        args.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
