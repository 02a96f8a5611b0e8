import re
from dataclasses import replace

import numpy as np
import pytest

from threefold.hw.engine import Engine
from threefold.hw.verilog import to_rtlil
from threefold.network import Codes, Dense, Logits, Network, Tensor
from threefold.plan import Folding, lower
from threefold.plan.units.engine import EngineUnit
from threefold.sim.verification import pass_through

ROWS, COLUMNS = 16, 24


def engine_plan(folding, *, tiles_kept):
    """A layer with that share of each row group's tiles left, which ones is random."""
    rng = np.random.default_rng(0)
    groups, words = ROWS // folding.pe, COLUMNS // folding.simd
    kept = np.zeros((groups, words), bool)
    for group in kept:
        group[rng.permutation(words)[: round(tiles_kept * words)]] = True
    mask = kept.repeat(folding.pe, axis=0).repeat(folding.simd, axis=1)
    weights = rng.choice([-1, 1], (ROWS, COLUMNS)) * mask
    ops = [("fc1", Dense(weights)), ("logits", Logits(np.zeros(ROWS, int)))]
    network = Network.chain("pruned", Tensor((1, 1, COLUMNS), Codes.unsigned(3)), ops)
    return EngineUnit((lower(network)[0],), folding.pe, folding.simd, lanes=folding.pe)


def simulated_interval(plan):
    images = np.random.default_rng(1).integers(0, 8, (8, COLUMNS))
    beats = ROWS // plan.lanes
    words = images.reshape(-1, plan.folding.simd)
    traffic = pass_through(Engine(plan), words, 8 * beats)
    expected = (images @ plan.layer.weights[:, 0, 0].T).reshape(-1, plan.lanes)
    assert traffic.beats == [tuple(beat) for beat in expected.tolist()]
    (interval,) = set(np.diff(traffic.left[beats - 1 :: beats][2:]).tolist())
    return interval


def weight_rows(plan):
    """Depth of the weight memory in the generated hardware."""
    text = to_rtlil(Engine(plan), "engine")
    (weights,) = re.findall(
        r"^module \\engine\.array\.weights(?:\$\d+)?$.*?^end$", text, re.M | re.S
    )
    (size,) = re.findall(r"^  memory width \d+ size (\d+) ", weights, re.M)
    return int(size)


@pytest.mark.parametrize(
    ("pe", "simd"), [(1, 1), (1, 6), (2, 3), (4, 3), (4, 6), (8, 2), (8, 3), (16, 2)]
)
def test_half_of_the_tiles_take_half_of_the_cycles_and_rows(pe, simd):
    folding = Folding(pe, simd)
    whole = engine_plan(folding, tiles_kept=1.0)
    half = engine_plan(folding, tiles_kept=0.5)
    tiles = (ROWS // pe) * (COLUMNS // simd)
    assert (len(whole.schedule.tiles), whole.schedule.skipped) == (tiles, 0)
    assert (len(half.schedule.tiles), half.schedule.skipped) == (tiles // 2, tiles // 2)
    assert (weight_rows(whole), weight_rows(half)) == (tiles, tiles // 2)
    assert simulated_interval(whole) == whole.interval == tiles
    # Words still enter one a cycle, whatever of them is read.
    assert simulated_interval(half) == half.interval == max(tiles // 2, half.schedule.words)


def test_single_pruned_weights_inside_a_tile_save_nothing():
    folding = Folding(4, 6)
    plan = engine_plan(folding, tiles_kept=1.0)
    weights = plan.layer.weights.copy()
    weights[..., 1:] *= np.arange(COLUMNS - 1) % 6 == 0
    assert (np.abs(weights).sum(axis=3) < COLUMNS).all()
    pruned = replace(plan, layers=(replace(plan.layer, weights=weights),))
    assert pruned.interval == plan.interval
