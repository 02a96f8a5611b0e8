"""Timing diagram of a stream's handshake, for the page on a core in your design.

    python docs/site/handshake.py

writes ``docs/handshake.svg``, the same bytes each time.
"""

from pathlib import Path

from waves import draw_waves

__all__ = ["PAYLOADS", "READY", "VALID", "draw"]

VALID = (0, 1, 1, 1, 0, 1, 1, 0)
READY = (1, 1, 0, 1, 1, 1, 1, 0)
PAYLOADS = (None, "beat 0", "beat 1", "beat 1", None, "beat 2", "beat 3", None)
"""Signals in each cycle; None where the payload means nothing."""


def draw(file: Path) -> None:
    """Write the diagram; cycles in which a beat moves are shaded."""
    signals = {"payload": PAYLOADS, "valid": VALID, "ready": READY}
    both = zip(VALID, READY, strict=True)
    moves = [cycle for cycle, (valid, ready) in enumerate(both) if valid and ready]
    draw_waves(file, signals, marked=moves, mark="moves")


if __name__ == "__main__":
    draw(Path(__file__).parents[1] / "handshake.svg")
