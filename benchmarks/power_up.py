"""ResNet-20 of the zoo on an iCEBreaker, from power-up.

    python benchmarks/power_up.py --data-dir FOLDER [--only cycles | board | build] [--json FILE]

All layers take turns on one array, whose maps and program are in single-port RAM. Its cycles are
those of its Verilog, which are compared with the prediction. The board is simulated with its serial
line and a model of its flash: it reads the program image at power-up, and then takes held-out
images over the line, whose results are compared with the golden model. FILE keeps the figures of
the other parts.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress as Bars

from threefold import boards
from threefold.errors import MismatchError
from threefold.host import Session
from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.flash import FlashReader
from threefold.hw.interfaces.link import SerialLink
from threefold.hw.verilog import to_verilog
from threefold.network import Network, load
from threefold.plan import Folding, Plan, image_of
from threefold.planning import plan_for_board
from threefold.progress import Progress
from threefold.project import Project
from threefold.quant import load_dataset
from threefold.sim import golden
from threefold.sim.board import CYCLES_A_BIT, SimulatedBoard, compile_link
from threefold.sim.flash import SPIFlash
from threefold.sim.line import SimulatedLine
from threefold.sim.loading import simulate_loading

__all__ = ["ARRAY", "BOARD", "CLOCK_MHZ", "figures", "make_plan", "zoo_network"]

BOARD, ARRAY, CLOCK_MHZ = "icebreaker", Folding(4, 4, 4), 24.0
IMAGES, IMAGES_OF_CYCLES = 20, 3
ZOO = Path(__file__).parents[1] / "zoo"


def zoo_network() -> Network:
    """The ResNet-20 of the zoo."""
    return load(ZOO / "resnet20_jpeg.tern")


def make_plan(network: Network) -> Plan:
    """The network on an iCEBreaker, loadable."""
    return plan_for_board(
        network,
        BOARD,
        sequential={"conv1..fc1": ARRAY},
        memories={"conv1": "spram"},
        loadable=[],
    )


def figures(plan: Plan) -> dict:
    """What the plan says."""
    used = plan.resources(boards.get(BOARD).family)
    return {
        "program_bytes": len(image_of(plan)),
        "latency": plan.cycles.latency,
        "interval": plan.cycles.interval,
        "cells_estimated": round(used.cells),
        "bram_estimated": used.bram,
        "spram_estimated": used.spram,
    }


def held_out(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images that the network was not trained with, and their labels."""
    dataset = load_dataset("cifar10_jpeg", data)
    return dataset.test_images[:IMAGES].astype(np.int64), dataset.test_labels[:IMAGES]


def cycles(plan: Plan, images: np.ndarray, progress: Progress) -> dict:
    """Cycles of the accelerator's Verilog."""
    with tempfile.TemporaryDirectory() as folder:
        rtl = Path(folder) / "rtl.v"
        rtl.write_text(to_verilog(Accelerator(plan), plan.network.name))
        loads = [(plan.network, images[:IMAGES_OF_CYCLES])]
        (run,) = simulate_loading(plan, rtl, loads, Path(folder) / "sim", progress=progress)
    return {"images": run.images, "latency": run.latency, "interval": run.interval}


def from_power_up(plan: Plan, images: np.ndarray, labels: np.ndarray) -> dict:
    """Results of the simulated board, which are those of the golden model."""
    board, program, flash = boards.get(BOARD), image_of(plan), SPIFlash()
    flash.write(board.flash.offset, program)
    link = SerialLink.at(
        Accelerator(plan),
        clock_mhz=CLOCK_MHZ,
        baud=round(CLOCK_MHZ * 1e6 / CYCLES_A_BIT),
        flash=FlashReader.at(board.flash.offset, clock_mhz=CLOCK_MHZ),
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        SimulatedBoard(compile_link(link, folder), clock_mhz=CLOCK_MHZ, flash=flash) as simulated,
    ):
        simulated.run(26 * len(program))  # 24 cycles a byte, and what the flash takes to wake up
        session = Session(SimulatedLine(simulated, latency=2 * plan.cycles.latency), seed=0)
        begun = simulated.cycles
        results = dict(session.run(images.reshape(len(images), -1)))
        spent, said = simulated.cycles - begun, session.loaded
        faults = session.counters.faults
    classes = np.array([results[index] for index in range(len(images))])
    expected = golden.run(plan.network, images).reshape(classes.shape)
    if flash.faults or faults or said != int.from_bytes(program[-4:], "little"):
        raise MismatchError(f"flash or line had faults: {[*flash.faults, faults]}")
    if not np.array_equal(classes, expected):
        raise MismatchError(f"classes are {classes.tolist()}, not {expected.tolist()}")
    return {
        "images": len(images),
        "right": int((classes[:, 0] == labels).sum()),
        "cycles_on_the_line": spent,
    }


def built(plan: Plan, progress: Progress) -> dict:
    """What placing and routing gives."""
    with tempfile.TemporaryDirectory() as folder:
        result = Project(Path(folder), plan).build(
            clock_mhz=CLOCK_MHZ, timing_allow_fail=True, progress=progress
        )
    return {
        "clock_mhz": result.clock_mhz,
        "fmax_mhz": result.fmax_mhz,
        "utilization": result.utilization,
        "seconds": {tool: round(seconds) for tool, seconds in result.seconds.items()},
        "tools": result.tools,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", help="of cifar10_jpeg")
    parser.add_argument("--only", choices=["cycles", "board", "build"], help="one of the parts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as data")
    args = parser.parse_args()
    there = args.json is not None and args.json.exists()
    record = json.loads(args.json.read_text()) if there else {}
    plan = make_plan(zoo_network())
    record["plan"] = figures(plan)
    with Bars(console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=1.0)

        def tell(step: str, done: float) -> None:
            bar.update(task, completed=done, description=step)

        if args.only in (None, "cycles"):
            record["cycles"] = cycles(plan, held_out(args.data_dir)[0], tell)
        if args.only in (None, "board"):
            tell("board", 0.0)
            record["board"] = from_power_up(plan, *held_out(args.data_dir))
        if args.only in (None, "build"):
            record["build"] = built(plan, tell)
    Console().print_json(data=record)
    if args.json:
        args.json.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
