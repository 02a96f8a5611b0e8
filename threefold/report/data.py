"""Report data: the figures of an accelerator as one JSON object with stable names."""

import json
from collections.abc import Mapping, Sequence
from math import floor, log10

from .. import __version__
from ..boards import BOARDS
from ..errors import FileFormatError, PlanError
from ..hw.interfaces.serial import BAUD
from ..network import Conv, class_names
from ..network.file import digest as network_digest
from ..plan import Cycles, Plan, Schedule, Unit, image_of
from ..plan.file import digest
from ..plan.summary import Branch, branches
from ..plan.traffic import traffic_of
from ..samples import sample_words
from .host import flash_command, limiting, link, ports
from .inputs import checked_accuracy, checked_build, checked_simulation, checked_tools
from .parts import Parts
from .placement import area, critical_path, memories

__all__ = ["SCHEMA", "dumps", "make_report"]

SCHEMA = 1
"""Version of the names in a report."""

_DIGITS = 6  # significant ones; more would be noise in any of the figures


def make_report(
    plan: Plan,
    *,
    board: str | None = None,
    clock_mhz: float | None = None,
    build: Mapping | None = None,
    simulation: Mapping | None = None,
    accuracy: Mapping | None = None,
    tools: Mapping[str, str] | None = None,
    stale: Sequence[str] = (),
) -> dict:
    """Everything known about an accelerator, with the unit in the name.

    A figure that was not measured is absent. Speed in seconds is measured only if a build
    gave a clock that the design holds and a simulation the cycles; else its name starts with
    ``estimated_``.

    Parameters
    ----------
    plan : Plan
    board : str, optional
        Name of the board; the plan's if left out.
    clock_mhz : float, optional
        Clock to estimate with, where there is no build.
    build : mapping, optional
        ``board``, ``device``, ``clock_mhz``, ``fmax_mhz``, ``utilization`` (``used`` and
        ``available`` of ``lut``, ``ff``, ``bram``, ``dsp`` and, where there are such,
        ``spram``), ``bitstream``, ``tools``; ``cells`` and ``critical_path``, as
        :class:`~threefold.tools.build.BuildResult` has them.
    simulation : mapping, optional
        :meth:`SimulationResult.to_json` and ``cycles`` (``latency`` and ``interval``); also
        ``accuracy``, the share of the simulated images that the hardware classified right, and
        ``confusion``, how many samples of each class (rows) it gave each class (columns).
    accuracy : mapping, optional
        ``integer``, ``float``: shares from 0 to 1; ``images``, ``dataset``.
    tools : mapping of str to str, optional
        Versions of tools, by name.
    stale : sequence of str
        Files that were left out, since they are of another plan or network.

    Raises
    ------
    FileFormatError
        If a figure is not what its name says.
    PlanError
        If the build is for another board or clock than given, or build or simulation say
        (``plan_digest``) that they are of another plan.
    """
    build, simulation = checked_build(build), checked_simulation(simulation)
    accuracy = checked_accuracy(accuracy)
    own = digest(plan)
    for what, result in (("build", build), ("simulation", simulation)):
        if result.pop("plan_digest", own) != own:
            raise PlanError(f"the {what} is of another plan; run threefold again for this one")

    board = _agree("board", build.pop("board", None), board or plan.board or None)
    actual_mhz, baud = build.pop("clock_mhz", None), build.pop("baud", BAUD)
    clock_mhz = _agree("clock_mhz", actual_mhz, clock_mhz)
    versions = build.pop("tools") | simulation.pop("tools") | checked_tools(tools)
    if "accuracy" in simulation:
        accuracy["rtl"] = simulation.pop("accuracy")
        if "images" in simulation:
            accuracy["rtl_images"] = simulation["images"]

    measured, confusion = simulation.pop("cycles", {}), simulation.pop("confusion", None)
    placed, slowest = build.pop("cells", None), build.pop("critical_path", None)
    report = _planned(plan, board, baud) | {
        "schema": SCHEMA,
        "plan_digest": own,
        "stale": list(stale) or None,
        "board": board,
        "clock_mhz": clock_mhz,
        "cycles": measured,
        "simulation": simulation,
        "accuracy": accuracy,
        "tools": {"threefold": __version__} | versions,
    }
    report |= build
    report |= _speeds(report, measured, actual_mhz)
    report["confusion"] = _confusion(plan, confusion)
    report |= _placement(plan, board, placed, slowest)
    report["memory_outside"] = _outside(plan, report["clock_mhz"])
    report["limited_by"] = limiting(report)
    report["flash_command"] = flash_command(report)
    return {key: _rounded(value) for key, value in report.items() if value not in (None, {})}


