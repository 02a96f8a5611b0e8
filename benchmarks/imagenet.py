r"""Networks of ImageNet whose weights come from an SDRAM: cycles of an image, and what limits them.

    python benchmarks/imagenet.py [--only resnet18] [--simulate] [--json FILE]

The first layer and the pool behind it are an engine and a pool; all other layers take turns on one
array, whose program comes from the SDRAM of a ULX3S, of twice its clock or the same. The next image
goes through the engine meanwhile, which is as small as that permits. Weights are random. With
--simulate an image goes through the Verilog of the accelerator in Verilator: every code of every
layer is compared with the golden model, and the cycles with the prediction.
"""

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

from measured import simulated
from rich.console import Console
from rich.progress import Progress

from threefold import references
from threefold.boards.ulx3s import ULX3S_85F
from threefold.files import write_file
from threefold.fpga import ECP5, MemoryClocks
from threefold.hw.sdram.board import board_feed
from threefold.hw.sdram.buffers import LEAD_NS
from threefold.plan import Plan, lower
from threefold.plan.layers import ConvLayer
from threefold.plan.search.batches import batched
from threefold.plan.search.fold import plan_of
from threefold.plan.sequential import Feed
from threefold.plan.units.argmax import ArgMaxUnit
from threefold.plan.units.engine import EngineUnit
from threefold.plan.units.pool import PoolUnit
from threefold.plan.units.streamed import StreamedUnit
from threefold.references import random_images
from threefold.tools.toolchain import find

CLOCK_MHZ, DOUBLED_MHZ = 75.0, 71.0
"""Of the accelerator: what ResNet-20 of 57,000 LUTs reaches on the same device, and half of what
the SDRAM takes at most."""


@dataclass(frozen=True)
class Case:
    """A network and the array that takes most of its layers.

    Parameters
    ----------
    network : str
        A function of ``threefold.references``.
    array : (int, int, int)
        PE, SIMD and pixels.
    options : dict
        Of the function.
    doubled : bool
        Whether the SDRAM has twice the clock of the accelerator, not the same.
    batch : int
        Images that share what is read of the weights of some layers.
    places : int, optional
        Places of maps in each bank at most.
    entering : int
        Cycles of the engine of the first layer.
    weights_per_byte : int
        Five, or four.
    memory : str
        Where maps are, one of ``threefold.fpga.MEMORIES``.
    wanted_mhz : float
        Of the accelerator; 0 for half of what the SDRAM takes at most, or :data:`CLOCK_MHZ`.
    """

    network: str
    array: tuple[int, int, int] = (32, 16, 8)
    options: dict | None = None
    doubled: bool = True
    batch: int = 1
    places: int | None = None
    entering: int = 0
    weights_per_byte: int = 5
    memory: str = "auto"
    wanted_mhz: float = 0.0

    @property
    def clock_mhz(self) -> float:
        """Of the accelerator, as the PLL of the board makes it."""
        clocks = MemoryClocks(self._ratio, LEAD_NS)
        return round(ULX3S_85F.achieved_mhz(self._wanted_mhz, clocks), 2)

    @property
    def feed(self) -> Feed:
        """Times of the SDRAM in its cycles."""
        return board_feed(ULX3S_85F, self._wanted_mhz, ratio=self._ratio)

    @property
    def _ratio(self) -> int:
        return 2 if self.doubled else 1

    @property
    def _wanted_mhz(self) -> float:
        return self.wanted_mhz or (DOUBLED_MHZ if self.doubled else CLOCK_MHZ)


def _pruned(share: float) -> dict:
    return {"sparsity": share, "tile": (32, 16)}


CASES = {
    "resnet18": Case("resnet18"),
    "resnet18-batch4": Case(
        "resnet18", batch=4, places=5184, entering=7 * 2 * 112**2, memory="split"
    ),
    "resnet18, 2 bits": Case("resnet18", options={"bits": 2}),
    "resnet18, a quarter pruned": Case("resnet18", options=_pruned(0.25)),
    "resnet18, 75 % pruned": Case("resnet18", options=_pruned(0.75)),
    "resnet18, 4 weights a byte": Case("resnet18", weights_per_byte=4),
    "resnet18, 2,048 lanes": Case("resnet18", (32, 16, 4)),
    "resnet18, 2,048 lanes, one clock": Case("resnet18", (32, 16, 4), doubled=False),
    "resnet34": Case("resnet34"),
    "resnet50": Case("resnet50"),
    "alexnet": Case("alexnet"),
}


