"""Hypothesis strategies for networks and their images."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from threefold.errors import NetworkError
from threefold.network import (
    INPUT,
    Add,
    ArgMax,
    Codes,
    Concat,
    Conv,
    Dense,
    Flatten,
    Logits,
    MaxPool,
    Network,
    Node,
    Op,
    PadChannels,
    SumPool,
    Tensor,
    Threshold,
)

__all__ = ["any_codes", "convs", "images_for", "networks", "pools"]

widths = st.sampled_from([2, 2, 2, 3, 4, 6, 8, 9])


def weights(bits: int) -> st.SearchStrategy[int]:
    """A weight of so many bits."""
    largest = 2 ** (bits - 1) - 1
    return st.sampled_from([-1, 0, 0, 1]) if bits == 2 else st.integers(-largest, largest)


def _weights_of(shape: tuple[int, ...], bits: int) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.int16, shape, elements=weights(bits))


@st.composite
def any_codes(draw, padded: bool = False) -> Codes:
    """Codes of every kind; with ``padded`` only those that have a code for 0."""
    kinds = [
        st.integers(1, 8).map(Codes.unsigned),
        st.integers(1, 8).map(Codes.signed),
        st.just(Codes.ternary()),
        st.builds(lambda top, step, low: Codes(top, step, -step * min(low, top)), *([_SMALL] * 3)),
    ]
    if not padded:
        kinds += [
            st.just(Codes.bipolar()),
            st.builds(Codes, _SMALL, _SMALL, st.integers(-40, 40)),
            st.just(Codes(2**16 - 1, 2**14, -(2**30))),
        ]
    return draw(st.one_of(kinds))


@st.composite
def convs(draw, tensor: Tensor) -> Conv:
    """A convolution that fits ``tensor``."""
    height, width, channels = tensor.shape
    kernel_h, kernel_w = draw(st.integers(1, min(3, height))), draw(st.integers(1, min(3, width)))
    groups = draw(st.sampled_from([g for g in range(1, channels + 1) if channels % g == 0]))
    filters = groups * draw(st.integers(1, 3))
    padding = [0, 0, 0, 0]
    if tensor.element.zero_code is not None:
        padding = [draw(st.integers(0, kernel - 1)) for kernel in (kernel_h, kernel_w) * 2]
    bits = draw(widths)
    return Conv(
        draw(_weights_of((filters, kernel_h, kernel_w, channels // groups), bits)),
        stride=draw(_strides(tensor)),
        padding=tuple(padding),
        groups=groups,
        bits=bits,
    )


@st.composite
def pools(draw, tensor: Tensor) -> MaxPool | SumPool:
    """Pooling that fits ``tensor``: sums only where they do not grow too large."""
    height, width, _ = tensor.shape
    kernel = draw(st.integers(1, min(3, height))), draw(st.integers(1, min(3, width)))
    sums = SumPool(kernel, draw(_strides(tensor)))
    if draw(st.booleans()) and _fits(sums, tensor):
        return sums
    padding = tuple(draw(st.integers(0, size - 1)) for size in kernel * 2)
    return MaxPool(kernel, sums.stride, padding)


@st.composite
def networks(draw, max_layers: int = 3) -> Network:
    """Layers, pools and residual blocks in any order, and any ending."""
    shape = tuple(draw(st.integers(1, top)) for top in (6, 6, 4))
    graph = _Graph(draw, Tensor(shape, draw(any_codes())))
    for layer in range(draw(st.integers(1, max_layers))):
        blocks = [graph.layer, graph.layer, graph.pool, graph.flatten, graph.residual, graph.concat]
        if graph.tensor.element.zero_code is not None:
            blocks.append(graph.pad_channels)
        draw(st.sampled_from(blocks))(str(layer))
    ending = draw(st.sampled_from(["sums", "codes", "logits", "class"]))
    if ending != "codes" or not graph.nodes:
        graph.sums("last")
    channels = graph.tensor.shape[2]
    if ending in ("logits", "class"):
        graph.add("logits", Logits(draw(arrays(np.int32, channels))))
    if ending == "class" and channels > 1:
        graph.add("classify", ArgMax())
    provenance = draw(st.dictionaries(st.text(max_size=5), _JSON_VALUES, max_size=2))
    return Network("net", graph.input, graph.nodes, provenance)


class _Graph:
    """A network under construction: its nodes, the name and the type of the last one's output."""

    def __init__(self, draw, source: Tensor):
        self.draw = draw
        self.input = self.tensor = source
        self.last, self.nodes = INPUT, []

    def add(self, name: str, op: Op, *others: tuple[str, Tensor]):
        sources = [(self.last, self.tensor), *others]
        self.nodes.append(Node(name, op, [source for source, _ in sources]))
        self.last, self.tensor = name, op.infer(*(tensor for _, tensor in sources))

    def sums(self, name: str):
        op = self.draw(convs(self.tensor))
        if self.draw(st.booleans()):
            size, bits = (self.draw(st.integers(1, 5)), self.tensor.size), self.draw(widths)
            op = Dense(self.draw(_weights_of(size, bits)), self.tensor.shape, bits)
        self.add(name, op)

    def layer(self, name: str):
        if self.draw(st.integers(0, 3)):
            self.sums(f"layer{name}")
        self.add(f"requantize{name}", self.draw(_thresholds(self.tensor)))

    def pool(self, name: str):
        self.add(f"pool{name}", self.draw(pools(self.tensor)))

    def flatten(self, name: str):
        self.add(f"flatten{name}", Flatten())

    def pad_channels(self, name: str):
        before, after = self.draw(st.sampled_from([(0, 1), (1, 0), (1, 2)]))
        self.add(f"pad{name}", PadChannels(before, after))

    def branch(self, name: str, codes: Codes, filters: int):
        """Codes of a given type beside the pixels of the current output."""
        size = (filters, 1, 1, self.tensor.shape[2])
        self.add(f"branch{name}", Conv(self.draw(_weights_of(size, 2))))
        self.add(f"codes{name}", self.draw(_thresholds(self.tensor, codes)))

    def residual(self, name: str):
        start, element = (self.last, self.tensor), self.tensor.element
        codes = Codes(self.draw(_SMALL), element.step, self.draw(st.integers(-9, 9)))
        self.branch(name, codes, filters=self.tensor.shape[2])
        fits = _fits(Add(), self.tensor, start[1])
        self.add(f"add{name}", Add(), start if fits else (self.last, self.tensor))

    def concat(self, name: str):
        start, codes = (self.last, self.tensor), Codes(self.draw(_SMALL))
        self.branch(f"{name}a", codes, filters=self.draw(st.integers(1, 3)))
        first = self.last, self.tensor
        if self.draw(st.booleans()):
            self.last, self.tensor = start
            self.branch(f"{name}b", codes, filters=self.draw(st.integers(1, 3)))
        self.add(f"concat{name}", Concat(), first)


def images_for(network: Network, count: int = 3) -> st.SearchStrategy[np.ndarray]:
    """Images that ``network`` takes."""
    codes = st.integers(0, network.input.element.max_code)
    return arrays(np.int64, (count, *network.input.shape), elements=codes)


@st.composite
def _thresholds(draw, tensor: Tensor, codes: Codes | None = None) -> Threshold:
    codes = codes or draw(any_codes())
    if codes.max_code > 15:
        codes = Codes.unsigned(2)
    span = st.integers(tensor.element.lo - 1, tensor.element.hi + 1)
    thresholds = draw(arrays(np.int64, (tensor.shape[2], codes.max_code), elements=span))
    return Threshold(np.sort(thresholds, axis=1), codes.step, codes.offset)


def _strides(tensor: Tensor) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(*(st.integers(1, min(3, size)) for size in tensor.shape[:2]))


def _fits(op: Op, *tensors: Tensor) -> bool:
    try:
        op.infer(*tensors)
    except NetworkError:
        return False
    return True


_SMALL = st.integers(1, 9)
_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