def dumps(report: Mapping) -> str:
    """The report as JSON text, the same for the same report."""
    return json.dumps(report, indent=1, sort_keys=True, allow_nan=False) + "\n"


def _agree(what: str, built, given):
    if built is not None and given is not None and built != given:
        raise PlanError(f"the build is for {what} {built}, not {given}; build again")
    return given if built is None else built


def _planned(plan: Plan, board: str | None, baud: int) -> dict:
    """What a plan tells, with the rate of the serial line."""
    loads = plan.loadable or plan.streamed
    return {
        "name": plan.network.name,
        "sample": sample_words(plan.network).one,
        "network_digest": network_digest(plan.network),
        "predicted_cycles": _cycles(plan.cycles),
        "widths": _widths(plan),
        "program_image_bytes": len(image_of(plan)) if loads else None,
        "layers": [
            _layer(plan, unit, schedule)
            for unit in plan.units
            for schedule in unit.schedules.values()
        ],
        "steps": [_step(unit) for unit in plan.units],
        "buffers": [_fifo(branch) for branch in branches(plan)] or None,
        "ports": ports(plan.ports),
        "link": link(plan.ports, baud, widths=1 + len(plan.widths)) if board in BOARDS else {},
        "predicted_array_utilization": plan.array_utilization or None,
    }


def _outside(plan: Plan, clock_mhz: float | None) -> dict | None:
    """What a program from a memory outside takes, if there is one; rates where a clock is known."""
    traffic = traffic_of(plan)
    if traffic is None:
        return None
    rates = {}
    if clock_mhz:
        rates = {
            "predicted_megabytes_per_second": traffic.rate(clock_mhz),
            "most_megabytes_per_second": traffic.most(clock_mhz),
        }
    return rates | {
        "program_bytes": traffic.size,
        **({"memory_bytes": traffic.holds} if traffic.holds else {}),
        "bytes_per_inference": round(traffic.read),
        "predicted_waiting_share": traffic.waiting,
        "layers": [
            {
                "name": each.name,
                "program_bytes": each.size,
                "predicted_cycles": each.cycles,
                "predicted_waits": each.waits,
                "predicted_copies": each.copies,
                "limit": each.limit,
            }
            for each in traffic.layers
        ],
    }


def _cycles(cycles: Cycles) -> dict[str, float]:
    return {"latency": cycles.latency, "interval": cycles.interval}


def _widths(plan: Plan) -> list[dict] | None:
    """Widths of the network in the order of their numbers, if there are several."""
    if not plan.widths:
        return None
    return [
        {"name": name, "predicted_cycles": _cycles(plan.cycles_at(number))}
        for number, name in enumerate(("whole", *plan.widths))
    ]


def _speeds(report: Mapping, measured: Mapping, actual_mhz: float | None) -> dict[str, float]:
    """Speed in seconds: measured where the clock is that of a build, and it holds; estimated."""
    speed = {}
    if actual_mhz and actual_mhz <= report.get("fmax_mhz", actual_mhz):
        speed = _speed(measured, actual_mhz, "")
    clock_mhz = report["clock_mhz"]
    if speed or not clock_mhz:
        return speed
    cycles = measured or report["predicted_cycles"]
    return _speed(cycles, min(clock_mhz, report.get("fmax_mhz", clock_mhz)), "estimated_")


