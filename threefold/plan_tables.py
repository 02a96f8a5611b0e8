"""Plan tables: units, memories, FIFOs, widths and alternatives, for terminals and notebooks."""

from dataclasses import dataclass

from . import boards
from .boards import BOARDS, Target
from .fpga import GENERIC, Family
from .html import html_table
from .hw.sdram.board import planned_mhz
from .plan import Alternative, Plan, image_of
from .plan.summary import branches, shown
from .plan.traffic import mebibytes, traffic_of
from .samples import sample_words

__all__ = ["PlanTable", "plan_html", "plan_lines", "plan_tables"]


@dataclass(frozen=True)
class PlanTable:
    """Table about a plan.

    Parameters
    ----------
    title : str
    left, right : tuple of str
        Headings of the columns of text, the first of which holds names, and of the others.
    rows : list of list
        Cells, texts, integers or None; a row for each name.
    emphasized : tuple of int
        Rows that stand out.
    """

    title: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    rows: list[list[str | int | None]]
    emphasized: tuple[int, ...] = ()


def plan_tables(plan: Plan) -> list[PlanTable]:
    """All tables of a plan that have rows."""
    target = boards.get(plan.board) if plan.board else None
    family = target.family if target else GENERIC
    clock = _clock_mhz(plan)
    tables = [
        _units(plan, target, family),
        _memories(plan),
        _outside(plan),
        _fifos(plan),
        _widths(plan, clock),
        _alternatives(plan, clock),
    ]
    return [table for table in tables if table.rows]


def plan_lines(plan: Plan) -> list[str]:
    """Latency, interval and bottleneck of a plan, each in a line."""
    cycles, words = plan.cycles, sample_words(plan.network)
    family = boards.get(plan.board).family if plan.board else GENERIC
    total = plan.resources(family)
    beside = ", without serial line and clock" if plan.board in BOARDS else ""
    lines = [f"about {round(total.cells):,} logic cells and {total.bram} block RAMs{beside}"]
    lines += [f"latency {cycles.latency:,} cycles, {words.a} every {cycles.interval:,} cycles"]
    if plan.array_utilization:
        busy = f"{plan.array_utilization:.1%}".replace("%", " %")
        equal = sum(unit.interval == plan.bottleneck.interval for unit in plan.units) - 1
        others = f" and {equal} more" if equal else ""
        lines.append(
            f"bottleneck {plan.bottleneck.name}{others}; "
            f"the busiest PE array works {busy} of the time"
        )
    if plan.loadable:
        lines.append(f"program image of {len(image_of(plan)):,} bytes, loaded at run time")
    return [*lines, *_traffic_lines(plan)]


def _clock_mhz(plan: Plan) -> float | None:
    """Frequency that a plan is for, by its target or the times of its memory."""
    target = boards.get(plan.board) if plan.board else None
    if target is None:
        return None
    return planned_mhz(plan, target) or (None if plan.streamed else target.clock_mhz)


def _traffic_lines(plan: Plan) -> list[str]:
    """What a program outside takes, if there is one."""
    traffic, clock = traffic_of(plan), _clock_mhz(plan)
    if traffic is None:
        return []
    words = sample_words(plan.network)
    of = f" of {mebibytes(traffic.holds)}" if traffic.holds else ""
    lines = [f"program of {mebibytes(traffic.size)}{of} in the memory outside, loaded once"]
    rate = ""
    if clock:
        each = 1e6 * clock / traffic.interval
        lines[0] += f"; for {clock:.4g} MHz, {each:,.1f} {words.many} a second"
        rate = f", {traffic.rate(clock):,.0f} of {traffic.most(clock):,.0f} MB/s"
    lines.append(f"{traffic.read:,.0f} bytes read {words.a}{rate}")
    waiting = f"{traffic.waiting:.1%}".replace("%", " %")
    lines.append(f"the array waits for the memory {waiting} of the time")
    return lines


def _outside(plan: Plan) -> PlanTable:
    """Layers whose weights come from outside, and what takes most of their cycles."""
    traffic = traffic_of(plan)
    rows: list[list[str | int | None]] = [
        [each.name, each.limit, each.size, each.cycles, each.waits, each.copies]
        for each in (traffic.layers if traffic else ())
    ]
    right = ("bytes", "cycles", "waits", "copies")
    return PlanTable("Program from the memory outside", ("layer", "most time"), right, rows)