def main() -> None:
    """Measure, and write the figures as JSON, those of other cases as they were."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--simulate", action="store_true", help="an image or a batch, in minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    args = parser.parse_args()
    record = {"networks": {}}
    if args.json and args.json.exists():
        record |= json.loads(args.json.read_text())
    found = record["networks"]
    if args.simulate:
        record["verilator"] = find("verilator").version
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("", total=len(args.only))
        for name in args.only:
            bars.update(task, description=name)
            started = time.perf_counter()
            plan = plan_for(CASES[name])
            before = found.get(name, {})
            found[name] = figures(plan, CASES[name].clock_mhz)
            if before.get("latency") == found[name]["latency"] and "simulated" in before:
                found[name]["simulated"] = before["simulated"]
            if args.simulate:
                found[name]["simulated"] = simulation(plan, started)
            if args.json:
                write_file(args.json, json.dumps(record, indent=1, sort_keys=True) + "\n")
            bars.update(task, advance=1)
    Console().print_json(data=record)


def plan_for(case: Case) -> Plan:
    """First layer and pool, then all others but arg-max on one array."""
    network = getattr(references, case.network)(**(case.options or {}))
    first, pool, *others, best = lower(network)
    pe, simd, pixels = case.array
    sizes = {"pixels": pixels, "lanes": simd, "feed": case.feed.to_dict()}
    sizes |= {"weights_per_byte": case.weights_per_byte, "memory": case.memory}
    array = StreamedUnit(tuple(others), pe, simd, **sizes).made_loadable()
    array = batched(array, case.batch, places=case.places, entering=case.entering)
    head = engine_for(first, array), PoolUnit((pool,), lanes=simd)
    return plan_of(network, (*head, array, ArgMaxUnit((best,))))


def engine_for(first: ConvLayer, array: StreamedUnit) -> EngineUnit:
    """The smallest engine that is done with the next image before the array needs it.

    It has as many lanes as take a row of the kernel at once.
    """
    within, lanes = array.entry_cycles, first.window.kernel[1] * first.window.shape[2]
    for pe in (n for n in range(1, first.rows + 1) if not first.rows % n):
        engine = EngineUnit((first,), pe, lanes, lanes=math.gcd(pe, 8))
        if engine.interval <= within:
            break
    return engine


def figures(plan: Plan, clock_mhz: float) -> dict:
    """What is known before hardware is there."""
    unit = plan.streamed
    assert isinstance(unit, StreamedUnit)
    program, run = unit.program, unit.streamed_run
    cells = plan.netlist.resources(ECP5)
    interval = plan.cycles.interval
    layers = [layer for each in plan.units for layer in each.layers]
    return {
        "array": [unit.pe, unit.simd, unit.pixels],
        "clock_mhz": clock_mhz,
        "interval": interval,
        "images_per_second": round(clock_mhz * 1e6 / interval, 2),
        "latency": plan.cycles.latency,
        "engine": [plan.units[0].pe, plan.units[0].simd],
        "opens": unit.opens,
        "waits": sum(run.waits),
        "filled": run.filled,
        "copied": sum(program.copied),
        "tiles": unit.array_cycles,
        "passes": len(program.lengths),
        "weights": sum(layer.weights.size for layer in layers if isinstance(layer, ConvLayer)),
        "stored_bytes": len(program.rows) * program.row_bits // 8,
        "estimated": {"lut": round(cells.cells), "bram": round(cells.bram)},
    }


def simulation(plan: Plan, started: float) -> dict:
    """An image through the Verilog, or a batch of them."""
    images = random_images(plan.network.input, plan.batch, seed=1)
    made = time.perf_counter()
    run = simulated(plan, images)
    return {
        "latency": run.cycles.latency,
        "beats": run.beats,
        "planned_seconds": round(made - started, 1),
        "seconds": round(time.perf_counter() - made, 1),
    }


if __name__ == "__main__":
    main()
