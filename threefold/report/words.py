"""Wording of placement: the slowest path, memories and confusions, for page and terminal."""

from collections.abc import Mapping

__all__ = ["confusions", "memory_rows", "path_figure", "path_sentence"]

_MODULES = (
    ("array.weights", "weight memory"),
    ("array", "PE array"),
    ("reader.buffer", "activation buffer"),
    ("reader.sequencer", "sequencer"),
    ("reader.walker", "window walker"),
    ("reader", "window reader"),
    ("unfolder", "unfolder"),
    ("divide", "serializer"),
    ("reducer", "pool"),
    ("drain", "serializer"),
    ("output.skid", "skid buffer"),
    ("output.search", "requantizer"),
    ("output", "last stage"),
    ("search", "requantizer"),
    ("skid", "skid buffer"),
    ("fifo", "FIFO"),
)  # names of the parts of a unit, by the beginning of their paths
_AROUND = (
    ("link.receiver", "serial receiver"),
    ("link.transmitter", "serial transmitter"),
    ("link.fifos", "FIFO of the serial line"),
    ("link.parser", "frame parser"),
    ("link.framer", "framer"),
    ("link.registers", "registers"),
    ("link", "serial link"),
    ("clock", "clock generator"),
    ("", "board"),
)  # names of what is around an accelerator
_BUILT = {"bram": "block RAM", "spram": "single-port RAM", "lut_ram": "LUT RAM"}
_BARE = {"ff": "flip-flops", "lut": "LUTs"}
_MOST = 10


def path_figure(path: Mapping) -> tuple[str, str]:
    """Delay of the slowest path, and in a few words where it is and what it consists of."""
    ends = [path[end].get("unit", "serial line") for end in ("from", "to")]
    where = f"within {ends[0]}" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    logic = round(100 * path["logic_ns"] / path["delay_ns"]) if path["delay_ns"] else 0
    return f"{path['delay_ns']:.1f} ns", f"{where}; {logic} % logic, {100 - logic} % routing"


def path_sentence(path: Mapping) -> str:
    """The slowest path in one sentence: where it begins and ends, and what it leads through."""
    ends = [_end(path["from"]), _end(path["to"])]
    where = f"Within {ends[0]}" if ends[0] == ends[1] else f"From {ends[0]} to {ends[1]}"
    through = f", by way of {', '.join(path['units'][1:-1])}" if path["units"][1:-1] else ""
    levels = path["levels"]
    cells = f", through {levels} cell{'s' if levels > 1 else ''}" if levels else ""
    return (
        f"{where}{through}{cells}: {path['logic_ns']:.1f} ns of logic and "
        f"{path['routing_ns']:.1f} ns of routing."
    )


def _end(end: Mapping) -> str:
    module, unit = end["module"], end.get("unit")
    words = _MODULES if unit else _AROUND
    word = next((word for head, word in words if module.startswith(head)), module)
    if unit is None:
        return f"the {word}"
    return f"the {word} of {unit}" if word else unit


def memory_rows(report: Mapping) -> list[tuple[str, str, str, str]]:
    """Name, activations, weights and requantizer of each unit with a memory, in words.

    What synthesis made of a memory is told where it is known, else what was planned.
    """
    built: dict[tuple[str, str], list[str]] = {}
    for entry in report.get("memories", ()):
        built.setdefault((entry["unit"], entry["content"]), []).append(_built(entry))
    bits = {layer["name"]: layer["weight_bits_stored"] for layer in report["layers"]}
    rows = []
    for step in report["steps"]:
        name = step["name"]
        layers = step.get("layers", [name])
        stored = sum(bits[layer] for layer in layers if layer in bits)
        activations = weights = form = ""
        if "memory" in step:
            size = f"{step['buffer_words']:,} × {step['buffer_word_bits']} bits"
            activations = _placed(size, built.get((name, "activations")), step["memory"])
        if stored:
            weights = _placed(f"{stored:,} bits", built.get((name, "weights")))
        if "requantizer" in step:
            form = _placed(step["requantizer"], built.get((name, "thresholds")))
        if activations or weights or form:
            rows.append((name, activations, weights, form))
    return rows


def _built(entry: Mapping) -> str:
    kind, count = entry["built_as"], entry.get("count")
    if kind in _BARE:
        return _BARE[kind]
    return f"{count} {_BUILT[kind]}{'' if count == 1 else 's'}"


def _placed(what: str, built: list[str] | None, planned: str = "") -> str:
    where = " and ".join(built) if built else planned
    return f"{what}, {where}" if where else what


def confusions(report: Mapping) -> list[tuple[str, str, int, int]]:
    """The most frequent confusions: label, class given, how often, and images of the label."""
    confusion = report.get("confusion", {"classes": (), "counts": ()})
    names = confusion["classes"]
    found = [
        (names[label], names[given], count, sum(row))
        for label, row in enumerate(confusion["counts"])
        for given, count in enumerate(row)
        if count and label != given
    ]
    return sorted(found, key=lambda each: -each[2])[:_MOST]
