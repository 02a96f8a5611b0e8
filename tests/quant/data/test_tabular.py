import re
from string import ascii_uppercase

import numpy as np
import pytest

from threefold.errors import DataError
from threefold.quant import load_dataset
from threefold.quant.data import tabular
from threefold.quant.data.standard import standardise

ROWS = {"letter": (20, 6), "magic": (20, 6), "pendigits": (20, 6)}
LABELS = np.arange(26) % 10
FEATURES = np.random.default_rng(0).integers(0, 100, (26, 16))


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(tabular, "_ROWS", ROWS)


def write(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def numbered(classes):
    """A table as a statistics program writes it."""
    yield ",".join(['""', *(f'"d{i}"' for i in range(16)), '"class"'])
    for number, (row, name) in enumerate(zip(FEATURES, classes, strict=True), 1):
        yield ",".join([f'"{number}"', *map(str, row), name])


def published_letter():
    return [",".join([ascii_uppercase[k], *map(str, row)])
            for k, row in zip(LABELS, FEATURES, strict=True)]  # fmt: skip


def published_pendigits():
    return [",".join([*(f"{value:3d}" for value in row), f"{k:2d}"])
            for k, row in zip(LABELS, FEATURES, strict=True)]  # fmt: skip


def magic_lines(header=False):
    lines = [",".join([*map(str, row[:10] / 8), "gh"[k % 2]])
             for k, row in zip(LABELS, FEATURES, strict=True)]  # fmt: skip
    return [",".join(map(str, range(11)))] * header + lines


CODES = standardise(FEATURES, np.arange(26) < 20)


def require_split_in_order(dataset):
    assert str(dataset.input) == "1×1×16 codes 0…255 = -128…127"
    assert np.array_equal(dataset.train_images[:, 0, 0], CODES[:20])
    assert np.array_equal(dataset.test_images[:, 0, 0], CODES[20:])
    assert dataset.train_labels.tolist() == LABELS[:20].tolist()
    assert dataset.test_labels.tolist() == LABELS[20:].tolist()


@pytest.mark.parametrize("published", [True, False])
def test_letter(tmp_path, published):
    if published:
        write(tmp_path / "letter-recognition.data", published_letter())
    else:
        write(tmp_path / "letter.csv", numbered([f'"{ascii_uppercase[k]}"' for k in LABELS]))
    dataset = load_dataset("letter", tmp_path)
    require_split_in_order(dataset)
    assert dataset.classes == 26


@pytest.mark.parametrize("published", [True, False])
def test_pendigits(tmp_path, published):
    if published:
        write(tmp_path / "pendigits.tra", published_pendigits()[:20])
        write(tmp_path / "pendigits.tes", published_pendigits()[20:])
    else:
        write(tmp_path / "pendigits.csv", numbered(map(str, LABELS)))
    require_split_in_order(load_dataset("pendigits", tmp_path))


@pytest.mark.parametrize("header", [False, True])
def test_magic(tmp_path, header):
    write(tmp_path / "magic04.data", magic_lines(header))
    dataset = load_dataset("magic", tmp_path)
    order = np.random.RandomState(0).permutation(26)
    codes = standardise(FEATURES[:, :10] / 8, np.isin(np.arange(26), order[:20]))
    assert dataset.names == ("gamma", "hadron")
    assert np.array_equal(dataset.train_images[:, 0, 0], codes[order[:20]])
    assert np.array_equal(dataset.test_images[:, 0, 0], codes[order[20:]])
    assert dataset.test_labels.tolist() == (LABELS[order[20:]] % 2).tolist()


@pytest.mark.parametrize(
    ("line", "text", "problem"),
    [
        (4, "1,2,g", "has 3 columns in line 4, not 11; get it again"),
        (4, "", "has 1 columns in line 4, not 11; get it again"),
        (2, "1,2,3,4,5,6,7,8,9,0,x", "has class 'x' in line 2, not g…h; get it again"),
        (9, "1,2,3,4,5,6,7,8,9,0,x", "has class 'x' in line 9, not g…h; get it again"),
        (2, "1,2,3,4,5,six,7,8,9,0,g", "has a feature in line 2 that is no number; get it again"),
        (2, "1,2,3,4,5,nan,7,8,9,0,g", "has a feature in line 2 that is no number; get it again"),
        (26, None, "hold 25 examples, not 26; get them again"),
    ],
)
def test_rows_that_do_not_fit(tmp_path, line, text, problem):
    lines = magic_lines()
    lines[line - 1 : line] = [] if text is None else [text]
    path = write(tmp_path / "magic04.data", lines)
    with pytest.raises(DataError, match=f"^{re.escape(f'{path} {problem}')}$"):
        load_dataset("magic", tmp_path)


def test_parts_of_the_wrong_size(tmp_path):
    paths = [write(tmp_path / f"pendigits.{end}", published_pendigits()) for end in ("tra", "tes")]
    message = f"{paths[0]} and {paths[1]} hold 52 examples, not 26; get them again"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load_dataset("pendigits", tmp_path)


def test_an_empty_file(tmp_path):
    path = write(tmp_path / "letter.csv", [])
    message = f"{path} hold 0 examples, not 26; get them again"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load_dataset("letter", tmp_path)


def test_a_file_that_is_missing(tmp_path):
    url = "https://archive.ics.uci.edu/ml/machine-learning-databases/pendigits/"
    message = (
        f"pendigits is read from files, but {tmp_path} has no pendigits.tra; get pendigits.tra, "
        f"pendigits.tes by 'threefold data pendigits' or from {url}, and give their folder as "
        "--data-dir FOLDER"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load_dataset("pendigits", tmp_path)
