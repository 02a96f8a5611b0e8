import re

import numpy as np
import pytest

from threefold import references
from threefold.errors import NetworkError
from threefold.network import Conv

SMALL = {"input": (64, 64, 3), "classes": 10, "images": 8}


def weights(network) -> int:
    return sum(node.op.weights.size for node in network.nodes if hasattr(node.op, "weights"))


# Without the biases and factors of batch normalization of torchvision's, whose classifiers have a
# bias for each of 1,000 classes.
@pytest.mark.parametrize(
    ("make", "count", "layers"),
    [
        (references.resnet18, 11_678_912, 20 + 1),
        (references.resnet34, 21_779_648, 36 + 1),
        (references.alexnet, 61_090_496, 8),
    ],
)
def test_weights_are_those_of_the_publications(make, count, layers):
    network = make(bits=2, images=1)
    assert weights(network) == count
    assert sum(isinstance(node.op, Conv) for node in network.nodes) == layers


def test_bottlenecks():
    network = references.resnet50(**SMALL, filters=(4, 8, 16, 32), bits=2)
    kernels = [node.op.weights.shape for node in network.nodes if isinstance(node.op, Conv)]
    assert kernels[1:5] == [(4, 1, 1, 4), (4, 3, 3, 4), (16, 1, 1, 4), (16, 1, 1, 4)]
    assert len(kernels) == 49 + 4 + 1
    assert network.types["pool"].shape == (1, 1, 128)


@pytest.mark.parametrize("make", [references.resnet18, references.resnet34])
def test_basic_blocks(make):
    network = make(**SMALL, filters=(4, 4, 8, 8))
    strided = [n.name for n in network.nodes if getattr(n.op, "stride", (1, 1)) == (2, 2)]
    assert "stage3_block1_projection" in strided
    assert "stage4_block1_conv1" in strided
    assert network.types["pool1"].shape == (16, 16, 4)


def test_every_code_occurs_and_the_seed_decides():
    one, again, other = (
        references.resnet18(seed, **SMALL, filters=(4, 4, 4, 4)) for seed in (0, 0, 1)
    )
    assert one == again
    assert one != other
    values = references.random_images(one.input, 8)
    assert set(np.unique(values)) == set(range(256))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"filters": (4, 8)}, "filters must be 4 integers of 1…65536, not (4, 8)"),
        ({"bits": "x"}, "the bits of activations must be an integer of 1…16, not 'x'"),
        ({"classes": 0}, "the number of classes must be an integer of 1…65536"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}"):
        references.resnet18(**{**SMALL, **options})