def _speed(cycles: Mapping, clock_mhz: float, prefix: str) -> dict[str, float]:
    speed = {}
    if "latency" in cycles:
        speed[f"{prefix}latency_us"] = cycles["latency"] / clock_mhz
    if "interval" in cycles:
        speed[f"{prefix}inferences_per_second"] = clock_mhz * 1e6 / cycles["interval"]
    return speed


def _placement(plan: Plan, board: str | None, cells, slowest) -> dict:
    """What cells and slowest path of a build on a board that is known say of the units."""
    if board not in BOARDS:
        return {}
    family = BOARDS[board].family
    parts, result = Parts(plan, family), {}
    if cells:
        result["area"] = area(plan, parts, family, cells)
        result["memories"] = memories(plan, parts, cells)
    if slowest:
        result["critical_path"] = critical_path(parts, slowest)
    return result


def _confusion(plan: Plan, counts) -> dict:
    """Names of the classes and how many images of each were given each."""
    if not counts:
        return {}
    names = class_names(plan.network) or tuple(map(str, range(len(counts))))
    if len(names) != len(counts):
        raise FileFormatError(
            f"confusion of the simulation must be of {len(names)} classes, not {len(counts)}"
        )
    return {"classes": list(names), "counts": counts}


def _layer(plan: Plan, unit: Unit, schedule: Schedule) -> dict:
    """A layer with weights, and the unit that works on it."""
    layer, folding = schedule.layer, schedule.folding
    node = next(node for node in plan.network.nodes if node.name == layer.name)
    conv = node.op
    assert isinstance(conv, Conv)  # nothing else is realized with a schedule
    height, width, _ = plan.network.types[node.name].shape
    whole = conv.weights.shape[1:] == plan.network.types[node.inputs[0]].shape
    return {
        "name": layer.name,
        "op": "dense" if whole else conv.kind,
        "kernel": list(conv.weights.shape[1:3]),
        "stride": list(conv.stride),
        "padding": list(conv.padding),
        "groups": conv.groups,
        "rows": layer.rows,
        "columns": layer.columns,
        "pe": folding.pe,
        "simd": folding.simd,
        "pixels": folding.pixels,
        "macs": height * width * conv.macs_per_pixel,
        "digits": layer.digits,
        "tiles": len(schedule.tiles),
        "tiles_skipped": schedule.skipped,
        "cycles": unit.interval,
        "weight_bits_stored": schedule.weight_bits,
        "weights": {
            "negative": int((layer.weights < 0).sum()),
            "zero": int((layer.weights == 0).sum()),
            "positive": int((layer.weights > 0).sum()),
        },
    }


def _step(unit: Unit) -> dict:
    """Any unit, with weights or without."""
    entry = {
        "name": unit.name,
        "op": ", ".join(layer.op for layer in unit.layers),
        "unit": unit.kind,
        "description": unit.describe(),
        "input": list(unit.in_tensors[0].shape),
        "output": list(unit.out_tensor.shape),
        "lanes": unit.o_lanes,
        "cycles": unit.interval,
    }
    if buffer := unit.activation_buffer:
        entry |= {
            "memory": buffer.memory,
            "buffer_words": buffer.words,
            "buffer_word_bits": buffer.bits,
        }
    if form := unit.decisions().get("form"):
        entry["requantizer"] = form
    if len(unit.layers) > 1:
        entry["layers"] = [layer.name for layer in unit.layers]
    return entry


def _fifo(branch: Branch) -> dict:
    """A FIFO before a unit that joins branches."""
    return {
        "name": branch.name,
        "beats": branch.beats,
        "lanes": branch.lanes,
        "bits": branch.bits,
    }


def _rounded(value):
    """The same value with every fraction cut to a sensible number of digits."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if not isinstance(value, float) or value == 0:
        return value
    digits = _DIGITS - 1 - floor(log10(abs(value)))
    value = round(value, max(digits, 0))
    return int(value) if value == int(value) else value
