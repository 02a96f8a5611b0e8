r"""ResNet-18 of ImageNet on a ULX3S 85F with its SDRAM: synthesised, placed and routed.

    python benchmarks/imagenet_routed.py [--only CASE] [--seed N] [--simulate] [--folder FOLDER]
                                         [--json FILE]

Designs are those of `imagenet.py` at lower clocks: accelerator, SDRAM, PLL, flash and serial link.
The clock that a seed holds is the highest at which both clocks and the paths between them hold. It
takes two hours and more with the nextpnr that comes with Threefold, and a third of that with a
native one. With --simulate an image, or a batch, goes through the Verilog of the accelerator in
Verilator, as in `imagenet.py`, and nothing is built.
"""

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import imagenet
from rich.console import Console
from rich.progress import Progress

from threefold.boards.ulx3s import ULX3S_85F
from threefold.files import write_file
from threefold.hw.sdram.board import board_accelerator
from threefold.plan import Plan
from threefold.tools.build import BuildResult, build_bitstream

__all__ = ["CASES", "OPTIONS", "figures", "predicted"]

CASES = {
    "resnet18": replace(imagenet.CASES["resnet18"], wanted_mhz=50.0),
    "resnet18-batch4": replace(imagenet.CASES["resnet18-batch4"], wanted_mhz=54.5),
}
"""Those of ``imagenet.py``, at clocks that can be held."""

OPTIONS = "--placer static --router router2"
"""Of nextpnr: what gives ResNet-20 of 57,000 LUTs its fastest clock."""


def main() -> None:
    """Build with a seed, or simulate; add the figures to the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=CASES, default="resnet18")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--simulate", action="store_true", help="in minutes; nothing is built")
    parser.add_argument("--folder", type=Path, help="where the bitstream goes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="record of all cases and seeds")
    args = parser.parse_args()
    started, record = time.perf_counter(), {}
    if args.json and args.json.exists():
        record = json.loads(args.json.read_text())
    case = CASES[args.only]
    plan = imagenet.plan_for(case)
    found = record.setdefault(args.only, {})
    found |= predicted(plan, case)
    if args.simulate:
        found["simulated"] = imagenet.simulation(plan, started)
    else:
        with tempfile.TemporaryDirectory(prefix="threefold-") as folder:
            result = build(plan, case, args.folder or Path(folder), args.seed)
        own = figures(plan, result, case.clock_mhz)
        found["seeds"] = found.get("seeds", {}) | {str(args.seed): own}
    if args.json:
        write_file(args.json, json.dumps(record, indent=1, sort_keys=True) + "\n")
    Console().print_json(data=record)


def predicted(plan: Plan, case: imagenet.Case) -> dict:
    """What is known before hardware is there."""
    return {
        "clock_mhz": case.clock_mhz,
        "interval": plan.cycles.interval,
        "latency": plan.cycles.latency,
        "options": OPTIONS,
    }


def build(plan: Plan, case: imagenet.Case, folder: Path, seed: int) -> BuildResult:
    """The bitstream, whether or not it holds the clock."""
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("", total=1.0)
        return build_bitstream(
            board_accelerator(plan, ULX3S_85F, clock_mhz=case.wanted_mhz),
            ULX3S_85F,
            folder,
            name=plan.network.name,
            clock_mhz=case.wanted_mhz,
            seed=seed,
            timing_allow_fail=True,
            nextpnr_options=OPTIONS,
            progress=lambda title, share: bars.update(task, description=title, completed=share),
        )


def figures(plan: Plan, result: BuildResult, clock_mhz: float) -> dict:
    """What tools say of a build; images a second at the clock that is wanted, or held if lower."""
    held = round(result.fmax_mhz, 2)
    return {
        "clock_mhz_held": held,
        "images_per_second": round(min(held, clock_mhz) * 1e6 / plan.cycles.interval, 2),
        "tools": result.tools,
        "used": {name: each["used"] for name, each in result.utilization.items()},
        "available": {name: each["available"] for name, each in result.utilization.items()},
        "seconds": {name: round(value) for name, value in result.seconds.items()},
        "critical_path": result.critical_path,
    }


if __name__ == "__main__":
    main()
