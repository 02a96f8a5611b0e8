"""Text of what ``depths.py`` measured."""

from page_table import table, versions

__all__ = ["depths"]

_NAMES = {"resnet20_jpeg": "ResNet-20 of the zoo", "resnet56": "ResNet-56, random weights"}


def depths(record: dict) -> str:
    """The section of docs/benchmarks.md, from what ``depths.py`` recorded."""
    simulation, build = record["simulation"], record["build"]
    array = "×".join(map(str, simulation["array"]))
    (deep,) = (each for each in simulation["networks"] if each["network"] == "resnet56")
    return f"""## Two depths on one array
`benchmarks/depths.py`: an array of {array} for all layers of ResNet-20, with room for
those of a ResNet-56 of the same maps and 4-bit activations. In simulation of its Verilog
ResNet-20 is loaded, ResNet-56 in its place, and ResNet-20 again; all results of the images are
those of the golden model, and all cycles those predicted. {_placed(build)}

{_networks(simulation, build)}

Block RAM is what binds. The weights of ResNet-56 take {deep["weights"] / 4096:,.0f} KB, and its
program image {deep["program_bytes"] / 1024:,.0f} KB, with thresholds for each channel of each
requantizer. Maps, and the thresholds of the pass that is computed, come to it.

{_room(simulation)}
"""


def _placed(build: dict) -> str:
    if "refused" in build:
        return f"It is no bitstream yet: at\n{build['clock_mhz']:g} MHz {build['refused']}."
    used = build["utilization"]
    return f"""On the
`{build["board"]}` the array, its line and its flash reader take {used["lut"]["used"]:,} logic cells
and {used["bram"]["used"]} block RAMs. Built for {build["clock_mhz"]:g} MHz with nextpnr's `static`
placer they hold {build["fmax_mhz"]:.1f} MHz
({versions([build["tools"]])}, seed 1)."""


def _networks(simulation: dict, build: dict) -> str:
    head = ["network", "weights", "program image, bytes", "latency", "interval", "images"]
    images: dict[str, list[str]] = {}
    for run in simulation["loads"]:
        images.setdefault(run["network"], []).append(str(run["images"]))
    rows = [
        [
            _NAMES[each["network"]],
            *(f"{each[key]:,}" for key in ("weights", "program_bytes", "latency", "interval")),
            " + ".join(images[each["network"]]),
        ]
        for each in simulation["networks"]
    ]
    if "fmax_mhz" in build:
        head.append("images/s at Fmax")
        for row, each in zip(rows, simulation["networks"], strict=True):
            row.append(f"{build['fmax_mhz'] * 1e6 / each['interval']:,.0f}")
    return table(head, rows)


def _room(simulation: dict) -> str:
    head = ("board", "KB of block RAM", "block RAMs, estimated", "logic cells, estimated")
    rows = [
        (
            f"`{row['board']}`",
            f"{row['kilobytes']:,.0f}",
            f"{row['bram_estimated']} of {row['bram']}",
            f"{row['cells_estimated']:,} of {row['cells']:,}",
        )
        for row in simulation["room"]
    ]
    return table(head, rows)
