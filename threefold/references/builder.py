"""Builder of reference networks: layers with random weights, and thresholds that suit them."""

import math
from collections.abc import Mapping

import numpy as np

from .. import network
from ..errors import NetworkError
from ..network import INPUT, ArgMax, Codes, Conv, Logits, Network, Op, Tensor, Threshold, Width
from ..network.check import as_integer, as_integers
from ..sim.golden import compute
from .weights import ternary_weights

__all__ = ["Builder", "random_images"]

_LARGEST = 2**16  # P and S of a tile


def random_images(source: Tensor, count: int, seed: int = 0) -> np.ndarray:
    """Images of type ``source`` whose codes are all equally likely.

    The thresholds of a network are drawn from those with the network's own seed and as many
    images, which therefore reach every code of every layer.

    Returns
    -------
    array of int64, shape (count, height, width, channels)
    """
    generator = np.random.default_rng([seed, 1])
    return generator.integers(0, source.codes.max_code + 1, (count, *source.shape))


class Builder(network.Builder):
    """A network of random weights under construction.

    Images pass through the network while it grows, and thresholds are chosen among the sums they
    give, so that every code of every layer occurs.

    Parameters
    ----------
    name : str
    source : Tensor
        Type of an image.
    seed : int
    density : float
        Share of non-zero weights, above 0 up to 1, within the tiles that are kept.
    sparsity : float
        Share of tiles without a weight in every layer, from 0 to below 1. A row of tiles keeps
        at least one.
    tile : (int, int), or mapping of str to (int, int)
        P filters by S channels; a mapping has the tiles of each layer by name, and leaves the
        other layers without empty tiles.
    whole_kernels : bool
        Whether tiles are empty at all kernel positions at once, not at one.
    images : int
        How many random images thresholds are drawn from.

    Attributes
    ----------
    values : dict of str to array of int64
        What each node makes of the random images.

    Raises
    ------
    NetworkError
        If an option is out of range, or a node does not fit its inputs.
    """

    def __init__(
        self,
        name: str,
        source: Tensor,
        seed: int = 0,
        *,
        density: float = 0.5,
        sparsity: float = 0.0,
        tile: tuple[int, int] | Mapping[str, tuple[int, int]] | None = None,
        whole_kernels: bool = False,
        images: int = 16,
    ):
        if not 0 < density <= 1:
            raise NetworkError(f"density must be above 0 and at most 1, not {density}")
        if not 0 <= sparsity < 1:
            raise NetworkError(f"sparsity must be at least 0 and below 1, not {sparsity}")
        if sparsity and tile is None:
            raise NetworkError(f"sparsity {sparsity} needs a tile; give its filters and channels")
        tiles = tile if isinstance(tile, Mapping) else {} if tile is None else {None: tile}
        self._tiles = {
            layer: as_integers(size, "tile", 2, 1, _LARGEST) for layer, size in tiles.items()
        }
        super().__init__(name, source)
        self._seed = as_integer(seed, "the seed", 0, 2**63 - 1)
        self._density, self._sparsity, self._whole_kernels = density, sparsity, whole_kernels
        count = as_integer(images, "the number of images", 1, 2**16)
        self._generator = np.random.default_rng([self._seed, 0])
        self.values = {INPUT: random_images(source, count, self._seed)}

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the last node's output."""
        return self.types[self.last].shape

    def add(self, name: str, op: Op, *sources: str, what: str | None = None) -> str:
        super().add(name, op, *sources, what=what)
        inputs = self.nodes[-1].inputs
        types = [self.types[source] for source in inputs]
        self.values[name] = compute(op, *(self.values[source] for source in inputs), types=types)
        return name

    def conv(
        self,
        name: str,
        filters: int,
        kernel: tuple[int, int],
        *sources: str,
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int, int, int] = (0, 0, 0, 0),
        groups: int = 1,
    ) -> str:
        """Add a convolution with random weights; gives its name."""
        channels = self.types[sources[0] if sources else self.last].shape[2]
        tile = self._tiles.get(name, self._tiles.get(None))
        weights = ternary_weights(
            self._generator,
            (filters, *kernel, channels // groups),
            self._density,
            self._sparsity if tile else 0.0,
            tile or (1, 1),
            self._whole_kernels,
        )
        return self.add(name, Conv(weights, stride, padding, groups), *sources)

    def threshold(self, name: str, codes: Codes) -> str:
        """Add a requantization whose thresholds let every code occur; gives its name."""
        source = self.types[self.last].element
        values = self.values[self.last]
        if isinstance(source, Codes):
            values = source.values[values]
        channels = values.reshape(-1, values.shape[-1]).T
        thresholds = [_thresholds(self._generator, channel, codes.max_code) for channel in channels]
        self.add(name, Threshold(np.array(thresholds), codes.step, codes.offset))
        found = len(np.unique(self.values[name]))
        if found <= codes.max_code:
            raise NetworkError(
                f"{name!r} gives only {found} of its {codes.max_code + 1} codes; "
                "use more images or a higher density"
            )
        return name

    def layer(self, name: str, filters: int, kernel: tuple[int, int], codes: Codes, **conv) -> str:
        """Add convolution ``name`` and its threshold ``name_codes``; gives the latter's name."""
        self.conv(name, filters, kernel, **conv)
        return self.threshold(f"{name}_codes", codes)

    def dense(self, name: str, outputs: int, codes: Codes) -> str:
        """Add a layer over the whole map; gives the name of its threshold."""
        return self.layer(name, outputs, self.shape[:2], codes)

    def classifier(self, classes: int) -> Network:
        """Add a dense layer, logits that make classes equally likely, and arg-max.

        Returns
        -------
        Network
            All that was added.
        """
        self.conv("classes", classes, self.shape[:2])
        sums = self.values["classes"].reshape(-1, classes)
        self.add("logits", Logits(-np.rint(sums.mean(axis=0)).astype(np.int64)))
        self.add("best", ArgMax())
        return self.network()

    def network(
        self, provenance: Mapping | None = None, widths: Mapping[str, Width] | None = None
    ) -> Network:
        """All that was added; the provenance names the seed if nothing else is given."""
        if provenance is None:
            provenance = {"weights": "random", "seed": self._seed}
        return super().network(provenance, widths)


def _thresholds(generator: np.random.Generator, values: np.ndarray, count: int) -> np.ndarray:
    """``count`` thresholds among ``values`` that part them about equally; each value is an integer.

    Where there are more than ``count`` different values, every code occurs among them.
    """
    different, places = np.unique(values, return_inverse=True)
    if len(different) == 1:
        return np.sort(generator.choice([different[0], different[0] + 1], count))
    if len(different) <= count:
        return np.sort(generator.choice(different[1:], count))
    order = np.arange(count)
    quantiles = [math.ceil(len(values) * part / (count + 1)) for part in range(1, count + 1)]
    wanted = np.maximum(np.sort(places)[quantiles], order + 1)
    wanted = np.maximum.accumulate(wanted - order) + order
    return different[np.minimum(wanted, len(different) - count + order)]
