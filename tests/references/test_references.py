from functools import cache

import numpy as np
import pytest

from threefold import references
from threefold.errors import NetworkError
from threefold.network import Codes, Conv, Threshold, load, save
from threefold.network.file import digest
from threefold.sim.golden import evaluate

BIPOLAR = ("activations", Codes.bipolar())
NETWORKS = [
    (references.lenet, ()),
    (references.cnv, (BIPOLAR,)),
    (references.resnet20, ()),
    (references.resnet20, (("bits", 2), ("shortcut", "projection"))),
    (references.ds_cnn, ()),
    (references.tiny_conv, ()),
]
NAMES = ["lenet", "cnv", "resnet20", "resnet20-projection", "ds_cnn", "tiny_conv"]


@cache
def network_of(function, options=()):
    return function(images=12, **dict(options))


def macs_of(network):
    total = 0
    for node in network.nodes:
        if isinstance(node.op, Conv):
            height, width, _ = network.types[node.name].shape
            total += height * width * node.op.macs_per_pixel
    return total


@pytest.mark.parametrize(("function", "options"), NETWORKS, ids=NAMES)
def test_every_code_of_every_layer_occurs(function, options):
    network = network_of(function, options)
    images = references.random_images(network.input, 12)
    results = evaluate(network, images)
    for node in network.nodes:
        if isinstance(node.op, Threshold):
            codes = network.types[node.name].element
            assert np.unique(results[node.name]).tolist() == list(range(codes.max_code + 1))
    assert len(np.unique(results["best"])) > 1


@pytest.mark.parametrize(
    ("function", "options", "macs", "layers"),
    [
        (*NETWORKS[0], 281_640, 5),
        (*NETWORKS[1], 59_461_376, 9),
        (*NETWORKS[2], 40_551_040, 20),
        (*NETWORKS[3], 40_813_184, 22),
        (*NETWORKS[4], 2_656_768, 10),
        (*NETWORKS[5], 192_064, 3),
    ],
    ids=NAMES,
)
def test_work_is_that_of_the_architecture(function, options, macs, layers):
    network = network_of(function, options)
    assert macs_of(network) == macs
    assert sum(isinstance(node.op, Conv) for node in network.nodes) == layers


def shapes(network, *names):
    return [network.types[name].shape for name in names]


def test_shapes_of_lenet():
    network = network_of(references.lenet)
    assert shapes(network, "conv1", "pool1", "conv2", "pool2", "dense1", "dense2", "classes") == [
        (24, 24, 6), (12, 12, 6), (8, 8, 16), (4, 4, 16), (1, 1, 120), (1, 1, 84), (1, 1, 10),
    ]  # fmt: skip


def test_shapes_of_cnv():
    network = network_of(references.cnv, (BIPOLAR,))
    names = "conv1", "conv2", "pool1", "conv3", "conv4", "pool2", "conv5", "conv6", "dense1"
    assert shapes(network, *names) == [
        (30, 30, 64), (28, 28, 64), (14, 14, 64), (12, 12, 128), (10, 10, 128), (5, 5, 128),
        (3, 3, 256), (1, 1, 256), (1, 1, 512),
    ]  # fmt: skip
    assert network.types["conv6_codes"].element == Codes.bipolar()


@pytest.mark.parametrize("index", [2, 3])
def test_shapes_of_resnet(index):
    network = network_of(*NETWORKS[index])
    names = ["stem", *(f"stage{stage}_block3_codes" for stage in (1, 2, 3)), "pool", "classes"]
    assert shapes(network, *names) == [
        (32, 32, 16), (32, 32, 16), (16, 16, 32), (8, 8, 64), (1, 1, 64), (1, 1, 10),
    ]  # fmt: skip


