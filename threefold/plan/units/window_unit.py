"""Window units: an activation buffer, the walk of a window over it, and a program of words."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from ...errors import PlanError
from ...fpga import MEMORIES, Family, Resources
from ...network import INPUT
from ..banks import Banks
from ..layers import Layer
from ..program import Program
from ..window import Walk, Window
from .unit import ActivationBuffer, Decisions, Unit

__all__ = ["WindowUnit", "least_depth", "shown_pair", "shown_window", "smooth_depth"]


@dataclass(frozen=True, eq=False)
class WindowUnit(Unit):
    """Unit with an activation buffer from which the windows of a kernel are read.

    Parameters
    ----------
    layers : tuple of Layer
    depth : int
        Words the activation buffer holds, in each of its banks a power of two; 0 for as many as
        let a producer of constant rate never wait.
    memory : str
        Where the activation buffer lives, one of :data:`~threefold.fpga.MEMORIES`. SPRAM
        has a single port: words enter in cycles in which none is read.

    Raises
    ------
    PlanError
        If the depth is no power of two, too small for a window or too large, or there is no
        such memory.
    """

    depth: int = field(default=0, kw_only=True)
    memory: str = field(default="auto", kw_only=True)

    @classmethod
    def from_decisions(cls, layers: tuple[Layer, ...], decisions: Mapping) -> Self:
        unit = super().from_decisions(layers, decisions)
        if not decisions["depth"]:
            raise PlanError(f"the depth of the buffer of {unit.name!r} must be decided, not 0")
        return unit

    @property
    @abstractmethod
    def window(self) -> Window:
        """Geometry of the kernel."""

    @property
    @abstractmethod
    def program(self) -> Program:
        """The words of a window in the order they are read."""

    @property
    @abstractmethod
    def walk(self) -> Walk:
        """The windows of an image in words."""

    @property
    def word_bits(self) -> int:
        """Width of a word of the activation buffer."""
        return self.inputs[0].bits * self.word_lanes

    @property
    def word_lanes(self) -> int:
        """Codes in a word of the activation buffer."""
        return self.i_lanes

    @property
    def tile_cycles(self) -> int:
        """Cycles of an image in which a word is read."""
        return len(self.program) * self.walk.steps

    @property
    def input_cycles(self) -> int:
        """Least cycles between images for words to be read and to enter."""
        shared = self.walk.words if self.memory == "spram" else 0
        return max(self.tile_cycles + shared, self.walk.words)

    @property
    def smooth_interval(self) -> int:
        # While a single port is read no word enters. The source of the network may wait for that.
        waits = self.memory == "spram" and self.sources != (INPUT,)
        return 2 * self.interval if waits else self.interval

    @property
    def capacity(self) -> int:
        """Words in a row that the activation buffer holds, wherever they begin."""
        return Banks(self.walk).capacity(self.depth)

    @property
    def activation_buffer(self) -> ActivationBuffer:
        return ActivationBuffer(self.depth, self.word_bits, self.memory, self.walk.pixels)

    def placed(self, fixed: Decisions) -> Self:
        return replace(self, memory=fixed["memory"]) if "memory" in fixed else self

    @property
    def beyond_bits(self) -> int:
        """Bits of the positions, of rows and of words, that may lie in the padding."""
        (height, width, _), (top, left, bottom, right) = self.window.shape, self.window.padding
        rows = _bits(height + top + bottom) if top or bottom else 0
        words = _bits((width + left + right) * self.walk.pitch) if left or right else 0
        return rows + words

    def reader_resources(self, family: Family) -> Resources:
        """Activation buffer, sequencer, and the way of the window over the map: an estimate."""
        program, cost = self.program, family.reader
        beyond, padded = self.beyond_bits, any(self.window.padding)
        banks = self.walk.pixels
        bank, word_bits = self.depth // banks, self.word_bits * banks
        luts = cost.each + cost.address * _bits(bank) + cost.index * _bits(len(program))
        luts += cost.place * sum(map(_bits, self.walk.shape)) + cost.beyond * beyond
        luts += word_bits * padded
        bare = cost.bare + cost.bare_beyond * beyond
        if banks > 1:
            # Each bank chooses between two addresses, each pixel among the banks.
            luts += banks * _bits(bank) + word_bits * _bits(len(set(Banks(self.walk).firsts)))
            bare += word_bits
        if family.counts_bare_cells:
            # Registers of a word, unless padding has a LUT in front of them, and of the index.
            bare += word_bits * (not padded)
            bare += _bits(len(program)) * bool(program.bits)
        result = Resources(luts, ff=bare)
        for _ in range(banks):
            result += family.buffer(self.word_bits, bank, self.memory)
        if program.bits:
            result += family.rom(program.bits, len(program))
        return result

    def settle(self) -> None:
        """Check the buffer, and decide its depth if that was left open."""
        if self.memory not in MEMORIES:
            raise PlanError(
                f"memory of {self.name!r} must be one of {', '.join(MEMORIES)}, not {self.memory!r}"
            )
        if not self.depth:
            object.__setattr__(self, "depth", smooth_depth(self.walk, self.tile_cycles))
        least = least_depth(self.walk)
        if max(least, self.depth) > _MOST_WORDS:
            raise PlanError(
                f"activation buffer of {self.name!r} takes {max(least, self.depth):,} words, "
                f"and holds at most {_MOST_WORDS:,}; use a smaller map or a smaller kernel"
            )
        if not Banks(self.walk).holds(self.depth):
            times = f"{self.walk.pixels} times " if self.walk.pixels > 1 else ""
            raise PlanError(
                f"activation buffer of {self.name!r} must be {times}a power of two of at least "
                f"{least} words, not {self.depth}"
            )


_MOST_WORDS = 1 << 24


def least_depth(walk: Walk) -> int:
    """The smallest buffer, banks being powers of two of words, that holds a window."""
    return Banks(walk).depth(walk.least_depth)


def smooth_depth(walk: Walk, cycles: int) -> int:
    """The smallest buffer with which a producer of constant rate never makes windows wait.

    Its counters lag behind by a cycle, in which another word arrives if one does in each.

    Parameters
    ----------
    walk : Walk
    cycles : int
        Between images.
    """
    return Banks(walk).depth(walk.smooth_depth + (cycles <= walk.words))


def shown_window(name: str, window: Window, usual: tuple[int, int]) -> str:
    """An operation with its kernel, and its stride unless that is the usual one."""
    text = f"{name} {window.kernel[0]}×{window.kernel[1]}"
    return text if window.stride == usual else f"{text}, stride {shown_pair(window.stride)}"


def shown_pair(sizes: tuple[int, int]) -> str:
    """Two sizes as text, once if they are equal."""
    return str(sizes[0]) if sizes[0] == sizes[1] else f"{sizes[0]}×{sizes[1]}"


def _bits(count: int) -> int:
    return (count - 1).bit_length()
