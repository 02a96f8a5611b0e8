"""Logic cells of a planned accelerator by kind of component, and how many lanes work in a cycle.

    python benchmarks/cells_by_kind.py [--network FILE] [--board NAME] [--interval CYCLES]
        [--luts COUNT] [--build FOLDER] [--synthesise] [--label TEXT] [--json FILE]

Without further options it is ResNet-20 of the zoo on the ULX3S 85F, an image in 9,216 cycles. Cells
are estimates of the plan. ``--luts`` plans for a device like that of the board but for its LUTs, to
see what plans take that are too big. ``--build`` adds the cells of a placed design: FOLDER is a
project whose bitstream was built, and its plan is taken. ``--synthesise`` adds what Yosys makes of
the whole accelerator, without a board. FILE keeps its rows of other labels.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from measured import synthesised
from rich.console import Console
from rich.table import Table

import threefold
from threefold import boards
from threefold.boards import Target
from threefold.fpga import Family, Resources
from threefold.plan import Plan
from threefold.plan.units.block import Block
from threefold.plan.units.engine import EngineUnit
from threefold.planning import plan_for_board
from threefold.report.parts import INTERFACE, Parts

__all__ = ["cells_by_kind", "lanes_used", "placed_by_kind"]

ZOO = Path(__file__).parents[1] / "zoo"
_OF_ENGINE = (
    ("reader", "window reader"),
    ("array.weights", "weight memory"),
    ("array.", "processing elements"),
    ("array", "control of arrays"),
    ("drain", "serializer"),
    ("order", "order of pixels"),
    ("crop", "order of pixels"),
    ("unfolder", "unfolder"),
    ("divide", "unfolder"),
    ("output", "requantizer"),
)  # kinds by the beginning of a module within an engine
_CONNECTORS = {"fork", "serializer", "deserializer"}


def cells_by_kind(plan: Plan, family: Family) -> dict[str, Resources]:
    """Estimated resources of each kind of component."""
    found: dict[str, Resources] = {}
    for block in (each.block for each in plan.netlist.instances):
        for kind, area in _parts(block, family):
            found[kind] = found.get(kind, Resources()) + area
    return found


def _parts(block: Block, family: Family) -> Iterator[tuple[str, Resources]]:
    if isinstance(block, EngineUnit):
        yield from block.parts(family).items()
    else:
        yield _name(block), block.resources(family)


def _name(block: Block) -> str:
    names = dict.fromkeys(_CONNECTORS, "fork or resizer") | {
        "threshold": "requantizer of a sum",
        "fifo": "FIFO before a join",
    }
    return names.get(block.kind, "other unit")


def lanes_used(plan: Plan) -> dict[str, float]:
    """Share of lane-cycles that hold a tile in steady state, and where the others go.

    Returns
    -------
    dict of str to float
        ``"used"``; ``"beyond the row"``, tiles of pixels that there are not, as the pixels that are
        worked on at once do not divide a row; and ``"waiting"``, cycles of arrays that are faster
        than the slowest. 1 together.
    """
    engines = [unit for unit in plan.units if isinstance(unit, EngineUnit)]
    whole = sum(unit.folding.lanes for unit in engines) * plan.cycles.interval
    busy = sum(unit.folding.lanes * unit.array_cycles for unit in engines)
    used = sum(
        unit.folding.lanes * unit.array_cycles * kept / there
        for unit in engines
        for kept, there in [unit.row_beats]
    )
    return {
        "used": used / whole,
        "beyond the row": (busy - used) / whole,
        "waiting": 1 - busy / whole,
    }


def placed_by_kind(plan: Plan, family: Family, cells: Sequence[Mapping]) -> dict[str, Counter]:
    """Placed cells of each kind of component, ``"lut"`` and ``"bram"``.

    Parameters
    ----------
    plan : Plan
    family : Family
    cells : sequence of mapping
        See :func:`~threefold.tools.placed.count_placed`.
    """
    parts = Parts(plan, family)
    units = {each.name: each for each in plan.units}
    found: dict[str, Counter] = {}
    for entry in cells:
        place = parts.place(entry)
        unit, module = parts.of(place), parts.module(place)
        if unit is None:
            kind = "unknown"
        elif unit == INTERFACE:
            kind = "board"
        elif isinstance(units[unit], EngineUnit) and module not in {*_CONNECTORS, "fifo"}:
            kinds = (name for head, name in _OF_ENGINE if module.startswith(head))
            kind = next(kinds, "control of arrays")
        elif module in _CONNECTORS:
            kind = "fork or resizer"
        elif module == "fifo":
            kind = "FIFO before a join"
        else:
            kind = _name(units[unit])
        numbers = {what: entry[what] for what in ("lut", "bram") if what in entry}
        found.setdefault(kind, Counter()).update(numbers)
    return found


def measure(plan: Plan, family: Family, label: str, cells: Sequence[Mapping] | None) -> dict:
    """A row of the record."""
    expected = cells_by_kind(plan, family)
    placed = {} if cells is None else placed_by_kind(plan, family, cells)
    kinds = {
        kind: {"cells_estimated": round(area.cells), "bram_estimated": area.bram}
        for kind, area in expected.items()
    }
    for kind, count in placed.items():
        kinds.setdefault(kind, {}).update(cells=count["lut"], bram=count["bram"])
    return {
        "label": label,
        "network": plan.network.name,
        "interval": plan.cycles.interval,
        "lanes": sum(each.folding.lanes for each in plan.units if isinstance(each, EngineUnit)),
        "lanes_used": {what: round(share, 4) for what, share in lanes_used(plan).items()},
        "kinds": kinds,
    }


def keep(path: Path, row: dict) -> None:
    """Write a row to a file that may hold others."""
    rows = json.loads(path.read_text())["rows"] if path.exists() else []
    rows = [*(each for each in rows if each["label"] != row["label"]), row]
    path.write_text(json.dumps({"rows": rows}, indent=1, sort_keys=True) + "\n")


def table(row: dict) -> Table:
    """The kinds of a row, those with the most cells first."""
    title = f"{row['network']}, {row['label']}: {row['interval']:,} cycles, {row['lanes']:,} lanes"
    out = Table("kind", title=title)
    columns = ("cells_estimated", "bram_estimated", "cells", "bram")
    for name in ("cells, about", "block RAMs, about", "cells placed", "block RAMs"):
        out.add_column(name, justify="right")
    order = sorted(row["kinds"].items(), key=lambda item: -item[1].get("cells_estimated", 0))
    for kind, figures in order:
        out.add_row(kind, *(f"{figures[key]:,}" if key in figures else "" for key in columns))
    out.add_section()
    sums = (sum(figures.get(key, 0) for figures in row["kinds"].values()) for key in columns)
    out.add_row("together", *(f"{number:,}" if number else "" for number in sums))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", type=Path, default=ZOO / "resnet20_jpeg.tern")
    parser.add_argument("--board", default="ulx3s_85f")
    parser.add_argument("--interval", type=int, default=9_216)
    parser.add_argument("--luts", type=int, metavar="COUNT", help="of the device")
    parser.add_argument("--build", type=Path, metavar="FOLDER")
    parser.add_argument("--synthesise", action="store_true")
    parser.add_argument("--label", default="now")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as data")
    args = parser.parse_args()
    board, cells = boards.get(args.board), None
    family, device = board.family, board.device
    if args.build:
        project = threefold.Project.open(args.build)
        plan, cells = project.plan, json.loads((args.build / "build.json").read_text())["cells"]
    else:
        if args.luts:
            board = Target.limited(family=family.name, luts=args.luts, brams=device.bram)
        plan = plan_for_board(threefold.load(args.network), board.name, interval=args.interval)
    row = measure(plan, family, args.label, cells)
    if args.synthesise:
        row["synthesised"] = synthesised(plan, family)
    if args.json:
        keep(args.json, row)
    console = Console(width=120)
    console.print(table(row))
    shares = ", ".join(f"{what} {share:.1%}" for what, share in row["lanes_used"].items())
    console.print(f"lane-cycles in steady state: {shares}")
    if args.synthesise:
        counts = ", ".join(f"{count:,} {what}" for what, count in row["synthesised"].items())
        console.print(f"synthesised whole: {counts}")


if __name__ == "__main__":
    main()
