"""Channel padding: more channels, of value 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from ..errors import NetworkError
from .check import as_integer
from .kept import Kept
from .op import Op, require_codes
from .types import Tensor

__all__ = ["PadChannels"]


@dataclass(frozen=True, eq=False)
class PadChannels(Op, kind="pad_channels"):
    """Channels of value 0 before and after those of the input.

    Behind a subsampling :class:`MaxPool` it makes the shortcut without weights by which a
    residual network reaches its next stage.

    Parameters
    ----------
    before, after : int
        Number of channels to add, at least one in all.

    Raises
    ------
    NetworkError
        If a number is out of range, or both are 0.
    """

    before: int
    after: int

    varies: ClassVar[bool] = True

    def __post_init__(self):
        for name in ("before", "after"):
            count = as_integer(
                getattr(self, name), f"the number of channels {name}", 0, Tensor.MAX_SIZE
            )
            object.__setattr__(self, name, count)
        if self.before == self.after == 0:
            raise NetworkError("padding channels needs at least 1 channel to add, not 0 and 0")

    def infer(self, *inputs: Tensor) -> Tensor:
        (tensor,) = inputs
        codes = require_codes("padding of channels", tensor)
        if codes.zero_code is None:
            raise NetworkError(f"no code of {codes} means 0, so padding has nothing to supply")
        height, width, channels = tensor.shape
        return Tensor((height, width, self.before + channels + self.after), codes)

    def attributes(self) -> dict:
        return {"before": self.before, "after": self.after}

    def places(self, types: Sequence[Tensor]) -> tuple[tuple[int, int], ...]:
        return ((0, self.before),)

    def narrowed(
        self, inputs: Sequence[Kept], types: Sequence[Tensor], own: Self | None = None
    ) -> tuple[Self, Kept]:
        if not inputs[0].is_first:
            raise NetworkError(
                f"it keeps {inputs[0].used} of {inputs[0].channels} channels, which are not the "
                "first of them; pad channels ahead of a concatenation, or keep all"
            )
        part = own or self
        channels = self.before + types[0].shape[2] + self.after
        used = part.before + inputs[0].used + part.after
        if used > channels:
            raise NetworkError(f"it gives {used} channels, but {channels} in the network")
        return part, Kept.first(channels, used)
