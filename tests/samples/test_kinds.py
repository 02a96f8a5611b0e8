from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from threefold.samples import KINDS, Encoder, Format, Learned, Samples, preparation_of, prepare

from .test_learn import network_of


@dataclass(frozen=True)
class Letters(Format):
    """Lines of text, each with its class first."""

    kind: ClassVar[str] = "letters"
    noun: ClassVar[str] = "texts"

    length: int

    @property
    def shape(self):
        return 1, 1, self.length

    @property
    def meaning(self):
        return "letters in ASCII"

    @classmethod
    def accepts(cls, path):
        return path.suffix == ".letters"

    @classmethod
    def learn(cls, path):
        format = cls(max(len(line.split()[1]) for line in path.read_text().splitlines()))
        return Learned(format, format.read(path), None)

    def read(self, path):
        lines = [line.split() for line in path.read_text().splitlines()]
        values = [[[[*text.ljust(self.length).encode()]]] for _, text in lines]
        places = tuple(text for _, text in lines)
        return Samples(np.array(values, np.uint8), tuple(name for name, _ in lines), places)

    def encoder(self, values, bits):
        return Encoder.between(0, 255, self.length, bits)


def test_every_kind_is_found():
    assert set(KINDS) == {"arrays", "images", "table"}
    assert all(kind.kind == word for word, kind in KINDS.items())


def test_another_kind_is_a_class(tmp_path, monkeypatch):
    monkeypatch.setitem(KINDS, "letters", Letters)
    path = tmp_path / "a.letters"
    path.write_text("u AB\nl ab\nu XYZ\nl xyz\n")
    made = prepare(path, held_out=0.5)
    assert made.preparation.classes == ("l", "u")
    assert preparation_of(network_of(made)) == made.preparation
    codes, labels = made.preparation.read(path)
    assert codes[0].ravel().tolist() == [65, 66, 32]
    assert labels.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_kinds_describe_themselves(kind):
    assert kind.__doc__
    assert kind.noun.islower()
