"""Pruning configuration: method, tiles and schedule."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from threefold.errors import TrainingError

from ..ranges import Range, require, require_flags

__all__ = ["SCOPES", "Pruning"]

SCOPES = ("layer", "network")
"""Where the smallest tiles are looked for."""

_RANGES = {
    "fraction": Range(0, 1, below=True),
    "collapse": Range(0, 1, below=True),
    "penalty": Range(0),
    "clip": Range(0, above=True, optional=True),
    "start": Range(0, whole=True),
    "end": Range(1, whole=True, optional=True),
    "stage": Range(1, whole=True, optional=True),
}
_OF = " of pruning"


@dataclass(frozen=True)
class Pruning:
    """Structured pruning of the tiles of an array, in training.

    Until epoch ``end`` a group lasso pulls tiles towards 0, and a growing part of them, the
    smallest, is pruned after each epoch from ``start`` on; then training goes on with the tiles
    that are left. The part grows as in Zhu, Gupta, "To prune, or not to prune", 2017: with the
    time t from 0 to 1 it is fraction · (1 − (1 − t)³).

    Parameters
    ----------
    tile : (int, int)
        Filters and input channels of a tile: PE and SIMD of the array that is to skip it. Layers
        that this does not divide have the largest smaller tile that does.
    tiles : mapping of str to (int, int), or sequence of (str, (int, int))
        Tiles of layers by name, such as ``{"conv1": (8, 1)}``, which must divide them.
    whole_kernel : bool
        A tile is all positions of the kernel, not one of them.
    fraction : float
        Share of the tiles that are pruned in the end, 0 or more and below 1. At least one is left
        to each group of filters: no array is faster without.
    scope : str
        ``"layer"`` takes the same part of each layer, ``"network"`` the smallest tiles of all
        layers, measured in their layer's root mean square.
    collapse : float
        At ``end`` those tiles are pruned as well whose norm is below this part of the mean norm
        of their layer's tiles.
    penalty : float
        λ, the weight of the group lasso in the loss; see :func:`~..penalty.group_lasso`.
    clip : float, optional
        Norms count up to this multiple of their layer's mean norm, Weight Penalty Clipping;
        without a limit if None.
    start : int
        Epochs before the first tile is pruned.
    end : int, optional
        Epochs after which no further tile is pruned, and nothing pulls any more; half of the
        training if left out.
    stage : int, optional
        The stage of a training in which this happens, counted from 1; the training itself if
        left out.
    first, last : bool
        Whether the first and the last layer with weights are pruned, too. Layers that ``tiles``
        names are.

    Raises
    ------
    TrainingError
        If a value is out of range.
    """

    tile: tuple[int, int] = (4, 4)
    tiles: tuple[tuple[str, tuple[int, int]], ...] = ()
    whole_kernel: bool = False
    fraction: float = 0.5
    scope: str = "layer"
    collapse: float = 0.0
    penalty: float = 2.5e-3
    clip: float | None = 0.7
    start: int = 0
    end: int | None = None
    stage: int | None = None
    first: bool = False
    last: bool = False

    def __post_init__(self):
        named = self.tiles.items() if isinstance(self.tiles, Mapping) else self.tiles
        named = tuple(sorted((name, tuple(size)) for name, size in named))
        object.__setattr__(self, "tile", tuple(self.tile))
        object.__setattr__(self, "tiles", named)
        for size in (self.tile, *(size for _, size in named)):
            if len(size) != 2 or not all(isinstance(each, int) and each > 0 for each in size):
                raise TrainingError(f"a tile is two positive integers, PE and SIMD, not {size}")
        require(_RANGES, self, _OF)
        require_flags(("whole_kernel", "first", "last"), self, _OF)
        if self.scope not in SCOPES:
            raise TrainingError(
                f"the scope of pruning must be one of {', '.join(SCOPES)}, not {self.scope!r}"
            )
        if self.end is not None and self.end <= self.start:
            raise TrainingError(
                f"pruning must end after epoch {self.start} where it starts, not {self.end}"
            )

    def until(self, epochs: int) -> int:
        """Epochs after which all is pruned, in a training of ``epochs``.

        Raises
        ------
        TrainingError
            If that is after the last.
        """
        end = max(self.start + 1, epochs // 2) if self.end is None else self.end
        if end > epochs:
            raise TrainingError(f"pruning ends after {end} epochs; train for as many, not {epochs}")
        return end

    def part(self, done: int, epochs: int) -> float:
        """Part of the tiles that is pruned after ``done`` of ``epochs`` epochs."""
        end = self.until(epochs)
        time = min(max((done - self.start) / (end - self.start), 0), 1)
        return self.fraction * (1 - (1 - time) ** 3)

    def to_dict(self) -> dict[str, Any]:
        """All values, as JSON has them; ``Pruning(**values)`` is the same again."""
        values = asdict(self)
        values["tile"] = list(self.tile)
        values["tiles"] = {name: list(size) for name, size in self.tiles}
        return values

    @property
    def recipe(self) -> str:
        """A few words for people."""
        sizes = [*(f"{name} {pe}×{simd}" for name, (pe, simd) in self.tiles)]
        sizes = ", ".join([f"{self.tile[0]}×{self.tile[1]}", *sizes])
        kernel = "whole kernels" if self.whole_kernel else "one kernel position"
        clip = "" if self.clip is None else f" clipped at {self.clip:g}"
        lasso = f", group lasso {self.penalty:g}{clip}" if self.penalty else ""
        stage = "" if self.stage is None else f", in stage {self.stage}"
        return (
            f"{self.fraction:.0%} of tiles {sizes} of {kernel} pruned by {self.scope}{lasso}{stage}"
        )
