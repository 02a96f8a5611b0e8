"""Ports: the streams into and out of an accelerator."""

from dataclasses import dataclass
from typing import Self

from ..network import ArgMax, Network, Tensor, class_count
from .units.block import StreamType

__all__ = ["Port", "Ports"]


@dataclass(frozen=True)
class Port:
    """One stream between an accelerator and the rest of the system.

    Elements come in the order height, width, channel; the first of a beat is in the lowest bits.

    Attributes
    ----------
    name : str
        ``"i"`` or ``"o"``: prefix of its signals ``<name>__valid``, ``__ready``, ``__payload``.
    tensor : Tensor
        Type of an image, or of what comes of one.
    type : StreamType
        Lanes of a beat, width of each in bits, and whether they are signed.
    """

    name: str
    tensor: Tensor
    type: StreamType

    @property
    def valid(self) -> str:
        """Name of the signal that says a beat is offered."""
        return f"{self.name}__valid"

    @property
    def ready(self) -> str:
        """Name of the signal that says a beat is taken."""
        return f"{self.name}__ready"

    @property
    def payload(self) -> str:
        """Name of the signal with the lanes of a beat."""
        return f"{self.name}__payload"

    @property
    def width(self) -> int:
        """Bits of a beat."""
        return self.type.lanes * self.type.bits

    @property
    def beats(self) -> int:
        """Beats of an image."""
        return self.tensor.size // self.type.lanes

    @property
    def pixels(self) -> int:
        """Pixels of an image."""
        return self.tensor.shape[0] * self.tensor.shape[1]

    @property
    def element_bytes(self) -> int:
        """Bytes that an element takes in memory and on a serial line."""
        return -(-self.type.bits // 8)

    @property
    def lane_bytes(self) -> int:
        """Bytes of the integer of C that holds an element: 1, 2 or 4."""
        return 1 << (self.element_bytes - 1).bit_length()


@dataclass(frozen=True)
class Ports:
    """Ports of an accelerator: its input and its output.

    Attributes
    ----------
    input, output : Port
    gives_class : bool
        Whether the output is the index of a class.
    classes : int
        Classes there are, or channels of the output.
    whole : bool
        Whether an image enters as a whole, at any rate, before anything of it is computed.
    """

    input: Port
    output: Port
    gives_class: bool
    classes: int
    whole: bool = False

    @property
    def gives(self) -> str:
        """What an element of the output is: ``"class"``, ``"logits"`` or ``"codes"``."""
        if self.gives_class:
            return "class"
        return "logits" if self.output.type.signed else "codes"

    @classmethod
    def of(
        cls, network: Network, input: StreamType, output: StreamType, *, whole: bool = False
    ) -> Self:
        """Ports of a network's accelerator, from the types of its streams."""
        last = network.output
        tensor, gives_class = network.types[last.name], isinstance(last.op, ArgMax)
        return cls(
            Port("i", network.input, input),
            Port("o", tensor, output),
            gives_class,
            class_count(network),
            whole,
        )
