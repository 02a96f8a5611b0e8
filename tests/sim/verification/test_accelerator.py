import re
from dataclasses import replace

import numpy as np
import pytest

from threefold.errors import MismatchError
from threefold.network import Codes, Dense, Logits, Network, Tensor
from threefold.plan import Folding, fold
from threefold.sim import golden
from threefold.sim.verification import AcceleratorBench

OPS = [("fc1", Dense([[1, -1, 0, 1], [0, 1, 1, -1]])), ("logits", Logits([0, 5]))]
NETWORK = Network.chain("tiny", Tensor((1, 1, 4), Codes.unsigned(2)), OPS)
PLAN = fold(NETWORK, {"fc1": Folding(1, 2)})
IMAGES = np.random.default_rng(0).integers(0, 4, (8, 1, 1, 4))


@pytest.fixture(scope="module")
def bench():
    return AcceleratorBench(PLAN)


@pytest.mark.parametrize("stalls", [0.0, 0.4])
def test_equal_to_golden_and_to_the_cycle(bench, stalls):
    run = bench.check(IMAGES, stalls=stalls)
    assert run.outputs.tolist() == golden.run(NETWORK, IMAGES).reshape(8, 2).tolist()
    assert (run.left[-1] > PLAN.cycles.latency + 7 * PLAN.cycles.interval) == (stalls > 0)


def test_an_output_that_differs(bench, monkeypatch):
    right = golden.run(NETWORK, IMAGES)
    wrong = right.copy()
    wrong[5, 0, 0, 1] += 1
    monkeypatch.setattr(golden, "run", lambda network, images: wrong)
    message = "'logits' differs from the golden model: image 5, pixel (0, 0), channel 1 is "
    message += f"{right[5, 0, 0, 1]}, not {wrong[5, 0, 0, 1]}"
    with pytest.raises(MismatchError, match=f"^{re.escape(message)}$"):
        bench.check(IMAGES)


@pytest.mark.parametrize("what", ["latency", "interval"])
def test_cycles_that_differ(bench, monkeypatch, what):
    cycles = PLAN.cycles
    found, predicted = getattr(cycles, what), getattr(cycles, what) + 1
    monkeypatch.setitem(PLAN.__dict__, "cycles", replace(cycles, **{what: predicted}))
    message = f"the {what} of 'tiny' is {found} cycles, not {predicted} as predicted"
    with pytest.raises(MismatchError, match=f"^{message}$"):
        bench.check(IMAGES)
