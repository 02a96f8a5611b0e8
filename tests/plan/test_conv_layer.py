import numpy as np
import pytest

from threefold.network import ArgMax, Codes, Dense, Integers, Logits, Network, Tensor, Threshold
from threefold.plan import lower
from threefold.sim import golden

from ..accelerators import CODES, random_images, random_network

VECTOR = Tensor((1, 1, 4), Codes.unsigned(2))
DENSE = Dense([[1, -1, 0, 1], [-1, -1, 0, 0], [0, 0, 0, 0]])
THRESHOLD = Threshold([[0, 1, 2]] * 3)
LOGITS = Logits([1, -2, 3])


def chain(*ops, tensor=VECTOR):
    names = [f"{op.kind}{n}" for n, op in enumerate(ops, 1)]
    return Network.chain("net", tensor, list(zip(names, ops, strict=True)))


def top_of(codes):
    return 2**codes.bits - 1


def accumulators_of(layer, codes):
    """Σ w·code with top − code wherever a weight is −1, as the PE array adds them up."""
    complement, weights = top_of(layer.codes) - codes, layer.weights[:, 0, 0]
    return codes @ (weights == 1).T + complement @ (weights == -1).T


@pytest.mark.parametrize("codes", CODES)
def test_some_codes_reach_the_largest_accumulator_value(codes):
    codes = CODES[codes]
    weights = np.array([[1, -1, 1, 0], [1, 1, -1, -1]])
    (layer,) = lower(chain(Dense(weights), Logits([0, 0]), tensor=Tensor((1, 1, 4), codes)))
    accumulators = accumulators_of(layer, codes.max_code * (weights > 0))
    assert accumulators[np.arange(2), np.arange(2)].max() == layer.accumulator_max


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("codes", CODES)
def test_layers_compute_the_network(codes, seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng, CODES[codes], layers=3)
    values = golden.evaluate(network, random_images(rng, network, 20))
    *layers, last = lower(network)
    if isinstance(network.output.op, ArgMax):
        assert (last.name, last.op, last.sources) == ("argmax", "argmax", ("logits",))
    else:
        layers.append(last)
    assert [layer.name for layer in layers] == ["fc1", "fc2", "fc3"]
    source = "input"
    for layer in layers:
        inputs = values[source].reshape(20, -1)
        accumulators = accumulators_of(layer, inputs)
        weights = layer.weights[:, 0, 0]
        negative = (weights == -1).sum(axis=1)
        assert np.array_equal(accumulators, inputs @ weights.T + top_of(layer.codes) * negative)
        assert 0 <= accumulators.min() <= accumulators.max() <= layer.accumulator_max
        if layer.thresholds is not None:
            outputs = (accumulators[:, :, None] >= layer.thresholds).sum(axis=2)
            assert layer.offsets is None
        else:
            outputs = layer.codes.step * accumulators + layer.offsets
            assert isinstance(layer.output.element, Integers)
        assert np.array_equal(outputs, values[layer.stream].reshape(20, -1)), f"seed {seed}"
        source = layer.stream


def test_a_layer():
    codes = Codes(5, step=2, offset=-3)
    (layer, _) = lower(
        chain(DENSE, THRESHOLD, Dense([[1, 0, -1]]), Logits([4]), tensor=Tensor((1, 1, 4), codes))
    )
    assert (layer.name, layer.stream) == ("conv1", "threshold2")
    assert (layer.rows, layer.columns, layer.codes) == (3, 4, codes)
    assert layer.output.element == Codes.unsigned(2)
    assert (layer.accumulator_max, layer.accumulator_bits) == (5 + 5 + 7, 5)
    # Row 0: value = 2·Σ w·code − 3, so it is at least 0, 1, 2 from Σ w·code = 2, 2, 3 on.
    assert layer.thresholds.tolist() == [[9, 9, 10], [11, 12, 12], [0, 1, 1]]


def test_thresholds_stay_within_what_accumulators_reach():
    thresholds = Threshold([[-1000, 0, 1000]] * 3)
    (layer, _) = lower(chain(DENSE, thresholds, Dense([[1, 0, 0]]), Logits([0])))
    assert layer.thresholds[:, 0].tolist() == [0, 0, 0]
    assert layer.thresholds[:, 2].tolist() == [3 * 3 + 1, 3 * 2 + 1, 1]


@pytest.mark.parametrize(
    ("weights", "bits", "accumulator_bits"),
    [
        ([[0, 0, 0, 0]], 1, 1),
        ([[1, 0, 0, 0]], 1, 2),
        ([[1, -1, 0, 0]], 1, 2),
        ([[1, -1, 1, 0]], 1, 3),
        ([[1, -1, 1, 1]], 1, 3),
        ([[1, 0, 0, 0]], 2, 3),
        ([[1, 1, 0, 0], [0, 0, 0, -1]], 2, 3),
        ([[1, 1, 1, 1]], 4, 6),
        ([[1, -1, 1, 1]], 8, 10),
    ],
)
def test_accumulators_are_as_wide_as_the_largest_and_one_more(weights, bits, accumulator_bits):
    tensor = Tensor((1, 1, 4), Codes.unsigned(bits))
    (layer,) = lower(chain(Dense(weights), Logits([0] * len(weights)), tensor=tensor))
    assert layer.accumulator_bits == accumulator_bits


