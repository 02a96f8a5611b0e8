"""Hypothesis strategies for QONNX graphs that can become networks."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from onnx import TensorProto

from threefold.importer import Input
from threefold.network import Codes

from .graphs import Graph

__all__ = ["MODES", "Case", "dense", "maps"]

MODES = ["ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN"]


class Case:
    """A graph that grows; keeps the shape, the size of numbers, and whether a code means 0.

    With scales of powers of two nothing is rounded. With others, sums are kept off thresholds by
    an odd constant if ``apart``, and may lie on them otherwise.
    """

    def __init__(self, draw, scales, *shape, names=("N",)):
        self.draw, self.powers, self.apart = draw, scales == "powers", scales == "apart"
        self.rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.shape, self.spread, self.zero = list(shape), 1.0, True
        self.positions = self.rising = False  # many in a vector; whether nothing may fall
        self.type, self.input = TensorProto.FLOAT, None
        self.graph = Graph(draw(st.sampled_from(names)), *shape)
        self._start()

    def _start(self):
        kind = self.draw(st.sampled_from(["quant", "pixels", "given"]))
        if kind == "quant":
            self.activate(names=("quant", "bipolar"), steps=False)
        elif kind == "given":
            bits, signed = self.draw(st.integers(1, 4)), self.draw(st.booleans())
            codes = Codes.signed(bits) if signed else Codes.unsigned(bits)
            self.input = Input(Fraction(float(self.scale(1.0))), codes)
            self.spread *= 2.0**bits
        elif self.powers:
            self.input = Input(Fraction(1, 256))

    @property
    def channels(self):
        return self.shape[0]

    def one_of(self, *choices):
        return self.draw(st.sampled_from(choices))

    def scale(self, about, size=()):
        scale = about * 2.0 ** self.rng.uniform(-1, 1, size)
        scale = 2.0 ** np.rint(np.log2(scale)) if self.powers else scale
        return np.float32(scale) if size == () else scale.astype(np.float32)

    def numbers(self, size, about=1.0):
        """Of either sign and 0; a few bits each where sums are to be exact."""
        real = self.rng.normal(size=size) * (self.rng.random(size) < 0.8) * about
        return (np.rint(real * 4) / 4 if self.powers else real).astype(np.float32)

    def integers(self, bits, narrow, *shape):
        hi = 2 ** (bits - 1) - 1
        return self.rng.integers(-hi if narrow else -hi - 1, hi + 1, shape)

    def per_channel(self):
        if self.positions:
            return ()
        return (self.channels,) + (1,) * (len(self.shape) - 1)

    def weight_scale(self, filters, rank):
        size = (filters,) + (1,) * (rank - 1) if self.one_of(True, False) else ()
        return self.scale(0.5, size)

    def weights(self, filters, *shape, transposed=False, same=False):
        """Name of weights of 2 bits, or of up to 8."""
        kind = self.one_of("plain", "quant", "bipolar", "wide")
        bits, narrow = 2, 1
        if kind == "wide":
            kind, bits, narrow = "quant", self.one_of(2, 3, 4, 6, 8), self.one_of(0, 1)
        codes = self.integers(bits, narrow, filters, *shape)
        codes = np.where(codes == 0, 1, codes) if kind == "bipolar" else codes
        codes[0, 0] = 1
        scale = self.scale(0.5) if same else self.weight_scale(filters, 1 + len(shape))
        self.spread *= float(np.max(scale)) * np.sqrt(np.prod(shape)) * np.abs(codes).max()
        if transposed:
            codes, scale = codes.T, np.transpose(scale)
        return self.graph.weights(codes, scale, kind, bits, narrow)

    def conv(self):
        one = len(self.shape) == 2
        sizes = [self.draw(st.integers(1, min(3, size))) for size in self.shape[1:]]
        strides = [self.draw(st.integers(1, min(2, size))) for size in self.shape[1:]]
        groups = self.one_of(*(g for g in (1, 2, self.channels) if self.channels % g == 0))
        filters = groups * self.draw(st.integers(1, 3))
        pads = [self.draw(st.integers(0, size - 1)) if self.zero else 0 for size in sizes * 2]
        ahead = any(pads) and self.one_of(True, False)
        if ahead:
            rank = len(sizes)
            self.graph.ints("Pad", [0, 0, *pads[:rank], 0, 0, *pads[rank:]])
        name = self.weights(filters, self.channels // groups, *sizes)
        more = []
        if self.one_of(True, False):
            more = [self.graph.constant(self.numbers(filters, self.spread))]
        around = None if ahead else pads
        self.graph.node(
            "Conv", name, *more, kernel_shape=sizes, strides=strides, group=groups, pads=around
        )
        self.shape = [filters] + [
            (size + pads[i] + pads[i + len(sizes)] - sizes[i]) // strides[i] + 1
            for i, size in enumerate(self.shape[1:])
        ]
        assert one == (len(self.shape) == 2)

    def pool(self, *kinds):
        kind = self.one_of(*kinds)
        if kind == "GlobalAveragePool":
            self.graph.node(kind)
            self.shape[1:] = [1] * len(self.shape[1:])
            return
        sizes = [self.draw(st.integers(1, min(2, size))) for size in self.shape[1:]]
        strides = [self.draw(st.integers(1, size)) for size in sizes]
        pads = [0] * (2 * len(sizes))
        if kind == "MaxPool":
            pads = [self.draw(st.integers(0, size - 1)) for size in sizes * 2]
        self.graph.node(kind, kernel_shape=sizes, strides=strides, pads=pads)
        self.shape[1:] = [
            (size + pads[i] + pads[i + len(sizes)] - sizes[i]) // strides[i] + 1
            for i, size in enumerate(self.shape[1:])
        ]

    def dense(self, outputs, same=False):
        name = self.weights(outputs, *self.shape, transposed=True, same=same)
        if self.one_of(True, False):
            self.graph.node("MatMul", name)
        else:
            bias = self.numbers(outputs, self.spread)
            self.graph.node("Gemm", name, self.graph.constant(bias))
        self.shape, self.positions = [outputs], False

    def steps(self):
        kinds = ["affine", "Relu"] if self.positions else ["norm", "affine", "Relu"]
        for kind in self.draw(st.lists(st.sampled_from(kinds), max_size=2)):
            if kind == "norm":
                gamma, beta, mean = (self.numbers(self.channels) for _ in range(3))
                var = self.scale(1.0, (self.channels,)) ** 2
                gamma = np.abs(gamma) if self.rising else gamma
                self.graph.norm(gamma, beta * self.spread, mean * self.spread, var)
            elif kind == "affine":
                step = self.one_of("Mul", "Add", "Sub", "Div")
                size = self.one_of((), self.per_channel())
                value = self.numbers(size, 1.0 if step in ("Mul", "Div") else self.spread)
                if step == "Div":
                    value = np.where(value == 0, 1, self.scale(1.0, np.shape(value))) * (
                        np.sign(value) + (value == 0)
                    )
                if self.rising and step in ("Mul", "Div"):
                    value = np.abs(value)
                self.graph.op(step, value)
            else:
                self.graph.node("Relu")

    def activate(self, names=("quant", "quant", "bipolar", "thresholds"), steps=True):
        if steps:
            self.steps()
        self.rising = False
        self.keep_apart()
        kind = self.one_of(*names)
        if kind == "bipolar":
            scale = self.scale(1.0)
            self.graph.bipolar(scale)
            self.spread, self.zero = float(scale), False
        elif kind == "thresholds":
            self._thresholds()
        else:
            bits, signed = self.draw(st.integers(1, 8)), self.draw(st.integers(0, 1))
            narrow = self.draw(st.integers(0, 1)) if bits > 1 else 0
            self.quant(self.scale(self.spread * 2.0 ** (1 - bits)), bits, signed, narrow)
            self.zero = bits > 1 or not signed

    def keep_apart(self):
        if self.apart and self.graph.nodes:
            self.graph.op("Add", self.spread * self.rng.uniform(0.01, 0.02))

    def quant(self, scale, bits, signed, narrow):
        self.graph.quant(scale, bits, 0.0, signed, narrow, self.one_of(*MODES))
        self.spread = float(scale) * 2 ** (bits - 1)

    def _thresholds(self):
        count = self.draw(st.integers(1, 7))
        rows = 1 if self.positions else self.one_of(1, self.channels)
        thresholds = np.sort(self.numbers((rows, count), self.spread), axis=1)
        scale = self.scale(1.0)
        bias = self.one_of(0.0, -1.0, -0.5, -count) * scale
        layout = {1: "NC", 2: "NCW", 3: "NCHW"}[len(self.shape)]
        self.graph.multithreshold(thresholds, float(scale), float(bias), data_layout=layout)
        self.spread = float(scale) * (count + 1)
        self.zero = bias / scale == int(bias / scale) and count + bias / scale >= 0

    def flatten(self):
        """A vector of a map, along the axes of the source or turned."""
        turned = len(self.shape) == 3 and self.one_of(True, False)
        if turned:
            self.graph.node("Transpose", perm=[0, 2, 3, 1])
        size, self.positions = int(np.prod(self.shape)), True
        if self.one_of(True, False):
            self.graph.node("Flatten")
        else:
            self.graph.ints("Reshape", [self.one_of(1, -1), size])
        self.shape = [size]

    def branches(self):
        """Two paths of one quantizer's scale, that are added or concatenated."""
        bits, signed, scale = self.one_of(2, 3, 4), self.one_of(0, 1), self.scale(0.5)
        join = self.one_of("Add", "Concat", "sums")
        self.quant(scale, bits, signed, 0)
        start, channels = self.graph.at, self.channels
        filters = self.one_of(1, 2, 3) if join == "Concat" else channels
        kernel = [1] * len(self.shape[1:])
        if join == "sums":
            self._sums(kernel)
            return
        self.graph.node("Conv", self.weights(filters, channels, *kernel), kernel_shape=kernel)
        self.keep_apart()
        self.quant(scale, bits, signed, 0)
        more = {} if join == "Add" else {"axis": 1}
        self.graph.node(join, of=[start, self.graph.at], **more)
        self.shape[0] = channels if join == "Add" else channels + filters
        self.zero = True

    def _sums(self, kernel):
        """Codes and sums of them, of scales 2ᵏ apart, added up."""
        start, bits, channels = self.graph.at, self.one_of(2, 4), self.channels
        scale = self.one_of(0.25, 0.5, 1.0, 2.0)
        codes = self.integers(bits, 1, channels, channels, *kernel)
        codes.flat[0] = 1
        name = self.graph.weights(codes, scale, "quant", bits)
        self.graph.node("Conv", name, kernel_shape=kernel)
        if self.one_of(True, False):
            self.graph.op("Add", self.numbers(self.per_channel(), self.spread))
        self.graph.node("Add", of=[start, self.graph.at])
        self.spread *= 1 + scale * np.sqrt(channels) * np.abs(codes).max()
        self.activate()

    def end(self):
        """Logits of at least two classes, a class, or codes."""
        kind = self.one_of("logits", "codes", "ArgMax", "TopK", "Softmax", "norm")
        if kind == "codes":
            self.activate()
        elif kind == "norm":
            slope = np.full(self.channels, self.one_of(-1.5, 2.0, 0.25), np.float32)
            beta = self.numbers(self.channels, self.spread)
            self.graph.norm(slope, beta, 0 * beta, np.ones_like(beta))
        elif kind == "ArgMax":
            self.graph.node(kind, axis=1, keepdims=self.one_of(0, 1))
            self.type = TensorProto.INT64
        elif kind == "TopK":
            self.graph.ints(kind, [1], outputs=2)
            self.graph.at += "_1"
            self.type = TensorProto.INT64
        elif kind == "Softmax":
            self.graph.node(kind)
        return self

    def model(self):
        return self.graph.model(type=self.type)


