"""Report page: self-contained HTML, without network access, scripts or fonts."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..plan import Plan
from ..plan.summary import inventory, path, shown
from ..samples import SampleWords
from .figures import key_figures
from .host import next_steps
from .plots import NARROW, WIDE, accuracy_plot, cycles_plot, utilization_plot, weights_plot
from .tile_map import tile_map
from .words import confusions, memory_rows, path_sentence

__all__ = ["render_page"]

_TEMPLATE = "report.html.j2"
_SIDES = ((3, 320), (8, 220), (math.inf, 145))  # pixels of the largest tile map, by layers
_MOST_MAPS = 24
_MOST_SIZES = 14  # in the line that says what flows


def render_page(report: dict, plan: Plan, files: Mapping[str, str] | None = None) -> str:
    """The page of ``report``; the same report always gives the same text.

    Parameters
    ----------
    report : dict
        What :func:`make_report` made of ``plan``.
    plan : Plan
    files : mapping of str to str, optional
        Products to point to: path relative to the page, by what it is.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    layers, words = report["layers"], SampleWords(report["sample"])
    by_name = {layer["name"]: layer for layer in layers}
    totals = {
        key: sum(layer[key] for layer in layers)
        for key in ("macs", "tiles", "tiles_skipped", "weight_bits_stored")
    }
    return environment.get_template(_TEMPLATE).render(
        report=report,
        shape=_shape(plan),
        inventory=_inventory(plan),
        figures=key_figures(report),
        accuracy_caption=_measured_on(report.get("accuracy", {}), words),
        words=words,
        plots={
            "utilization": _both(utilization_plot, report),
            "accuracy": _both(accuracy_plot, report),
            "cycles": _both(cycles_plot, report),
            "weights": _both(weights_plot, report),
        },
        memories=memory_rows(report),
        area=_area(report),
        slowest_path=path_sentence(report["critical_path"]) if "critical_path" in report else "",
        confusions=confusions(report),
        ports=_ports(report, words),
        widths=_widths(report),
        next=next_steps(report, files or {}),
        tile_maps=_tile_maps(layers, plan),
        steps=[(step, by_name.get(step["name"])) for step in report["steps"]],
        slowest=max(step["cycles"] for step in report["steps"]),
        size=shown,
        totals=totals,
        files=[(what, path, f"./{quote(path)}") for what, path in (files or {}).items()],
    )


def _tile_maps(layers: list[dict], plan: Plan) -> list[tuple[dict, Markup]]:
    """Maps of all layers, or of the largest if there are many."""
    side = next(side for most, side in _SIDES if len(layers) <= most)
    sizes = [max(layer["rows"], layer["columns"]) for layer in layers]
    largest = sorted(range(len(layers)), key=lambda place: -sizes[place])[:_MOST_MAPS]
    maps = []
    for place in sorted(largest):
        schedule = plan.schedules[layers[place]["name"]]
        share = max(0.5, sizes[place] / max(sizes))
        maps.append((layers[place], Markup(tile_map(schedule, side * share))))
    return maps


def _shape(plan: Plan) -> str:
    """The sizes of the data on its way through the network."""
    if _only_dense(plan):
        layers = [schedule.layer for schedule in plan.schedules.values()]
        sizes = [str(size) for size in (layers[0].columns, *(layer.rows for layer in layers))]
    else:
        sizes = [shown(shape) for shape in path(plan)]
    if len(sizes) > _MOST_SIZES:
        sizes = [*sizes[: _MOST_SIZES - 4], "…", *sizes[-3:]]
    return " → ".join(sizes)


def _inventory(plan: Plan) -> str:
    """How many steps of which kind; nothing where the sizes say it."""
    if _only_dense(plan):
        return ""
    return ", ".join(f"{count} {kind}" for kind, count in inventory(plan).items())


def _only_dense(plan: Plan) -> bool:
    return set(inventory(plan)) <= {"dense layer", "dense layers", "arg-max"}


def _measured_on(accuracy: dict, words: SampleWords) -> str:
    """What the accuracy was measured on."""
    count = accuracy.get("images")
    text = words.many if count is None else f"{count:,} {words.many}"
    if "dataset" in accuracy:
        text += f" of {accuracy['dataset']}"
    simulated = accuracy.get("rtl_images", count)
    return text if simulated == count else f"{text}; {simulated:,} of them in hardware"


def _area(report: dict) -> list[tuple[str, dict]]:
    """Name and cells of each part of the design, the unnamed last."""
    area = report.get("area", {})
    rows = [(unit["name"], unit) for unit in area.get("units", ())]
    if area:
        rows.append(("clock, serial line, LEDs", area["interface"]))
    if "unattributed" in area:
        rows.append(("of no known unit", area["unattributed"]))
    return rows


def _widths(report: dict) -> list[tuple[str, dict, float | None]]:
    """Name, cycles, and inputs a second where the clock is known, of each width."""
    clock = report.get("clock_mhz")
    if clock:
        clock = min(clock, report.get("fmax_mhz", clock))
    rows = []
    for each in report.get("widths", ()):
        cycles = each["predicted_cycles"]
        rows.append((each["name"], cycles, clock * 1e6 / cycles["interval"] if clock else None))
    return rows


def _ports(report: dict, words: SampleWords) -> list[tuple[str, str]]:
    """What enters and leaves, each with the prefix of its signals, in words."""
    ports = report["ports"]
    given, taken = ports["input"], ports["output"]
    what = f"{shown(taken['shape'])} {ports['gives']} of"
    if ports["gives"] == "class":
        index = "index" if taken["shape"] == [1, 1, 1] else f"{shown(taken['shape'])} indices"
        what = f"{index} of {ports['classes']} classes,"
    return [
        ("input i", f"{shown(given['shape'])} codes of {_stream(given, words)}"),
        ("output o", f"{what} {_stream(taken, words)}"),
        *_more_ports(report, words),
    ]


def _more_ports(report: dict, words: SampleWords) -> list[tuple[str, str]]:
    rows = []
    if "program_image_bytes" in report:
        size = f"{report['program_image_bytes']:,}"
        rows.append(("input load", f"program image of {size} bytes, before the first {words.one}"))
    if "widths" in report:
        count = len(report["widths"])
        rows.append(("input width", f"one of {count} widths, with the first beat of {words.a}"))
    return rows


def _stream(port: dict, words: SampleWords) -> str:
    bits, lanes, beats = port["bits"], port["lanes"], port["beats"]
    width = f"{bits} {'signed ' if port['signed'] else ''}bit{'s' if bits > 1 else ''}"
    times = f"{beats:,} beat{'s' if beats > 1 else ''} {words.a}"
    return f"{width}; {lanes} lane{'s' if lanes > 1 else ''}, {times}"


def _both(plot: Callable[[dict, int], str | None], report: dict) -> Markup | None:
    """A plot for wide and for narrow screens, one of which is shown; None if there is nothing."""
    drawn = [plot(report, width) for width in (WIDE, NARROW)]
    if None in drawn:
        return None
    return Markup('<div class="wide">{}</div><div class="narrow">{}</div>').format(
        *(Markup(svg) for svg in drawn)
    )
