import numpy as np
import pytest

from threefold.network import Codes, Conv, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Folding, fold
from threefold.plan.cycle_model.cycles import MOST_IMAGES, predict, trace
from threefold.plan.cycle_model.flow import run
from threefold.plan.cycle_model.stages import (
    BATCH,
    DESERIALIZER,
    FIFO,
    PIPE,
    SERIALIZER,
    SINGLE,
    SKID,
)
from threefold.plan.netlist import joins

from ...random_networks import random_convolutional_plan


def flow(kinds, *, beats, words, images=0, limit=20, every=0, late=1 << 60):
    """A chain of stages, each of a kind with its parameters."""
    rows = np.zeros((len(kinds), SINGLE + 1), np.int64)
    for place, (kind, *parameters) in enumerate(kinds):
        rows[place, : 3 + len(parameters)] = kind, place, place + 1, *parameters
    streams = len(kinds) + 1
    none = np.zeros(0, np.int64)
    starts = np.arange(limit) * every
    due = starts + late
    order, inside = np.zeros(1, np.int64), 1 << 62
    options = beats, words, inside, images, starts, due, False
    left, same, most, _ = run(rows[None], order, none, streams, *options)
    return left.tolist(), same, most.tolist()


def test_a_beat_a_cycle_through_a_queue():
    left, same, most = flow([(FIFO, 4)], beats=1, words=1)
    assert left == list(range(3, 3 + len(left)))
    assert same == len(left) - 2
    assert most == [3]


def test_a_queue_fills_before_what_is_slow():
    left, _, most = flow([(FIFO, 5), (SERIALIZER, 3)], beats=3, words=1, images=9)
    assert np.diff(left).tolist() == [3] * 8
    assert most == [5, 0]


def test_what_a_serializer_gives_leaves_a_gap_if_it_is_decoupled():
    for decoupled, steps in ((0, {1}), (1, {1, 2})):
        left, _, _ = flow([(SERIALIZER, 3, decoupled)], beats=1, words=1, images=9, limit=9)
        assert set(np.diff(left).tolist()) == steps
        assert left[8] - left[0] == 8 + 2 * decoupled


def test_a_batch_leaves_so_many_cycles_after_all_of_it_has_entered():
    left, same, _ = flow([(BATCH, 3, 5, 2)], beats=2, words=3)
    assert left == [2 + 5 + 1 + image * (3 + 5 + 1) for image in range(len(left))]
    assert same == 0
    late, _, _ = flow([(BATCH, 3, 5, 2)], beats=2, words=3, images=3, limit=3, every=20)
    assert late == [8, 28, 48]


def test_a_batch_takes_no_beat_until_the_one_before_has_left():
    slow = (SERIALIZER, 2)
    left, _, most = flow([(FIFO, 3), (BATCH, 1, 2, 2), slow], beats=4, words=1, images=8, limit=8)
    assert np.diff(left).tolist() == [5] * 7
    assert most[0] == 3


def test_the_next_batch_may_enter_before_the_one_before_has_left():
    # The last of the first beats enters in cycle 2, those of the next from cycle 2 + 4 on.
    left, _, most = flow([(FIFO, 9), (BATCH, 3, 9, 2, 4)], beats=2, words=3, images=5, limit=5)
    assert np.diff(left).tolist() == [9 + 2] * 4
    assert most[0] == 9
    late, _, _ = flow([(BATCH, 3, 9, 2, 10)], beats=2, words=3, images=5, limit=5)
    assert np.diff(late).tolist() == [10 + 3 - 1] * 4


def test_a_skid_buffer_lets_one_more_beat_in():
    slow = (PIPE, 4, 4)
    left, _, most = flow([(FIFO, 2), slow], beats=1, words=1, images=5)
    kept, _, held = flow([(FIFO, 2), (SKID,), slow], beats=1, words=1, images=5)
    assert kept == left
    assert most[0] == held[0] == 2
    passing, _, _ = flow([(SKID,), (SERIALIZER, 2)], beats=2, words=1, images=4)
    assert np.diff(passing).tolist() == [2, 2, 2]


