"""Text of what ``power_up.py`` measured."""

from page_table import versions

__all__ = ["power_up"]


def power_up(record: dict) -> str:
    """The section of docs/benchmarks.md about ResNet-20 on an iCEBreaker."""
    cycles, board, build = record["cycles"], record["board"], record["build"]
    used = build["utilization"]
    counts = ", ".join(
        f"{used[name]['used']:,} of {used[name]['available']:,} {what}"
        for name, what in (
            ("lut", "logic cells"),
            ("bram", "block RAMs"),
            ("spram", "single-port RAMs"),
        )
    )
    clock, interval = build["clock_mhz"], cycles["interval"]
    return f"""## ResNet-20 on an iCEBreaker
`benchmarks/power_up.py`: the ResNet-20 of the zoo, 4-bit activations, all layers in turn on an
array of 4×4×4. Its program image of {record["plan"]["program_bytes"]:,} bytes is in three
single-port RAMs, its maps are in the fourth. The board takes {counts}, its line and the reader of
its flash included, and holds {build["fmax_mhz"]:.1f} MHz ({versions([build["tools"]])}, seed 1).
An image takes {interval:,} cycles in simulated Verilog, as predicted: {clock * 1e6 / interval:.1f}
images a second at {clock:g} MHz. From power-up, with the program image in a model of the flash,
the simulated board classified {board["images"]} held-out images as the golden model does,
{board["right"]} of them rightly.
"""