def plan_html(plan: Plan) -> str:
    """The tables and lines of a plan for a notebook."""
    tables = [
        html_table(table.title, (*table.left, *table.right), table.rows, table.emphasized)
        for table in plan_tables(plan)
    ]
    return "\n".join([*tables, *(f"<p>{line}</p>" for line in plan_lines(plan))])


def _units(plan: Plan, target: Target | None, family: Family) -> PlanTable:
    size = "×".join(map(str, plan.network.input.shape))
    on = f" on {target.title}" if target else ""
    rows: list[list[str | int | None]] = []
    for unit in plan.units:
        there, skipped = unit.tiles or (None, None)
        rows.append(
            [
                unit.name,
                unit.describe(),
                shown(unit.out_tensor.shape),
                unit.folding_words,
                unit.o_lanes,
                there,
                skipped,
                unit.interval,
                round(unit.resources(family).cells),
            ]
        )
    slowest = plan.bottleneck.interval
    return PlanTable(
        f"{plan.network.name}{on}, input {size}, logic cells estimated",
        ("unit", "operation"),
        ("output", "PE×SIMD", "lanes", "tiles", "skipped", "cycles", "cells"),
        rows,
        tuple(index for index, unit in enumerate(plan.units) if unit.interval == slowest),
    )


def _memories(plan: Plan) -> PlanTable:
    rows: list[list[str | int | None]] = []
    for unit in plan.units:
        buffer, form = unit.activation_buffer, unit.decisions().get("form", "")
        if buffer or form:
            rows.append(
                [
                    unit.name,
                    buffer.memory if buffer else "",
                    str(form),
                    f"{buffer.words:,} × {buffer.bits}" if buffer else "",
                    unit.weight_bits,
                ]
            )
    left = ("unit", "memory", "requantizer")
    return PlanTable("Memories", left, ("buffer, words × bits", "weight bits"), rows)


def _fifos(plan: Plan) -> PlanTable:
    rows: list[list[str | int | None]] = [
        [branch.unit, branch.input, branch.beats, branch.lanes, branch.bits]
        for branch in branches(plan)
        if branch.beats
    ]
    right = ("input", "beats", "lanes", "bits")
    return PlanTable("FIFOs before joins", ("before",), right, rows)


def _widths(plan: Plan, clock: float | None) -> PlanTable:
    """Speed at each width; inputs a second where the clock is known."""
    rows: list[list[str | int | None]] = []
    for number, name in enumerate(("whole", *plan.widths) if plan.widths else ()):
        cycles = plan.cycles_at(number)
        rates = [round(1e6 * clock / cycles.interval)] if clock else []
        rows.append([name, round(cycles.latency), round(cycles.interval), *rates])
    right = ("latency", "interval", *_rate(plan, clock))
    return PlanTable(f"Widths{_at(clock)}", ("width",), right, rows)


def _at(clock: float | None) -> str:
    return f", at {clock:g} MHz" if clock else ""


def _rate(plan: Plan, clock: float | None) -> tuple[str, ...]:
    return (f"{sample_words(plan.network).many}/s",) if clock else ()


def _alternatives(plan: Plan, clock: float | None) -> PlanTable:
    """What faster and smaller plans take; inputs a second where the clock is known."""
    plans = plan.alternatives if len(plan.alternatives) > 1 else ()
    rows: list[list[str | int | None]] = [
        [
            _option(each),
            round(each.interval),
            *([round(1e6 * clock / each.interval)] if clock else []),
            round(each.cells),
            round(each.bram),
        ]
        for each in plans
    ]
    title = f"Alternatives{_at(clock)}, estimated"
    right = (
        "cycles",
        *_rate(plan, clock),
        "logic cells",
        "block RAMs",
    )
    taken = tuple(index for index, each in enumerate(plans) if each.taken)
    return PlanTable(title, ("option",), right, rows, taken)


def _option(plan: Alternative) -> str:
    """What to ask for to get a plan."""
    option = "--fastest" if plan.asked is None else f"--interval {plan.asked}"
    return f"taken, as by {option}" if plan.taken else option