@pytest.mark.parametrize(
    ("codes", "weights", "bias", "lo", "hi", "logit_bits"),
    [
        (Codes.unsigned(1), [[1, 0, 0, 0]], 0, 0, 1, 2),
        (Codes.unsigned(1), [[-1, 0, 0, 0]], 0, -1, 0, 1),
        (Codes.unsigned(2), [[1, 1, 0, 0]], 1, 1, 7, 4),
        (Codes.unsigned(2), [[1, 1, 0, 0]], 2, 2, 8, 5),
        (Codes.unsigned(2), [[-1, -1, 0, 0]], -2, -8, -2, 4),
        (Codes.unsigned(2), [[-1, -1, 0, 0]], -3, -9, -3, 5),
        (Codes.bipolar(), [[1, 1, 1, 1]], 0, -4, 4, 4),
        (Codes.bipolar(), [[1, 1, 1, 1]], -4, -8, 0, 4),
        (Codes.signed(8), [[1, 0, 0, 0]], 0, -128, 127, 8),
        (Codes.signed(8), [[-1, 0, 0, 0]], 0, -127, 128, 9),
        (Codes.unsigned(2), [[0, 0, 0, 0]], 100, 100, 100, 8),
        (Codes.unsigned(2), [[0, 0, 0, 0]], -8, -8, -8, 4),
    ],
)
def test_logits_are_just_wide_enough(codes, weights, bias, lo, hi, logit_bits):
    dense = Dense(weights)
    assert [int(bound[0]) + bias for bound in dense.bounds(codes)] == [lo, hi]
    (layer,) = lower(chain(dense, Logits([bias]), tensor=Tensor((1, 1, 4), codes)))
    assert layer.output.element.bits == logit_bits


@pytest.mark.parametrize("seed", range(20))
def test_logits_of_any_network_fit_and_not_one_bit_is_spare(seed):
    rng = np.random.default_rng(seed)
    codes = CODES[["unsigned4", "signed8", "ternary", "bipolar"][seed % 4]]
    network = random_network(rng, codes, layers=1, argmax=False)
    (layer,) = lower(network)
    dense, bias = network.nodes[0].op, network.nodes[1].op.bias
    lowest, _ = dense.bounds(Codes(top_of(codes), codes.step, codes.offset))
    _, highest = dense.bounds(codes)
    reached = [int((lowest + bias).min()), int((highest + bias).max())]
    fits = [-(2 ** (layer.output.element.bits - 1)), 2 ** (layer.output.element.bits - 1) - 1]
    assert fits[0] <= reached[0] <= reached[1] <= fits[1]
    assert reached[0] < fits[0] // 2 or reached[1] > fits[1] // 2


@pytest.mark.parametrize("step", [1, 2, 3, 5, 6, 100])
def test_logits_of_codes_of_any_step(step):
    codes = Codes(3, step=step, offset=-2)
    network = chain(DENSE, LOGITS, tensor=Tensor((1, 1, 4), codes))
    inputs = np.random.default_rng(step).integers(0, 4, (20, 4))
    (layer,) = lower(network)
    outputs = step * accumulators_of(layer, inputs) + layer.offsets
    expected = golden.run(network, inputs.reshape(20, 1, 1, 4)).reshape(20, -1)
    assert np.array_equal(outputs, expected)


WIDE = np.array([[7, -3, 0, 5], [-7, -7, 1, 2], [0, 0, 0, 0]])


@pytest.mark.parametrize("codes", CODES)
@pytest.mark.parametrize("finish", [THRESHOLD, LOGITS], ids=["codes", "logits"])
def test_weights_of_several_digits(codes, finish):
    codes = CODES[codes]
    tensor = Tensor((1, 1, 4), codes)
    layer, *_ = lower(chain(Dense(WIDE, bits=4), finish, tensor=tensor))
    inputs = np.random.default_rng(0).integers(0, codes.max_code + 1, (50, 4))
    expected = golden.run(chain(Dense(WIDE, bits=4), finish, tensor=tensor), inputs[:, None, None])
    assert layer.digits == 3
    assert layer.complements is None
    negative = np.array([3, 14, 0])
    for more in ([0, 0, 0], [1, 8, 5]):
        made = layer.with_complements(negative + more)
        accumulators = inputs @ WIDE.T + top_of(codes) * (negative + more)
        assert 0 <= accumulators.min() <= accumulators.max() <= made.accumulator_max
        if finish is THRESHOLD:
            outputs = (accumulators[:, :, None] >= made.thresholds).sum(axis=2)
        else:
            outputs = codes.step * accumulators + made.offsets
        assert np.array_equal(outputs, expected.reshape(50, -1))
        assert made.with_complements(negative) is layer
    assert layer.with_complements(negative) is layer
    reached = codes.max_code * 12 + top_of(codes) * 3, codes.max_code * 3 + top_of(codes) * 14
    assert layer.accumulator_max == max(reached)


def test_thresholds_on_lines_stay_on_them():
    thresholds = Threshold([[0, 10, 20]] * 3)
    (layer, _) = lower(chain(Dense(WIDE, bits=4), thresholds, Dense([[1, 0, 0]]), Logits([0])))
    made = layer.with_complements(np.array([4, 16, 2]))
    surplus = 3 * np.array([1, 2, 2])
    assert (made.thresholds - layer.thresholds).tolist() == [[each] * 3 for each in surplus]
    assert made.even.starts.tolist() == (layer.even.starts + surplus).tolist()
    assert np.array_equal(made.even.distances, layer.even.distances)
