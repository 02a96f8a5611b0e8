import numpy as np
import pytest

from threefold.errors import NetworkError
from threefold.network import Conv, Network, PadChannels, Threshold, Width, embedded
from threefold.sim import golden

from ..accelerators import random_images
from ..nightly import mostly_nightly
from ..random_networks import random_convolutional
from ..random_widths import with_random_widths
from .test_width import HALF, INPUT_TYPE, NODES, OWN, network


@pytest.fixture
def whole():
    return network({"half": HALF})


def test_an_embedded_width_has_the_shapes_of_the_whole_and_computes_the_width(whole):
    inside = embedded(whole, "half")
    assert {name: tensor.shape for name, tensor in inside.types.items()} == {
        name: tensor.shape for name, tensor in whole.types.items()
    }
    images = np.random.default_rng(0).integers(0, 8, (40, *INPUT_TYPE.shape))
    narrow = golden.evaluate(whole.at("half"), images)
    for name, values in golden.evaluate(inside, images).items():
        channels = narrow[name].shape[-1]
        if name not in ("side", "pool", "flat"):  # channels that are kept are not the first there
            assert np.array_equal(values[..., :channels], narrow[name]), name
    assert np.array_equal(golden.run(inside, images), golden.run(whole.at("half"), images))


@pytest.mark.parametrize(
    "seed", mostly_nightly(range(300), always=[*range(20), 140, 148, 170, 213])
)
def test_random_networks_compute_the_same_embedded(seed):
    rng = np.random.default_rng([seed, 24])
    whole = with_random_widths(rng, random_convolutional(rng))
    images = random_images(rng, whole, 5)
    for name in whole.widths:
        inside = golden.run(embedded(whole, name), images)
        assert np.array_equal(inside, golden.run(whole.at(name), images)), name


def test_weights_beyond_a_width_are_0(whole):
    ops = {node.name: node.op for node in embedded(whole, "half").nodes}
    full = {node.name: node.op for node in whole.nodes}
    assert np.array_equal(ops["body"].weights[:5, :, :, :4], full["body"].weights[:5, :, :, :4])
    assert not ops["body"].weights[5:].any()
    assert not ops["body"].weights[..., 4:].any()
    assert not ops["dw"].weights[4:].any()


def test_codes_beyond_a_width_mean_0_where_one_does():
    finish = Threshold(np.arange(1, 8)[None] * np.ones((4, 1), int) - 4, offset=-3)
    own = Threshold(finish.thresholds[:2], offset=-3)
    narrow = Width({"conv": 2}, {"act": own})
    conv = Conv(np.ones((4, 1, 1, 2), int))
    last = Conv(np.ones((1, 1, 1, 4), int))
    chain = [("conv", conv), ("act", finish), ("last", last), ("codes", Threshold([[0]]))]
    nodes = Network.chain("signed", INPUT_TYPE, chain).nodes
    signed = Network("signed", INPUT_TYPE, nodes, {}, {"half": narrow})
    images = np.random.default_rng(0).integers(0, 8, (3, *INPUT_TYPE.shape))
    codes = golden.evaluate(embedded(signed, "half"), images)["act"]
    assert (codes[..., 2:] == 3).all()


def test_padding_that_does_not_fit_is_refused():
    own = OWN | {"codes": Threshold(np.arange(27).reshape(9, 3)), "pad": PadChannels(5, 0)}
    far = Width(HALF.filters | {"body": 9}, own)
    message = "^width 'half': node 'pad' does not fit the channels of the whole: "
    with pytest.raises(NetworkError, match=message):
        embedded(Network("net", INPUT_TYPE, NODES, {}, {"half": far}), "half")
