import re

import numpy as np
import pytest

from threefold.errors import DataError
from threefold.network import Codes
from threefold.samples.arrays import Arrays

RANDOM = np.random.default_rng(0)
MAPS = RANDOM.integers(0, 256, (4, 6, 5), np.uint8)
ROWS = RANDOM.normal(0, 1, (4, 3))
CLASSES = np.array([1, 0, 1, 10])


@pytest.fixture
def write(tmp_path):
    def write(**arrays):
        np.savez(tmp_path / "a.npz", **arrays)
        return tmp_path / "a.npz"

    return write


@pytest.mark.parametrize(
    "names",
    [("x", "y"), ("X", "y"), ("images", "labels"), ("data", "target"), ("x_train", "y_train")],
)
def test_names(write, names):
    format, train, test = Arrays.learn(write(**dict(zip(names, (ROWS, CLASSES), strict=True))))
    assert format.shape == (1, 1, 3)
    assert np.array_equal(train.values[:, 0, 0], ROWS)
    assert train.labels == ("1", "0", "1", "10")
    assert test is None
    assert np.array_equal(
        format.read(write(**dict(zip(names, (ROWS, CLASSES), strict=True)))).values, train.values
    )


@pytest.mark.parametrize(
    "names", ["x_train y_train x_test y_test", "train_images train_labels test_images test_labels"]
)
def test_sets_for_training_and_test(write, names):
    arrays = (ROWS, CLASSES, ROWS[1:] + 1, CLASSES[1:])
    path = write(**dict(zip(names.split(), arrays, strict=True)))
    format, train, test = Arrays.learn(path)
    assert (len(train), len(test)) == (4, 3)
    assert np.array_equal(test.values[:, 0, 0], ROWS[1:] + 1)
    assert np.array_equal(format.read(path).values, test.values)


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        (MAPS, (6, 5, 1)),
        (MAPS[..., None].repeat(3, axis=3), (6, 5, 3)),
        (ROWS, (1, 1, 3)),
        (ROWS.astype(np.float32), (1, 1, 3)),
        (MAPS > 7, (6, 5, 1)),
        (np.asfortranarray(MAPS), (6, 5, 1)),
    ],
)
def test_shapes_and_types(write, values, shape):
    format, train, _ = Arrays.learn(write(x=values, y=CLASSES))
    assert format.shape == shape
    assert np.array_equal(train.values.reshape(values.shape), values)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (CLASSES[:, None], ("1", "0", "1", "10")),
        (CLASSES.astype(float), ("1", "0", "1", "10")),
        (np.array(["b", "a", "b", "c"]), ("b", "a", "b", "c")),
        (CLASSES > 0, ("True", "False", "True", "True")),
    ],
)
def test_labels(write, labels, names):
    assert Arrays.learn(write(x=ROWS, y=labels)).train.labels == names


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        (MAPS, 0, 255),
        (MAPS.astype(np.uint16), 0, 65535),
        (MAPS.clip(10, 90).astype(np.int64), 10, 90),
        (MAPS / 255 - 0.5, (MAPS / 255 - 0.5).min(), (MAPS / 255 - 0.5).max()),
    ],
)
def test_codes_share_out_the_range(write, values, low, high):
    format, train, _ = Arrays.learn(write(x=values, y=CLASSES))
    encoder = format.encoder(train.values, 8)
    assert encoder.codes == Codes.unsigned(8)
    assert encoder.offset == (low,)
    assert encoder.gain == (255 / (high - low),)


def test_rows_have_standard_scores(write):
    format, train, _ = Arrays.learn(write(x=ROWS, y=CLASSES))
    assert format.encoder(train.values, 8).codes == Codes.signed(8)


def test_without_labels(write):
    assert Arrays(1, 1, 3).read(write(x=ROWS)).labels is None


OTHER = "@ has samples of another type than {}, which the network was trained with; bring them to "
SCALES = {
    "reals": (MAPS, MAPS / 255, OTHER.format("uint8") + "0…255 of that type"),
    "integers": (MAPS, MAPS.astype(np.int64), OTHER.format("uint8") + "0…255 of that type"),
    "wide": (MAPS, MAPS.astype(np.uint16), OTHER.format("uint8") + "0…255 of that type"),
    "bytes": (
        MAPS.astype(np.uint16),
        MAPS,
        OTHER.format("uint16") + "0…65535 of that type",
    ),
    "scaled": (
        MAPS / 255,
        MAPS,
        "@ has samples of uint8, but the network was trained with another type; bring them to the "
        "scale of those, as float64",
    ),
}