@st.composite
def dense(draw, scales):
    """Chains of dense layers."""
    case = Case(draw, scales, draw(st.integers(1, 9)))
    for _ in range(draw(st.integers(0, 2))):
        case.dense(draw(st.integers(1, 6)))
        case.activate()
    case.dense(draw(st.integers(2, 5)), same=True)
    return case.end()


@st.composite
def maps(draw, scales):
    """Networks of maps, or of one-dimensional signals."""
    size = [draw(st.integers(2, 5)) for _ in range(draw(st.integers(1, 2)))]
    case = Case(draw, scales, draw(st.integers(1, 3)), *size, names=("N", 1, 2))
    for kind in draw(st.lists(st.sampled_from(["conv", "branches"]), min_size=1, max_size=2)):
        if kind == "branches":
            case.branches()
            continue
        case.conv()
        if draw(st.booleans()):
            case.pool("MaxPool")
            case.rising = True
        case.activate()
        if draw(st.booleans()):
            case.pool("MaxPool", "AveragePool", "GlobalAveragePool")
    if draw(st.booleans()):
        case.flatten()
        if draw(st.booleans()):
            case.activate()
        case.dense(draw(st.integers(2, 5)), same=True)
        return case.end()
    if draw(st.booleans()):
        case.conv()
    case.activate()
    return case
