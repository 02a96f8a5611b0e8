import re
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.errors import NetworkError
from threefold.network import Codes, MaxPool, Tensor
from threefold.references import Builder, random_images

SOURCE = Tensor((6, 6, 4), Codes.unsigned(4))


def test_images_use_every_code():
    images = random_images(SOURCE, 5, seed=1)
    assert images.shape == (5, 6, 6, 4)
    assert set(np.unique(images)) == set(range(16))
    assert np.array_equal(images, Builder("net", SOURCE, 1, images=5).values["input"])
    assert not np.array_equal(images, random_images(SOURCE, 5, seed=2))


@given(st.integers(0, 1000), st.sampled_from([1, 3, 63]), st.integers(1, 15))
def test_every_code_occurs_in_a_channel_with_as_many_values(seed, largest, max_code):
    builder = Builder("net", Tensor((5, 5, 3), Codes(largest)), seed, images=4)
    with suppress(NetworkError):  # of a layer with fewer values than codes
        builder.layer("conv", 2, (2, 2), Codes(max_code, 1, -1))
    for channel in range(2):
        if len(np.unique(builder.values["conv"][..., channel])) > max_code:
            found = np.unique(builder.values["conv_codes"][..., channel])
            assert found.tolist() == list(range(max_code + 1))


def test_thresholds_part_the_values_equally():
    builder = Builder("net", SOURCE, images=64)
    builder.layer("conv", 8, (3, 3), Codes(3))
    counts = np.bincount(builder.values["conv_codes"].ravel())
    assert counts / counts.sum() == pytest.approx([0.25] * 4, abs=0.05)


def test_codes_are_compared_by_their_values():
    builder = Builder("net", Tensor((6, 6, 1), Codes(15, 3, 100)))
    builder.threshold("requantize", Codes(3))
    assert np.unique(builder.values["requantize"]).tolist() == [0, 1, 2, 3]


def test_nodes_read_the_last_one_or_those_named():
    builder = Builder("net", SOURCE)
    first = builder.layer("a", 4, (3, 3), Codes(3), padding=(1, 1, 1, 1))
    builder.conv("b", 4, (1, 1), "input", stride=(2, 2))
    builder.threshold("b_codes", Codes(3))
    assert builder.shape == (3, 3, 4)
    builder.add("pool", MaxPool((2, 2), (2, 2)), first)
    builder.conv("c", 1, (1, 1))
    assert [node.inputs for node in builder.nodes] == [
        ("input",),
        ("a",),
        ("input",),
        ("b",),
        ("a_codes",),
        ("pool",),
    ]


def test_a_tile_for_each_layer():
    tiles = {"a": (4, 4)}
    builder = Builder("net", SOURCE, sparsity=0.75, tile=tiles, density=1.0)
    builder.layer("a", 8, (2, 2), Codes(1))
    builder.conv("b", 8, (2, 2))
    a, b = (builder.nodes[place].op.weights for place in (0, 2))
    assert np.count_nonzero(a) == a.size / 4
    assert b.all()


def test_classes_are_about_equally_likely():
    builder = Builder("net", SOURCE, images=200)
    network = builder.classifier(4)
    assert network.types["best"] == Tensor((1, 1, 1), Codes(3))
    assert np.bincount(builder.values["best"].ravel(), minlength=4).min() > 20
    assert network.provenance == {"weights": "random", "seed": 0}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"density": 0}, "density must be above 0 and at most 1, not 0"),
        ({"density": 1.5}, "density must be above 0 and at most 1, not 1.5"),
        ({"density": float("nan")}, "density must be above 0 and at most 1, not nan"),
        ({"sparsity": 1.0}, "sparsity must be at least 0 and below 1, not 1.0"),
        ({"sparsity": -0.5}, "sparsity must be at least 0 and below 1, not -0.5"),
        ({"sparsity": 0.5}, "sparsity 0.5 needs a tile; give its filters and channels"),
        ({"tile": (8, 0)}, "tile must be 2 integers of 1…65536, not (8, 0)"),
        ({"tile": {"a": 8}}, "tile must be 2 integers of 1…65536, not 8"),
        ({"seed": -1}, f"the seed must be an integer of 0…{2**63 - 1}, not -1"),
        ({"images": 0}, "the number of images must be an integer of 1…65536, not 0"),
    ],
)
def test_other_options_are_refused(options, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        Builder("net", SOURCE, **options)


def test_a_layer_that_cannot_give_every_code_is_refused():
    builder = Builder("net", SOURCE, images=1)
    message = "'dense_codes' gives only 1 of its 16 codes; use more images or a higher density"
    with pytest.raises(NetworkError, match=f"^{message}$"):
        builder.dense("dense", 1, Codes.unsigned(4))
