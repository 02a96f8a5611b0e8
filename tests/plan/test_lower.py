import re

import numpy as np
import pytest

from threefold.errors import PlanError
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
    PadChannels,
    SumPool,
    Tensor,
    Threshold,
)
from threefold.plan import lower
from threefold.plan.layers.layer import (
    AddLayer,
    ArgMaxLayer,
    ConcatLayer,
    PadChannelsLayer,
    PoolLayer,
    ThresholdLayer,
)
from threefold.plan.units.concat import ConcatUnit
from threefold.plan.units.pad_channels import PadChannelsUnit
from threefold.plan.window import Window
from threefold.sim import golden

MAP = Tensor((4, 6, 2), Codes(3, 2, -2))
SPARE = Conv(np.ones((2, 1, 1, 2), int))
THRESHOLD = Threshold([[0, 1, 2]] * 2)


def lowered(*nodes, tensor=MAP):
    """Nodes are (name, op) after the one before, or (name, op, inputs)."""
    made, last = [], INPUT
    for name, op, *inputs in nodes:
        made.append(Node(name, op, inputs[0] if inputs else [last]))
        last = name
    return lower(Network("net", tensor, made))


def test_a_convolution_and_its_threshold_are_a_layer():
    conv = Conv(np.ones((6, 3, 2, 1), int), (2, 1), (1, 0, 1, 1), groups=2)
    (layer,) = lowered(("conv1", conv), ("act1", Threshold([[0]] * 6, 2, -1)))
    assert (layer.name, layer.stream, layer.sources, layer.op) == (
        "conv1",
        "act1",
        (INPUT,),
        "conv",
    )
    assert layer.window == Window((4, 6, 2), (3, 2), (2, 1), (1, 0, 1, 1))
    assert (layer.groups, layer.rows, layer.channels, layer.depth, layer.columns) == (2, 6, 6, 1, 6)
    assert (layer.codes, layer.output.element) == (MAP.element, Codes(1, 2, -1))
    assert (layer.pixels, layer.macs) == (2 * 6, 36 * 12)
    assert (layer.inputs, layer.pad_code) == ((MAP,), 1)


def test_a_kernel_that_covers_the_input_reads_a_vector():
    conv = Conv(np.arange(48).reshape(1, 4, 6, 2) % 3 - 1)
    (layer,) = lowered(("conv1", conv), ("logits", Logits([0])))
    assert layer.window == Window((1, 1, 48))
    assert layer.weights.tolist() == conv.weights.reshape(1, 1, 1, 48).tolist()
    padded = Conv(np.ones((1, 4, 6, 2), int), padding=(1, 0, 0, 0))
    (layer,) = lowered(("conv1", padded), ("logits", Logits([0])))
    assert layer.window == Window((4, 6, 2), (4, 6), (1, 1), (1, 0, 0, 0))


def test_arg_max_reads_logits():
    layer, last = lowered(("c", SPARE), ("logits", Logits([0, 0])), ("class", ArgMax()))
    assert (layer.name, layer.stream) == ("c", "logits")
    assert (type(last), last.op, last.sources) == (ArgMaxLayer, "argmax", ("logits",))
    assert last.output == Tensor((4, 6, 1), Codes(1))


def test_pools():
    (largest, sums) = lowered(
        ("max", MaxPool((2, 3), (1, 2), (1, 0, 0, 2))), ("sum", SumPool((2, 2), (2, 1)))
    )
    assert (type(largest), largest.op, largest.sums) == (PoolLayer, "pool", False)
    assert largest.window == Window((4, 6, 2), (2, 3), (1, 2), (1, 0, 0, 2))
    assert (largest.inputs, largest.output.element) == ((MAP,), MAP.element)
    assert (largest.output.shape, largest.pixels) == ((4, 3, 2), 12)
    assert (sums.op, sums.sums, sums.sources) == ("pool", True, ("max",))
    assert sums.window == Window((4, 3, 2), (2, 2), (2, 1))
    assert sums.output.element == Codes(12, 2, -8)


def test_joins_and_channels():
    steps = lowered(
        ("more", PadChannels(1, 3)),
        ("add", Add(), ["more", "more"]),
        ("concat", Concat(), ["add", "add"]),
    )
    pad, add, concat = steps
    assert (type(pad), pad.op, pad.before, pad.after) == (PadChannelsLayer, "pad_channels", 1, 3)
    assert PadChannelsUnit.shared_channels(pad) == 1
    assert (pad.inputs, pad.output.shape, pad.channels) == ((MAP,), (4, 6, 6), 6)
    assert (type(add), add.op, add.sources) == (AddLayer, "add", ("more", "more"))
    assert add.output.element == Codes(6, 2, -4)
    assert (type(concat), concat.op) == (ConcatLayer, "concat")
    assert ConcatUnit.shared_channels(concat) == 6
    assert (concat.sources, concat.output.shape) == (("add", "add"), (4, 6, 12))
    assert concat.inputs == (add.output, add.output)


def test_a_threshold_of_codes_compares_codes():
    thresholds = [[-100, -2, -1], [0, 3, 100]]
    (step,) = lowered(("requantize", Threshold(thresholds)))
    assert (type(step), step.op, step.input_bits) == (ThresholdLayer, "threshold", 3)
    assert step.thresholds.tolist() == [[0, 0, 1], [1, 3, 4]]
    values = MAP.element.step * np.arange(4) + MAP.element.offset
    expected = (values[:, None, None] >= np.array(thresholds)).sum(axis=2)
    codes = (np.arange(4)[:, None, None] >= step.thresholds).sum(axis=2)
    assert np.array_equal(codes, expected)