def test_states_that_repeat_end_the_run():
    left, same, _ = flow([(SERIALIZER, 3), (DESERIALIZER, 2)], beats=3, words=2, limit=200)
    assert 0 <= same < len(left) - 1 < 20
    assert len(set(np.diff(left[same:]).tolist())) == 1


def test_images_that_enter_later_leave_later_and_fill_no_queue():
    stages = [(FIFO, 5), (SERIALIZER, 3)]
    for every in (3, 4, 7):
        left, same, most = flow(stages, beats=3, words=1, every=every)
        assert np.diff(left).tolist() == [every] * (len(left) - 1)
        assert same == len(left) - 2
        assert most == [1, 0]


def test_a_late_image_ends_the_run():
    stages = [(FIFO, 5), (SERIALIZER, 3)]
    free, _, _ = flow(stages, beats=3, words=1, every=2)
    late = [left - 2 * image > 9 for image, left in enumerate(free)].index(True)
    left, same, _ = flow(stages, beats=3, words=1, every=2, late=9)
    assert left == free[: late + 1]
    assert same == -1
    assert late > 1


def test_as_many_images_as_asked_for():
    left, same, _ = flow([(SERIALIZER, 3)], beats=3, words=1, images=7, limit=7)
    assert len(left) == 7
    assert same == -1


def test_what_never_leaves_ends_the_run():
    """Two beats are joined, but only three enter: half of the second output is missing."""
    left, same, _ = flow([(DESERIALIZER, 2)], beats=1, words=3, images=1, limit=5)
    assert len(left) == 1
    assert same == -1


@pytest.mark.parametrize("seed", range(6))
def test_a_run_until_it_repeats_is_the_start_of_a_longer_one(seed):
    plan = random_convolutional_plan(np.random.default_rng(seed))
    free = trace(plan.netlist.stages)
    assert not free.stuck
    count = free.settled + 3 * free.period + 1
    fed = trace(plan.netlist.stages, count)
    assert fed.left[: len(free.left)].tolist() == free.left.tolist()
    steady = fed.left[free.settled :]
    laps = np.diff(steady[:: free.period])
    assert len(set(laps.tolist())) == 1
    assert free.cycles.interval == pytest.approx(laps[0] / free.period)
    assert free.cycles == plan.cycles == predict(plan.netlist.stages, joins(plan.units))
    assert plan.cycles.images <= MOST_IMAGES


def test_most_counts_the_beats_of_each_buffer():
    plan = random_convolutional_plan(np.random.default_rng(0))
    names = {name for name, depth in plan.buffers.items() if depth}
    assert plan.netlist.stages.fifos.keys() == names
    assert trace(plan.netlist.stages).most.keys() == names


def test_an_engine_alone():
    """Window of 5 words after 5 cycles, 3 to its word, 2 for a lane and the accumulator."""
    rng = np.random.default_rng(0)
    ops = [("fc", Dense(rng.integers(0, 2, (1, 5)) * 0 + 1)), ("logits", Logits([0]))]
    network = Network.chain("one", Tensor((1, 1, 5), Codes.unsigned(2)), ops)
    plan = fold(network, {"fc": Folding(1, 1)})
    # 4 more words after the first; then the last of 5 tiles, reader 3, PE 2, serializer, logits 2
    assert plan.cycles.latency == 4 + 1 + 4 + 3 + 2 + 1 + 2
    assert plan.cycles.interval == 5


def test_an_array_works_while_words_still_come():
    ops = [
        ("conv", Conv(np.ones((1, 2, 2, 1), int))),
        ("act", Threshold([[1, 2, 3]])),
    ]
    network = Network.chain("one", Tensor((8, 8, 1), Codes.unsigned(2)), ops)
    cycles = fold(network, {"conv": Folding(1, 1)}).cycles
    assert cycles.interval == 49 * 4
    assert cycles.latency < 64 + 49 * 4
