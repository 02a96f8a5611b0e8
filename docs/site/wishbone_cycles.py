"""Timing diagram of a read and a write on Wishbone, for the page on a core in your design.

    python docs/site/wishbone_cycles.py

writes ``docs/wishbone.svg``, the same bytes each time.
"""

from pathlib import Path

from waves import draw_waves

__all__ = ["SIGNALS", "draw"]

SIGNALS = {
    "cyc, stb": (0, 1, 1, 0, 1, 1, 0),
    "we": (0, 0, 0, 0, 1, 1, 0),
    "adr": (None, "0x00: ID", "0x00: ID", None, "0x08: CONTROL", "0x08: CONTROL", None),
    "dat_w": (None, None, None, None, "0x00000003", "0x00000003", None),
    "dat_r": (None, None, "0x54464C44", None, None, None, None),
    "ack": (0, 0, 1, 0, 0, 1, 0),
}
"""Signals ``wb_*`` in each cycle; None where the value means nothing. Addresses count words."""


def draw(file: Path) -> None:
    """Write the diagram; cycles in which a request is done are shaded."""
    done = [cycle for cycle, ack in enumerate(SIGNALS["ack"]) if ack]
    draw_waves(file, SIGNALS, marked=done, mark="done")


if __name__ == "__main__":
    draw(Path(__file__).parents[1] / "wishbone.svg")