@pytest.mark.parametrize("flat", [[], [("flat", Flatten())]])
def test_codes_for_a_vector_are_a_vector(flat):
    thresholds = [[-2, -1, 0], [0, 1, 100]]
    weights = np.ones((3, 4, 6, 2), int)
    first = Dense(weights.reshape(3, -1)) if flat else Conv(weights)
    (step, layer) = lowered(
        ("codes", Threshold(thresholds)), *flat, ("fc", first), ("logits", Logits([0] * 3))
    )
    assert (step.output.shape, step.inputs[0].shape) == ((1, 1, 48), (1, 1, 48))
    assert np.array_equal(step.thresholds, np.tile([[0, 1, 1], [1, 2, 4]], (24, 1)))
    assert step.alike_after == 2
    assert layer.inputs[0].shape == step.output.shape


def test_codes_that_are_read_as_a_map_as_well_stay_one():
    nodes = [
        ("codes", THRESHOLD),
        ("pool", SumPool((4, 6), (4, 6)), ["codes"]),
        ("more", Conv(np.ones((2, 4, 6, 2), int)), ["codes"]),
        ("act", THRESHOLD, ["more"]),
        ("add", Add(), ["pool", "act"]),
    ]
    steps = lowered(*nodes)
    assert steps[0].output.shape == (4, 6, 2)


def test_flattening_disappears():
    (pool, layer) = lowered(
        ("pool", MaxPool((2, 2), (2, 2))),
        ("flat", Flatten()),
        ("again", Flatten()),
        ("fc", Dense(np.ones((3, 12), int))),
        ("logits", Logits([0] * 3)),
    )
    assert (pool.name, layer.sources) == ("pool", ("pool",))
    assert layer.window == Window((1, 1, 12))


def test_flattened_input():
    (layer,) = lowered(
        ("flat", Flatten()), ("fc", Dense(np.ones((3, 48), int))), ("logits", Logits([0] * 3))
    )
    assert layer.sources == (INPUT,)


@pytest.mark.parametrize("padding", [(0, 0, 0, 0), (1, 1, 1, 1), (0, 1, 1, 0)])
@pytest.mark.parametrize("logits", [False, True])
def test_accumulators_of_windows_give_what_the_network_gives(padding, logits):
    rng = np.random.default_rng(0)
    conv = Conv(rng.integers(-1, 2, (4, 2, 3, 2)), (1, 2), padding)
    end = (
        Logits(rng.integers(-9, 9, 4))
        if logits
        else Threshold(np.sort(rng.integers(-15, 15, (4, 3)), axis=1))
    )
    network = Network.chain("net", MAP, [("conv", conv), ("end", end)])
    (layer,) = lower(network)
    image = rng.integers(0, 4, (1, *MAP.shape))
    expected = golden.run(network, image)[0]
    top, left, bottom, right = padding
    spread = ((top, bottom), (left, right), (0, 0))
    padded = np.pad(image[0], spread, constant_values=layer.pad_code)
    for y, x in np.ndindex(expected.shape[:2]):
        window = padded[y : y + 2, 2 * x : 2 * x + 3]
        terms = np.where(layer.weights < 0, 3 - window, window) * (layer.weights != 0)
        accumulators = terms.sum(axis=(1, 2, 3))
        assert 0 <= accumulators.min() <= accumulators.max() <= layer.accumulator_max
        if logits:
            outputs = layer.codes.step * accumulators + layer.offsets
        else:
            outputs = (accumulators[:, None] >= layer.thresholds).sum(axis=1)
        assert outputs.tolist() == expected[y, x].tolist()


ON_THE_MAP = [("map", MaxPool((4, 6), (1, 1)), ["act"]), ("sum", Add(), ["map", "end"])]


@pytest.mark.parametrize(("more", "shape"), [([], (1, 1, 48)), (ON_THE_MAP, (4, 6, 2))])
def test_thousands_of_flattens_in_a_row(more, shape):
    """A threshold in front of them is flat, unless something reads the map as it is."""
    flattens = [(f"flat{n}", Flatten()) for n in range(5000)]
    dense = [("fc", Dense(np.ones((2, 48), int))), ("end", THRESHOLD)]
    threshold, layer, *_ = lowered(("act", THRESHOLD), *flattens, *dense, *more)
    assert threshold.output.shape == shape
    assert layer.sources == ("act",)


BARE = "no engine computes the bare sums of 'c'; put one Threshold or Logits after it"


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([("c", SPARE)], BARE),
        ([("c", SPARE), ("f", Flatten()), ("logits", Logits([0] * 48))], BARE),
        (
            [
                ("c", SPARE),
                ("a", THRESHOLD, ["c"]),
                ("b", THRESHOLD, ["c"]),
                ("s", Add(), ["a", "b"]),
            ],
            BARE,
        ),
        (
            [("c", SPARE), ("class", ArgMax())],
            BARE,
        ),
        (
            [
                ("c", SPARE),
                ("logits", Logits([0, 0])),
                ("class", ArgMax()),
                ("codes", Threshold([[1]])),
            ],
            "arg-max 'class' must be the end; nothing in hardware reads it",
        ),
        (
            [("c", SPARE), ("logits", Logits([0, 0])), ("act", THRESHOLD)],
            "logits 'logits' must be the end, or be read by arg-max only",
        ),
        ([("f", Flatten())], "'net' computes nothing; give it a layer"),
    ],
)
def test_refuses(nodes, message):
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        lowered(*nodes)
