"""Blocks: pieces of hardware between streams."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from ...errors import PlanError
from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder

__all__ = ["Block", "StreamType", "Tap"]


@dataclass(frozen=True)
class StreamType:
    """Stream type: the lanes of a beat, and the bits and sign of each.

    Parameters
    ----------
    lanes : int
        Elements at once.
    bits : int
        Width of each.
    signed : bool
    """

    lanes: int
    bits: int
    signed: bool = False

    @property
    def element(self) -> str:
        """What a lane is, for messages: ``5 signed bits``."""
        return f"{self.bits} {'signed ' if self.signed else ''}bits"


@dataclass(frozen=True)
class Tap:
    """A stream within an accelerator that simulation compares with the golden model.

    Attributes
    ----------
    name : str
        Name of the tap; its signals in the top module begin with ``tap_<name>__``.
    stream : str
        Node of the network whose values pass.
    type : StreamType
    port : str
        Port of the block's hardware: ``"o"``, or a stream that is there for the tap alone. Its
        beats are those that pass within the block; ``ready`` is always set.
    order : array of int64, shape (beats of an image, lanes), optional
        Which of the node's values each lane carries, −1 where it is 0; in order if left out.
    narrower : tuple of array of int64
        The same at each narrower width of the network, if fewer beats pass there.
    images : int
        Images whose beats are in one order, those of the second behind all values of the first.
    """

    name: str
    stream: str
    type: StreamType
    port: str = "o"
    order: np.ndarray | None = field(default=None, compare=False)
    narrower: tuple[np.ndarray, ...] = field(default=(), compare=False)
    images: int = 1


class Block(ABC):
    """A piece of hardware, which reads streams and gives others.

    Plan, cycle model and estimate of resources are methods; the hardware is what
    :func:`threefold.hw.component.component` makes of a block, a function for each kind.

    Attributes
    ----------
    kind : str
        What it is, in a word.
    i_ports : tuple of str
        Names of its hardware's ports, one for each stream that it reads.
    """

    kind: ClassVar[str]
    i_ports: ClassVar[tuple[str, ...]] = ("i",)

    @property
    @abstractmethod
    def inputs(self) -> tuple[StreamType, ...]:
        """Types of the streams that it reads."""

    @property
    @abstractmethod
    def outputs(self) -> tuple[StreamType, ...]:
        """Types of the streams that it gives; several at the port ``o`` are an array."""

    @property
    def taps(self) -> tuple[Tap, ...]:
        """Streams that simulation compares."""
        return ()

    def resources(self, family: Family) -> Resources:
        """Estimate of its resources.

        Raises
        ------
        PlanError
            If nothing is known of this kind.
        """
        raise PlanError(f"nothing estimates the resources of {self.kind!r}")

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        """Add its flow control to the cycle model.

        Parameters
        ----------
        builder : StageBuilder
        inputs : tuple of int
            Streams of the cycle model that it reads.

        Returns
        -------
        tuple of int
            Those that it gives.

        Raises
        ------
        PlanError
            If nothing is known of this kind.
        """
        raise PlanError(f"the cycle model does not know {self.kind!r}")
