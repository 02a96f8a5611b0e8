"""Frames: words of a memory outside, asked for a number of them at a time."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["FrameSignature"]


class FrameSignature(wiring.Signature):
    """Signature of the reader of a memory that is read from beginning to end, over and over.

    Parameters
    ----------
    bits : int
        Width of a word.

    Members
    -------
    ask : Out(1)
        There is room for another frame.
    taken : In(1)
        The frame asked for in this cycle will come; only with ``ask``.
    valid : In(1), word : In(bits)
        The next word, which does not wait.
    image : Out(1)
        An image begins. No frame is under way then, nor is one asked for.
    """

    def __init__(self, bits: int):
        super().__init__(
            {
                "ask": Out(1),
                "taken": In(1),
                "valid": In(1),
                "word": In(bits),
                "image": Out(1),
            }
        )
