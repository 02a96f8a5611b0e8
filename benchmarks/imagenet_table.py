"""Text of what ``imagenet.py`` measured."""

from page_table import table

__all__ = ["imagenet"]

_NAMES = {
    "resnet18": "ResNet-18",
    "resnet18, 4 weights a byte": "– weights of two bits, not five to a byte",
    "resnet18, 2 bits": "– of 2-bit activations",
    "resnet18, a quarter pruned": "– a quarter of its tiles pruned",
    "resnet18, 75 % pruned": "– 75 % pruned",
    "resnet18, 2,048 lanes": "– 2,048 lanes",
    "resnet18, 2,048 lanes, one clock": "– and an SDRAM of their clock",
    "resnet18-batch4": "ResNet-18, four images at once",
    "resnet34": "ResNet-34",
    "resnet50": "ResNet-50",
    "alexnet": "AlexNet",
}
_BRAM = 208  # of an ECP5-85F


def imagenet(record: dict) -> str:
    """The section of docs/benchmarks.md, from what ``imagenet.py`` recorded."""
    networks = record["networks"]
    whole = networks["resnet18"]
    array = "×".join(map(str, whole["array"]))
    simulated = whole["simulated"]
    share = whole["waits"] / whole["interval"]
    large = [_NAMES[name] for name, each in networks.items() if each["estimated"]["bram"] > _BRAM]
    one, two = (
        networks[name]["clock_mhz"] for name in ("resnet18, 2,048 lanes, one clock", "resnet18")
    )
    return f"""## Networks of ImageNet, weights from an SDRAM
`benchmarks/imagenet.py --simulate`: images of 224×224×3 bytes, random ternary weights of which half
are 0, 4-bit activations unless the row says otherwise, the first and the last layer ternary as
well. The first layer and its pool are an engine and a pool, which take the next image meanwhile;
the others take turns on an array of {array}, whose program comes from the SDRAM of a ULX3S for each
image. The SDRAM has twice the clock of the accelerator, or the same. Images a second are those of
half of what the SDRAM takes, {two:g} MHz, or of {one:g} MHz, one image at a time or four that
share a read of weights, whose waits and copies are those of all four. No accelerator
of these has been placed and routed, so that it is not said that a device holds these clocks.

{_table(networks)}

Cycles between images are predicted. In Verilator ({record["verilator"]}), with a model of the
memory's times, an image of each row with simulated beats took as many cycles from its first beat to
its result as predicted, and every code of every layer was that of the golden model. The plan of
ResNet-18 takes {simulated["planned_seconds"]:.0f} s; Verilog, compilation and simulation of an
image {simulated["seconds"]:.0f} s on one core.

Two words of 16 bits a cycle are what binds: for {share:.0%} of the cycles of ResNet-18 the array
waits for weights. Copies are of tiles and thresholds, ahead of each of {whole["passes"]} passes.
LUTs and block RAMs are estimates. The {_BRAM} block RAMs of an ECP5-85F are too few only for the
maps of {" and ".join(large)}.
Other networks of this size on FPGAs have multipliers and vendors' tools: 214.8 images a second of
ResNet-18 on a ZCU102 (FILM-QNN, FPGA 2022).
"""


def _table(networks: dict) -> str:
    head = ("network", "weights", "program, KB", "cycles", "of them: tiles", "waits", "copies")
    head += ("images/s", "LUTs", "block RAMs", "simulated, beats")
    rows = []
    for name, title in _NAMES.items():
        if name not in networks:
            continue
        each = networks[name]
        figures = (each[key] for key in ("interval", "tiles", "waits", "copied"))
        beats = each.get("simulated", {}).get("beats")
        rows.append(
            (
                title,
                f"{each['weights']:,}",
                f"{each['stored_bytes'] / 1024:,.0f}",
                *(f"{figure:,}" for figure in figures),
                f"{each['images_per_second']:.1f}",
                f"{each['estimated']['lut']:,}",
                str(each["estimated"]["bram"]),
                f"{beats:,}" if beats else "–",
            )
        )
    return table(head, rows)