@pytest.mark.parametrize("case", SCALES)
def test_values_of_another_scale(write, case):
    values, others, message = SCALES[case]
    format = Arrays.learn(write(x=values, y=CLASSES)).format
    assert Arrays.from_json(format.to_json()) == format
    path = write(x=others)
    expected = f"^{re.escape(message.replace('@', str(path)))}$"
    with pytest.raises(DataError, match=expected):
        format.read(path)
    path = write(x_train=values, y_train=CLASSES, x_test=others, y_test=CLASSES)
    with pytest.raises(DataError, match=expected):
        Arrays.learn(path)


@pytest.mark.parametrize("other", [np.int64, np.float32, ">u2"])
def test_types_of_one_scale(write, other):
    values = MAPS.astype(np.float64 if other != ">u2" else np.uint16)
    format = Arrays.learn(write(x=values, y=CLASSES)).format
    assert np.array_equal(format.read(write(x=values.astype(other))).values[..., 0], values)


def test_networks_of_earlier_versions_read_every_type(write):
    content = {"kind": "arrays", "height": 6, "width": 5, "channels": 1}
    format = Arrays.from_json(content)
    assert format == Arrays(6, 5, 1)
    for values in (MAPS, MAPS / 255):
        assert np.array_equal(format.read(write(x=values)).values[..., 0], values)
    with pytest.raises(DataError, match=r"^format 'arrays' has no values of 'int3'$"):
        Arrays.from_json({**content, "dtype": "int3"})


SHAPES = "(samples, features), (samples, height, width) or (samples, height, width, channels)"
REFUSED = {
    "names": (
        {"a": ROWS, "b": CLASSES},
        "@ has the arrays a, b; name them x and y, or x_train, y_train, x_test and y_test",
    ),
    "no labels": (
        {"x": ROWS},
        "@ has the arrays x; name them x and y, or x_train, y_train, x_test and y_test",
    ),
    "no test labels": (
        {"x_train": ROWS, "y_train": CLASSES, "x_test": ROWS},
        "@ has x_test, but no y_test",
    ),
    "test shape": (
        {"x_train": ROWS, "y_train": CLASSES, "x_test": ROWS[:, 1:], "y_test": CLASSES},
        "@ has samples of 1×1×2, not 1×1×3 as the network was trained with",
    ),
    "text": ({"x": np.array([["a"]]), "y": CLASSES[:1]}, "x of @ must be numbers, not <U1"),
    "vector": ({"x": ROWS[0], "y": CLASSES}, f"x of @ must be {SHAPES}, not (3,)"),
    "empty": ({"x": ROWS[:0], "y": CLASSES[:0]}, f"x of @ must be {SHAPES}, not (0, 3)"),
    "channels first": (
        {"x": np.zeros((4, 3, 8, 8)), "y": CLASSES},
        "x of @ has the channels of (4, 3, 8, 8) in front; move them to the end, by "
        "x.transpose(0, 2, 3, 1)",
    ),
    "not finite": (
        {"x": np.where(ROWS[2, 1] == ROWS, np.nan, ROWS), "y": CLASSES},
        "x[2, 1] of @ is nan; values must be finite, and at most 1e+150 either way",
    ),
    "count": (
        {"x": ROWS, "y": CLASSES[1:]},
        "y of @ must be (4,), a class for each sample, not (3,)",
    ),
    "one hot": (
        {"x": ROWS, "y": np.eye(4)},
        "y of @ must be (4,), a class for each sample, not (4, 4)",
    ),
    "huge": (
        {"x": ROWS, "y": np.array([1e30, 1, 1, 1e30])},
        "y of @ must be integers or text, not float64",
    ),
    "measured": ({"x": ROWS, "y": ROWS[:, 0]}, "y of @ must be integers or text, not float64"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(write, case):
    arrays, message = REFUSED[case]
    path = write(**arrays)
    with pytest.raises(DataError, match=f"^{re.escape(message.replace('@', str(path)))}$"):
        Arrays.learn(path)


def test_files_that_are_no_arrays(tmp_path, write):
    path = write(x=ROWS, y=CLASSES.astype(object))
    message = f"{path} is not an .npz file of plain arrays: it holds an array that is damaged or "
    with pytest.raises(DataError, match=f"^{re.escape(message)}not plain$"):
        Arrays.learn(path)
    path.write_bytes(b"PK nothing")
    message = f"{path} is not an .npz file of plain arrays: it is not a complete zip archive"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        Arrays.learn(path)
