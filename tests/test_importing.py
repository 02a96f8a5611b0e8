import re
from pathlib import Path

import numpy as np
import pytest

from threefold.importer.nodes import SUPPORTED
from threefold.network import load
from threefold.sim import golden

PAGE = (Path(__file__).parents[1] / "docs" / "importing.md").read_text()

BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.filterwarnings("ignore")  # of torch and Brevitas, on each other
def test_the_example_of_brevitas_runs(tmp_path, monkeypatch):
    pytest.importorskip("brevitas")
    (block,) = (block for block in BLOCKS if "from_brevitas" in block)
    monkeypatch.chdir(tmp_path)
    exec(block, {})
    assert load(tmp_path / "from_brevitas.tern").output.name == "argmax1"


def test_the_example_of_plain_integers_runs(tmp_path, monkeypatch, capsys):
    (block,) = (block for block in BLOCKS if "arrays.npz" in block)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(block, names)
    network, images = load(tmp_path / "from_arrays.tern"), names["images"]
    with np.load(tmp_path / "arrays.npz") as arrays:
        sums = images.reshape(5, 16) @ arrays["weights1"].T
        codes = (sums[:, :, None] >= arrays["thresholds1"]).sum(axis=2)
        expected = (codes @ arrays["weights2"].T + arrays["bias2"]).argmax(axis=1)
    assert (golden.classes(network, images) == expected).all()
    assert len(set(expected)) > 2
    assert capsys.readouterr().out == f"{expected}\n"


def test_the_page_names_what_is_supported():
    table = PAGE.split("## What is supported\n")[1].split("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", table))
    named -= {"channels_last"}  # a domain
    silent = {"Cast", "Dropout", "Identity", "Squeeze", "Unsqueeze", "LogSoftmax"}
    assert named == set(SUPPORTED) - silent
