"""Key figures, in words for the page and the command line."""

from dataclasses import dataclass

from ..plan.traffic import mebibytes
from ..samples import SampleWords
from .words import path_figure

__all__ = ["Figure", "key_figures"]


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes
    ----------
    label : str
        What it is; an estimate says so here.
    value : str
        With its unit.
    note : str
        How it came about, or what it compares with.
    tone : str
        ``"good"``, ``"bad"`` or empty.
    """

    label: str
    value: str
    note: str = ""
    tone: str = ""


def key_figures(report: dict) -> list[Figure]:
    """What is known of accuracy, exactness, speed and size, in this order."""
    words = SampleWords(report["sample"])
    figures = [
        *_accuracy(report.get("accuracy", {}), words),
        *_mismatches(report.get("simulation", {}), words),
        *_speed(report),
        *_link(report, words),
        *_clock(report),
        *_path(report),
        *_outside(report.get("memory_outside", {}), words),
    ]
    cells = report.get("utilization", {})
    for resource, label in (("lut", "Logic cells"), ("bram", "Block RAM"), ("dsp", "DSP blocks")):
        if resource in cells:
            used, available = cells[resource]["used"], cells[resource]["available"]
            value = f"{used / available:.1%}".replace("%", " %") if available else f"{used:,}"
            if used == 0:
                value = "none"
            figures.append(Figure(label, value, f"{used:,} of {available:,}"))
    return figures


def _accuracy(accuracy: dict, words: SampleWords) -> list[Figure]:
    names = {"rtl": "simulated hardware", "integer": "exact integers", "float": "float"}
    known = [name for name in names if name in accuracy]
    if not known:
        return []
    best, *others = known
    if best == "rtl" and accuracy.get("integer") == accuracy["rtl"]:
        others.remove("integer")  # as it should be, so not worth a word
    told, simulated = names[best], accuracy.get("rtl_images")
    if best == "rtl" and simulated and accuracy.get("images", simulated) != simulated:
        told += f", {simulated:,} {words.many}"
    notes = [told, *(f"{names[name]} {_percent(accuracy[name])}" for name in others)]
    return [Figure("Accuracy", _percent(accuracy[best]), "; ".join(notes))]


def _mismatches(simulation: dict, words: SampleWords) -> list[Figure]:
    if "mismatches" not in simulation:
        return []
    count = simulation["mismatches"]
    note = "against the golden model"
    if "beats_compared" in simulation and "images" in simulation:
        images = simulation["images"]
        note = f"in {simulation['beats_compared']:,} words of {images:,} {words.many}"
    return [Figure("Mismatches", f"{count:,}", note, "bad" if count else "good")]


def _speed(report: dict) -> list[Figure]:
    measured, predicted = report.get("cycles", {}), report["predicted_cycles"]
    figures = []
    for cycles, seconds, label, text in (
        ("latency", "latency_us", "Latency", "{} cycles"),
        ("interval", "inferences_per_second", "Inferences a second", "one every {} cycles"),
    ):
        count = measured.get(cycles, predicted[cycles])
        if cycles not in measured:
            origin = "predicted"
        elif count == predicted[cycles]:
            origin = "as predicted"
        else:
            origin = f"predicted {predicted[cycles]:,}"
        estimate = report.get(f"estimated_{seconds}")
        value = report.get(seconds, estimate)
        if value is None:
            label = {"latency": "Latency", "interval": "Interval"}[cycles]
            note = f"measured, {origin}" if cycles in measured else origin
            figures.append(Figure(label, f"{count:,} cycles", note))
        else:
            label += "" if seconds in report else ", estimated"
            unit = " µs" if cycles == "latency" else ""
            note = text.format(f"{count:,}")
            figures.append(Figure(label, _significant(value) + unit, f"{note}, {origin}"))
    return figures


def _link(report: dict, words: SampleWords) -> list[Figure]:
    """Rate that the serial line of the board allows, which most accelerators are faster than."""
    if "link" not in report:
        return []
    link = report["link"]
    each = max(link["input_frame_bytes"], link["output_frame_bytes"])
    note = f"{words.many} a second, {each:,} bytes each"
    if report.get("limited_by") == "link":
        note += ": the limit"
    return [Figure("Serial line", _significant(link["inferences_per_second"]), note)]


def _clock(report: dict) -> list[Figure]:
    clock, fmax = report.get("clock_mhz"), report.get("fmax_mhz")
    if fmax is None:
        return [] if clock is None else [Figure("Clock", f"{clock:g} MHz", "planned")]
    if clock is None:
        return [Figure("Fmax", f"{fmax:.1f} MHz", "placed and routed")]
    tone = "bad" if fmax < clock else ""
    return [Figure("Fmax", f"{fmax:.1f} MHz", f"runs at {clock:g} MHz", tone)]


def _path(report: dict) -> list[Figure]:
    path = report.get("critical_path")
    return [Figure("Slowest path", *path_figure(path))] if path else []


def _outside(outside: dict, words: SampleWords) -> list[Figure]:
    """What of the network is in a memory outside, and what that costs."""
    if not outside:
        return []
    holds, share = outside.get("memory_bytes"), outside["predicted_waiting_share"]
    of = f"of {mebibytes(holds)}, " if holds else ""
    size = Figure(
        "Program in the SDRAM",
        mebibytes(outside["program_bytes"]),
        f"{of}{outside['bytes_per_inference']:,} bytes read {words.a}",
    )
    note = "of the time, predicted"
    if "predicted_megabytes_per_second" in outside:
        rates = "predicted_megabytes_per_second", "most_megabytes_per_second"
        read, most = (_significant(outside[name]) for name in rates)
        note += f"; {read} of {most} MB/s"
    return [size, Figure("Waits for the SDRAM", f"{share:.1%}".replace("%", " %"), note)]


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _significant(value: float) -> str:
    """Four digits where there are fewer before the point, else all of those."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
