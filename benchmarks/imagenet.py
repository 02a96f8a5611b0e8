r"""Networks of ImageNet whose weights come from an SDRAM: cycles of an image, and what limits them.

    python benchmarks/imagenet.py [--only resnet18] [--simulate] [--json FILE]

The first layer and the pool behind it are an engine and a pool; all other layers take turns on one
array, whose program comes from the SDRAM of a ULX3S, of the same clock or twice that. Weights are
random. With
--simulate an image goes through the Verilog of the accelerator in Verilator: every code of every
layer is compared with the golden model, and the cycles with the prediction.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

from measured import simulated
from rich.console import Console
from rich.progress import Progress

from threefold import references
from threefold.boards.sdram import AS4C16M16SA_7
from threefold.files import write_file
from threefold.fpga import ECP5
from threefold.hw.sdram.feed import doubled, even, feed_of
from threefold.plan import Plan, lower
from threefold.plan.layers import ConvLayer
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
    """

    network: str
    array: tuple[int, int, int] = (32, 16, 4)
    options: dict | None = None
    doubled: bool = False

    @property
    def clock_mhz(self) -> float:
        """Of the accelerator."""
        return DOUBLED_MHZ if self.doubled else CLOCK_MHZ

    @property
    def feed(self) -> Feed:
        """Times of the SDRAM in its cycles."""
        if self.doubled:
            return doubled(even(feed_of(AS4C16M16SA_7, 2 * self.clock_mhz)))
        return feed_of(AS4C16M16SA_7, self.clock_mhz)


def _pruned(share: float) -> dict:
    return {"sparsity": share, "tile": (32, 16)}


CASES = {
    "resnet18": Case("resnet18"),
    "resnet18, 2 bits": Case("resnet18", options={"bits": 2}),
    "resnet18, a quarter pruned": Case("resnet18", options=_pruned(0.25)),
    "resnet18, 75 % pruned": Case("resnet18", options=_pruned(0.75)),
    "resnet18, doubled": Case("resnet18", doubled=True),
    "resnet18, doubled, 4,096 lanes": Case("resnet18", (64, 16, 4), doubled=True),
    "resnet34": Case("resnet34"),
    "resnet50": Case("resnet50"),
    "alexnet": Case("alexnet"),
}


def main() -> None:
    """Measure, and write the figures as JSON, those of other cases as they were."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--simulate", action="store_true", help="one image, in minutes")
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
    array = StreamedUnit(tuple(others), pe, simd, **sizes)
    # As many lanes as take a row of the kernel at once.
    lanes = first.window.kernel[1] * first.window.shape[2]
    head = EngineUnit((first,), first.rows, lanes, lanes=8), PoolUnit((pool,), lanes=simd)
    return plan_of(network, (*head, array.made_loadable(), ArgMaxUnit((best,))))


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
        "head": plan.units[0].interval,
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
    """An image through the Verilog."""
    image = random_images(plan.network.input, 1, seed=1)
    made = time.perf_counter()
    run = simulated(plan, image)
    return {
        "latency": run.cycles.latency,
        "beats": run.beats,
        "planned_seconds": round(made - started, 1),
        "seconds": round(time.perf_counter() - made, 1),
    }


if __name__ == "__main__":
    main()
