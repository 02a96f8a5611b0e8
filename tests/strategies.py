"""Hypothesis strategies for networks and their images."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from threefold.network import ArgMax, Codes, Conv, Dense, Logits, Network, Tensor, Threshold

__all__ = ["any_codes", "convs", "images_for", "networks"]

weights = st.sampled_from([-1, 0, 0, 1])


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
    return Conv(
        draw(arrays(np.int8, (filters, kernel_h, kernel_w, channels // groups), elements=weights)),
        stride=(draw(st.integers(1, 3)), draw(st.integers(1, 3))),
        padding=tuple(padding),
        groups=groups,
    )


@st.composite
def networks(draw, max_layers: int = 3) -> Network:
    """Convolutions or dense layers with thresholds between them, and any ending."""
    shape = tuple(draw(st.integers(1, top)) for top in (6, 6, 4))
    source = tensor = Tensor(shape, draw(any_codes()))
    ops = []
    layers = draw(st.integers(1, max_layers))
    for layer in range(layers):
        if draw(st.booleans()):
            op = draw(convs(tensor))
        else:
            size = (draw(st.integers(1, 5)), tensor.size)
            op = Dense(draw(arrays(np.int8, size, elements=weights)), tensor.shape)
        ops.append((f"layer{layer}", op))
        tensor = op.infer(tensor)
        if layer < layers - 1:
            op = draw(_thresholds(tensor))
            ops.append((f"requantize{layer}", op))
            tensor = op.infer(tensor)
    ending = draw(st.sampled_from(["sums", "codes", "logits", "class"]))
    channels = tensor.shape[2]
    if ending == "codes":
        ops.append(("last", draw(_thresholds(tensor))))
    if ending in ("logits", "class"):
        ops.append(("logits", Logits(draw(arrays(np.int32, channels)))))
    if ending == "class" and channels > 1:
        ops.append(("classify", ArgMax()))
    provenance = draw(st.dictionaries(st.text(max_size=5), _JSON_VALUES, max_size=2))
    return Network.chain("net", source, ops, provenance)


def images_for(network: Network, count: int = 3) -> st.SearchStrategy[np.ndarray]:
    """Images that ``network`` takes."""
    codes = st.integers(0, network.input.element.max_code)
    return arrays(np.int64, (count, *network.input.shape), elements=codes)


@st.composite
def _thresholds(draw, tensor: Tensor) -> Threshold:
    codes = draw(any_codes())
    if codes.max_code > 15:
        codes = Codes.unsigned(2)
    span = st.integers(tensor.element.lo - 1, tensor.element.hi + 1)
    levels = draw(arrays(np.int64, (tensor.shape[2], codes.max_code), elements=span))
    return Threshold(np.sort(levels, axis=1), codes.step, codes.offset)


_SMALL = st.integers(1, 9)
_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