def test_residuals_of_resnet():
    network = network_of(references.resnet20)
    types = {name: tensor.element for name, tensor in network.types.items()}
    assert types["stem_codes"] == types["stage2_block1_channels"] == Codes.unsigned(4)
    assert types["stage2_block1_conv2_codes"] == Codes.signed(4)
    assert types["stage2_block1_add"] == Codes(30, 1, -8)
    assert types["pool"] == Codes(64 * 15)
    pads = {n.name: n.op.attributes() for n in network.nodes if n.op.kind == "pad_channels"}
    assert pads == {
        "stage2_block1_channels": {"before": 8, "after": 8},
        "stage3_block1_channels": {"before": 16, "after": 16},
    }


def test_shapes_of_ds_cnn():
    network = network_of(references.ds_cnn)
    names = "input", "conv", "depthwise1", "pointwise4", "pool", "classes"
    assert shapes(network, *names) == [
        (49, 10, 1), (25, 5, 64), (25, 5, 64), (25, 5, 64), (1, 1, 64), (1, 1, 12),
    ]  # fmt: skip


def test_shapes_of_tiny_conv():
    network = network_of(references.tiny_conv)
    assert shapes(network, "conv1", "pool1", "conv2", "pool2", "classes") == [
        (26, 26, 8), (13, 13, 8), (11, 11, 16), (5, 5, 16), (1, 1, 10),
    ]  # fmt: skip


@pytest.mark.parametrize("function", [references.lenet, references.ds_cnn, references.tiny_conv])
def test_the_same_seed_gives_the_same_network(function):
    assert digest(function(images=12)) == digest(network_of(function))
    assert digest(function(1, images=12)) != digest(network_of(function))


def test_networks_fit_files(tmp_path):
    network = network_of(references.cnv, (BIPOLAR,))
    save(network, tmp_path / "cnv.tern")
    assert load(tmp_path / "cnv.tern").types == network.types


def test_options_reach_every_layer():
    network = references.ds_cnn(density=1.0, sparsity=0.75, tile=(8, 8), images=12)
    for node in network.nodes:
        if isinstance(node.op, Conv):
            assert 0.7 < np.mean(node.op.weights == 0) < 0.8


def test_smaller_images_for_lenet():
    assert references.lenet(input=(16, 20, 3)).types["pool2"].shape == (1, 2, 16)
    message = "node 'conv2': a 5×5 kernel does not fit into 4×4 pixels"
    with pytest.raises(NetworkError, match=f"^{message}$"):
        references.lenet(input=(12, 12, 1))


def test_other_shortcuts_are_refused():
    message = "shortcut must be one of subsample, projection, not 'none'"
    with pytest.raises(NetworkError, match=f"^{message}$"):
        references.resnet20(shortcut="none")


def test_more_blocks_of_a_residual_network():
    deep = references.resnet20(input=(8, 8, 3), filters=(2, 4, 4), blocks=5, images=64)
    assert deep.name == "resnet32"
    weighted = [node for node in deep.nodes if isinstance(node.op, Conv)]
    assert len(weighted) == 32
    assert shapes(deep, "stage1_block5_codes", "stage3_block5_codes") == [(8, 8, 2), (4, 4, 4)]
    message = r"^the blocks of a stage must be an integer of 1…1000, not 0$"
    with pytest.raises(NetworkError, match=message):
        references.resnet20(blocks=0)


def test_smaller_forms():
    small = references.resnet20(input=(8, 6, 2), filters=(2, 4, 4), bits=2, images=64)
    names = ["stem", *(f"stage{stage}_block3_codes" for stage in (1, 2, 3)), "pool"]
    assert shapes(small, *names) == [(8, 6, 2), (8, 6, 2), (4, 3, 4), (4, 3, 4), (1, 1, 4)]
    small = references.ds_cnn(input=(9, 4, 1), filters=4, images=64)
    assert shapes(small, "conv", "pointwise4", "pool") == [(5, 2, 4), (5, 2, 4), (1, 1, 4)]
    small = references.tiny_conv(input=(10, 12, 3), images=64)
    assert shapes(small, "pool1", "pool2") == [(4, 5, 8), (1, 1, 16)]
