"""Convolutional networks of random weights, generated, and simulated against the golden model.

    python benchmarks/convolutions.py [NETWORK ...] [--json FILE]

Each network is simulated without stalls until its interval is steady, and with stalls in 30 % of
the cycles on both sides for two images. FILE keeps its figures of networks that are not named.
Seconds are of processor time, since other processes may run beside.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from unittest import mock

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from simulation_speed import conditions

from threefold import references
from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.network import Network
from threefold.plan import Folding, Plan, Schedule, fold, lower
from threefold.plan.layers import ConvLayer
from threefold.sim import simulate as simulation
from threefold.sim.bench import LOG, Events
from threefold.sim.simulate import SimulationResult, simulate
from threefold.sim.streams import Stream

__all__ = ["CASES", "Case", "folded", "inside", "measure"]

STALLS, STALLED_IMAGES = 0.3, 2
LEAST_CYCLES = 600_000  # of a run whose speed is taken
BALANCED = 36_864
"""Cycles that every layer of ResNet-20 takes but the first and the last."""


def _resnet(network: Network) -> dict[str, Folding]:
    """64 lanes where a layer has 2.4 M MACs, 32 where it has half as many."""
    chosen = {"stem": Folding(16, 3), "classes": Folding(1, 1)}
    for layer in lower(network):
        if isinstance(layer, ConvLayer) and layer.name not in chosen:
            chosen[layer.name] = Folding(layer.macs // BALANCED // 8, 8)
    return chosen


def _given(**foldings: tuple[int, int]) -> Callable[[Network], dict[str, Folding]]:
    return lambda _: {name: Folding(*sizes) for name, sizes in foldings.items()}


@dataclass(frozen=True)
class Case:
    """A network and its foldings.

    Parameters
    ----------
    network : callable
        Makes the network.
    foldings : callable
        Gives the folding of each layer, by name.
    """

    network: Callable[[], Network]
    foldings: Callable[[Network], dict[str, Folding]]


_LENET = _given(conv1=(6, 1), conv2=(2, 6), dense1=(1, 4), dense2=(1, 1), classes=(1, 1))
_CNV = _given(
    conv1=(16, 3),
    conv2=(16, 32),
    conv3=(16, 16),
    conv4=(16, 16),
    conv5=(8, 8),
    conv6=(4, 4),
    dense1=(2, 2),
    dense2=(2, 4),
    classes=(1, 1),
)
_DS_CNN = _given(
    conv=(32, 1),
    **{f"depthwise{number}": (8, 1) for number in range(1, 5)},
    **{f"pointwise{number}": (8, 8) for number in range(1, 5)},
    classes=(1, 1),
)
CASES = {
    "lenet": Case(references.lenet, _LENET),
    "cnv": Case(references.cnv, _CNV),
    "resnet20_4bit": Case(lambda: references.resnet20(bits=4), _resnet),
    "resnet20_2bit": Case(lambda: references.resnet20(bits=2), _resnet),
    "ds_cnn": Case(references.ds_cnn, _DS_CNN),
    "tiny_conv": Case(references.tiny_conv, _given(conv1=(8, 1), conv2=(4, 8), classes=(1, 1))),
}
UNCHECKED = "resnet20_4bit"
"""The network that is simulated without comparing anything between input and output as well."""


def folded(name: str) -> Plan:
    """The plan of a case."""
    network = CASES[name].network()
    return fold(network, CASES[name].foldings(network))


def inside(schedule: Schedule) -> int:
    """Tile cycles of an image whose word lies within the map, not in its padding."""
    window = schedule.layer.window
    counts = []
    for axis, padding in ((0, window.padding[0]), (1, window.padding[1])):
        corners = np.arange(window.out[axis]) * window.stride[axis] - padding
        places = corners[:, None] + np.arange(window.kernel[axis])
        counts.append(((places >= 0) & (places < window.shape[axis])).sum(axis=0))
    _, row, column, _ = schedule.tiles.T
    return int((counts[0][row] * counts[1][column]).sum())


class Stopwatch:
    """Processor seconds of this process and of those it waited for, and seconds of the clock."""

    def __init__(self):
        self._began = self._now()

    def lap(self) -> np.ndarray:
        """Own, others' and the clock's seconds since the last lap."""
        now = self._now()
        lap, self._began = now - self._began, now
        return lap

    @staticmethod
    def _now() -> np.ndarray:
        uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return np.array([*(use.ru_utime + use.ru_stime for use in uses), time.perf_counter()])


def generate(name: str, folder: Path) -> tuple[Plan, Path, dict]:
    """Plan and Verilog of a case, and the seconds of each step from network to Verilog."""
    case = CASES[name]
    network = case.network()
    watch = Stopwatch()
    plan = fold(network, case.foldings(network))
    planned = watch.lap()
    rtl = folder / "design.v"
    rtl.write_text(to_verilog(Accelerator(plan), network.name))
    written = watch.lap()
    seconds = {
        "plan": planned[0],
        "amaranth": written[0],
        "yosys": written[1],
        "all": planned[0] + written[0] + written[1],
        "clock": planned[2] + written[2],
    }
    return plan, rtl, {key: round(value, 1) for key, value in seconds.items()}


@dataclass
class Runs:
    """Simulations of one design in one folder, which is compiled by the first of them."""

    plan: Plan
    rtl: Path
    folder: Path

    def run(self, count: int, stalls: float = 0.0) -> tuple[SimulationResult, float, float, float]:
        """Result, cycles, processor seconds of the simulation itself, and of all else."""
        images = references.random_images(self.plan.network.input, count, seed=1)
        watch = Stopwatch()
        result = simulate(self.plan, self.rtl, images, self.folder, stalls=stalls)
        _, others, _ = watch.lap()
        cycles = Events.read(self.folder / LOG).cycles
        seconds = json.loads((self.folder / "result.json").read_text())["cpu_seconds"]
        return result, cycles, seconds, others - seconds


def measure(name: str, folder: Path) -> dict:
    """Figures of one network, as a row of the table."""
    plan, rtl, generation = generate(name, folder)
    runs = Runs(plan, rtl, folder / "sim")
    stalled, *_, compiling = runs.run(STALLED_IMAGES, STALLS)
    count = max(plan.cycles.images, ceil(LEAST_CYCLES / plan.cycles.interval))
    result, cycles, seconds, overhead = runs.run(count)
    schedules = plan.schedules
    busiest = max(each.cycles for each in schedules.values())
    interval = result.cycles.interval
    shares = [inside(each) / interval for each in schedules.values() if each.cycles == busiest]
    row = {
        "network": name,
        "engines": len(schedules),
        "lanes": sum(each.folding.lanes for each in schedules.values()),
        "foldings": {key: [each.pe, each.simd] for key, each in plan.foldings().items()},
        "bottleneck": [name for name, each in schedules.items() if each.cycles == busiest],
        "mismatches": 0,  # the simulation raises an error at the first
        "images": count,
        "beats_compared": result.beats,
        "stalls": STALLS,
        "stalled_images": STALLED_IMAGES,
        "stalled_beats_compared": stalled.beats,
        "predicted": {"latency": plan.cycles.latency, "interval": plan.cycles.interval},
        "measured": {"latency": result.cycles.latency, "interval": interval},
        "utilization": round(busiest / interval, 4),
        "utilization_without_padding": [round(min(shares), 4), round(max(shares), 4)],
        "generate_seconds": generation,
        "compile_seconds": round(compiling - overhead, 1),
        "cycles_per_second": round(cycles / seconds, -2),
    }
    if name == UNCHECKED:
        unchecked = _unchecked(plan, rtl, folder / "ends", count)
        row["cycles_per_second_unchecked"] = round(unchecked, -2)
    return row


def _unchecked(plan: Plan, rtl: Path, folder: Path, count: int) -> float:
    """Cycles a second of processor time where only input and output are compared."""
    every = simulation.streams_of

    def ends(plan: Plan) -> list[Stream]:
        streams = every(plan)
        return [streams[0], streams[-1]]

    with mock.patch.object(simulation, "streams_of", ends):
        _, cycles, seconds, _ = Runs(plan, rtl, folder).run(count)
    return cycles / seconds


def table(rows: list[dict]) -> Table:
    """The figures as text."""
    out = Table("network", title="Convolutional networks in Verilator, no mismatch")
    for head in (
        "lanes",
        "latency",
        "interval",
        "beats",
        "used",
        "generate",
        "compile",
        "cycles/s",
    ):
        out.add_column(head, justify="right")
    for row in rows:
        out.add_row(
            row["network"],
            f"{row['lanes']:,}",
            *(f"{row['measured'][key]:,}" for key in ("latency", "interval")),
            f"{row['beats_compared'] + row['stalled_beats_compared']:,}",
            f"{row['utilization']:.1%}",
            f"{row['generate_seconds']['all']:.1f}",
            f"{row['compile_seconds']:.1f}",
            f"{row['cycles_per_second']:,.0f}",
        )
    return out


def _keep(path: Path | None, rows: list[dict], found: dict) -> list[dict]:
    """All rows with those that ``path`` has of other networks, which are written there."""
    before = json.loads(path.read_text())["rows"] if path and path.exists() else []
    by_name = {row["network"]: row for row in [*before, *rows]}
    rows = [by_name[name] for name in CASES if name in by_name]
    if path:
        document = {"conditions": found, "rows": rows}
        path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(CASES))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    if unknown := set(arguments.networks) - set(CASES):
        parser.error(f"networks are {', '.join(CASES)}, not {', '.join(sorted(unknown))}")
    found = conditions()
    # Numba compiles the cycle model once an installation, which is not measured.
    _ = folded("tiny_conv").cycles
    rows = []
    with Progress(console=Console(stderr=True)) as progress:
        for name in progress.track(arguments.networks or list(CASES), description="Networks"):
            with tempfile.TemporaryDirectory(prefix="threefold-") as folder:
                rows.append(measure(name, Path(folder)))
            kept = _keep(arguments.json, rows, found)
    Console(width=120).print(table(kept))


if __name__ == "__main__":
    main()
