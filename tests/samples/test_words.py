import numpy as np
import pytest

from threefold.network import Codes, Dense, Logits, Network, Tensor
from threefold.samples import prepare, sample_words


def network(made, **provenance):
    source = made.preparation.input if made else Tensor((1, 1, 2), Codes.unsigned(2))
    ops = [("fc1", Dense(np.ones((2, source.size), int))), ("logits", Logits([0, 0]))]
    return Network.chain("own", source, ops, provenance)


@pytest.fixture
def made(tmp_path):
    """Preparations of a table and of arrays."""
    rows = [f"{a},{b},{label}" for a, b, label in zip(range(8), range(8), "xyxyxyxy", strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,label", *rows]))
    np.savez(tmp_path / "some.npz", x=np.arange(32.0).reshape(8, 4), y=np.arange(8) % 2)
    return {name: prepare(tmp_path / name) for name in ("rows.csv", "some.npz")}


def test_words(made):
    expected = {
        "rows.csv": ("row", "rows", "a row"),
        "some.npz": ("sample", "samples", "a sample"),
    }
    for name, words in expected.items():
        found = sample_words(network(made[name], **made[name].preparation.provenance()))
        assert (found.one, found.many, found.a) == words


@pytest.mark.parametrize("provenance", [{}, {"preparation": 3}])
def test_without_a_usable_preparation(provenance):
    found = sample_words(network(None, **provenance))
    assert (found.one, found.many, found.a) == ("image", "images", "an image")
