import dataclasses
import json
import re
import zlib

import numpy as np
import pytest

from threefold.errors import FileFormatError, PlanError
from threefold.network import Codes, Conv, MaxPool, Network, Tensor, Threshold
from threefold.plan import lower
from threefold.plan.file import load_plan, save_plan
from threefold.plan.search.fold import plan_of
from threefold.plan.sequential import Feed, PassTiles, StreamedProgram
from threefold.plan.units.sequential import SequentialUnit
from threefold.plan.units.streamed import StreamedUnit

from ...loadable_networks import network
from ...random_feeds import least_room

NETWORK = network(1, depth=3, filters=6)
LAYERS = lower(NETWORK)
FEED = Feed(16, first=7, extra=5)


def unit(feed=FEED, **more):
    sizes = {"pe": 2, "simd": 2, "pixels": 2} | more
    return StreamedUnit(LAYERS, **sizes, feed=feed.to_dict()).made_loadable()


def test_a_pass_has_a_group_of_filters():
    works = [(each.work.name, each.work.first, each.groups) for each in unit().contents.tiled]
    of = {layer.name: layer.output.shape[2] for layer in LAYERS}
    assert works == [
        (name, first, 1) for name, filters in of.items() for first in range(0, filters, 2)
    ]


@pytest.mark.parametrize("bits", [8, 16, 24, 64, 128])
def test_each_pass_begins_with_its_crc_and_its_rows(bits):
    made = unit(Feed(bits))
    program = made.program
    raw = program.rows.tobytes()
    size, check = program.row_bits // 8, program.check_bits // 8
    assert program.row_bits % bits == 0
    assert len(raw) == program.starts[-1] * size
    places = zip(program.starts, program.lengths, strict=False)
    for number, (start, rows) in enumerate(places):
        own = raw[start * size : (start + rows) * size]
        assert int.from_bytes(own[:4], "little") == zlib.crc32(own[check:]) ^ number
        stored = int.from_bytes(own[check : check + 8], "little")
        assert stored % (1 << made.limits["stored"]) == rows


def test_words_are_those_of_whole_frames():
    program = unit().program
    assert program.starts[-1] % program.limits["frame"] == 0
    assert len(program.words) == program.frames * program.frame_words
    raw = b"".join(word.to_bytes(2, "little") for word in program.words)
    assert raw == program.rows.tobytes()


def test_the_same_weights_as_on_the_chip():
    chip, outside = (
        np.concatenate([each.weights for each in made.contents.tiled])
        for made in (SequentialUnit(LAYERS, 2, 2, pixels=2), unit())
    )
    assert np.array_equal(chip, outside)


def test_five_weights_in_a_byte_are_the_same_ones():
    sizes = {"pe": 8, "simd": 4, "pixels": 1}
    pairs, packed = (unit(weights_per_byte=each, **sizes).program for each in (4, 5))
    assert (pairs.row_bits, packed.row_bits, packed.memory_bits) == (64, 64, 80)
    assert packed.limits["plain"] > 0 == pairs.limits["plain"]
    for place, (ahead, rows) in enumerate(zip(packed.plain_rows, packed.unpadded, strict=True)):
        own = packed.pass_rows(place)
        digits = own[ahead:rows, :, None] // 3 ** np.arange(5) % 3
        weights = np.where(digits == 2, -1, digits.astype(np.int8))
        expected = packed.weights(place).reshape(rows - ahead, -1)
        assert np.array_equal(weights.reshape(rows - ahead, -1)[:, :32], expected)


def test_rows_of_weights_are_shorter_with_five_in_a_byte():
    feed = Feed(8)
    pairs, packed = (unit(feed, pe=4, simd=4, weights_per_byte=each).program for each in (4, 5))
    assert (pairs.row_words, packed.row_words) == (4, 4)
    pairs, packed = (unit(feed, pe=6, simd=6, weights_per_byte=each).program for each in (4, 5))
    assert (pairs.row_words, packed.row_words) == (9, 8)


def test_waits_are_those_of_a_slow_memory():
    feeds = Feed(16), Feed(16, first=400, extra=400)
    fast, slow = (least_room(unit(feed)).streamed_run for feed in feeds)
    assert sum(slow.waits) > sum(fast.waits)
    assert slow.cycles > fast.cycles
    # What is waited for depends on nothing else.
    base = fast.cycles - fast.filled - sum(fast.waits)
    assert slow.cycles - slow.filled - sum(slow.waits) == base


def test_all_fits_where_there_is_room():
    made = unit(pe=4, simd=4)
    assert made.program.starts[-1] <= made.limits["program"]
    assert sum(made.streamed_run.waits) == 0


def test_it_is_in_plan_files(tmp_path):
    plan = plan_of(NETWORK, (unit(),))
    save_plan(plan, tmp_path / "plan.json")
    again = load_plan(NETWORK, tmp_path / "plan.json")
    assert again == plan
    assert again.streamed.feed == FEED.to_dict()
    assert not again.loadable


def test_frames_are_no_longer_than_the_memory_gives():
    assert unit(Feed(16, most=24)).program.frame_words <= 24
    with pytest.raises(PlanError, match=r"^frames of 'conv1' have \d+ words, and those of its"):
        unit(Feed(16, most=4))


LIMITS = unit().limits


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"memory": "spram"}, "maps of 'conv1', whose program comes from outside, are in auto"),
        ({"feed": {"bits": 12}}, "words of a feed have a multiple of 8 bits"),
        ({"limits": LIMITS | {"program": 300}}, "the limit 'program' of 'conv1' must be a power"),
        ({"limits": LIMITS | {"program": 32}}, "its longest pass has 64 rows and a frame 16,"),
        ({"limits": LIMITS | {"frame": 7}}, "the limit 'frame' of 'conv1' must be rows of a mult"),
        ({"limits": {**LIMITS, "next": 3}}, "the limit 'next' of 'conv1' is unknown"),
        ({"limits": LIMITS | {"stored": 3}}, "'stored' of 'conv1' is 64, and the hardware takes 7"),
        ({"limits": LIMITS | {"final": 0}}, "'final' of 'conv1' is 1, and the hardware takes 0"),
        (
            {"limits": LIMITS | {"plain": 3}, "weights_per_byte": 5},
            "'plain' of 'conv1' is 37, and the",
        ),
        ({"weights_per_byte": 3}, "weights of a byte of 'conv1' must be 4 or 5, not 3"),
        ({"limits": LIMITS | {"accumulator": 6}}, "its accumulator values have 7 bits"),
        ({"store": "spram"}, "the program of 'conv1' comes from outside, and is in block RAM"),
    ],
)
def test_what_does_not_suit_is_refused(changes, message):
    with pytest.raises(PlanError, match=f"^{re.escape(message)}"):
        dataclasses.replace(unit(), **changes)


def test_plan_files_without_limits_are_refused(tmp_path):
    path = tmp_path / "plan.json"
    save_plan(plan_of(NETWORK, (unit(),)), path)
    content = json.loads(path.read_text())
    content["units"][0]["decisions"]["limits"] = {}
    path.write_text(json.dumps(content))
    with pytest.raises(FileFormatError, match="'conv1' has no room for a program; see made_loa"):
        load_plan(NETWORK, path)


def test_variants_and_candidates_have_the_same_feed():
    made = unit()
    assert all(each.feed == made.feed for each in made.variants({}))
    # At few lanes rows are more than the memory holds.
    small = Feed(16, holds=300).to_dict()
    assert {each.feed["holds"] for each in StreamedUnit.candidates(LAYERS, {"feed": small})} == {
        300
    }


def test_two_of_a_plan_are_refused():
    layers = lower(network(2, depth=4))
    first, second = (StreamedUnit(run, 2, 2).made_loadable() for run in (layers[:2], layers[2:]))
    loadable = SequentialUnit(layers[2:], 2, 2).made_loadable()
    message = (
        "one array of a plan has contents from outside if they come from a memory, not 2: conv1, "
        "conv3"
    )
    for others in (second, loadable):
        with pytest.raises(PlanError, match=f"^{message}$"):
            plan_of(network(2, depth=4), (first, others))


def test_programs_are_those_of_streams():
    assert isinstance(unit().program, StreamedProgram)


def test_words_are_written_group_by_group_but_those_of_largest_codes():
    """In simulation each word of a map is compared with what is expected in its place."""
    same, codes = np.eye(4, dtype=int)[:, None, None, :], np.tile([1, 2, 3], (4, 1))
    ops = [
        ("conv", Conv(same)),
        ("codes", Threshold(codes)),
        ("pool", MaxPool((1, 2), (1, 1))),
        ("last", Conv(same)),
        ("others", Threshold(codes)),
    ]
    made = Network.chain("words", Tensor((1, 3, 4), Codes.unsigned(2)), ops)
    array = StreamedUnit(lower(made), 2, 2, feed=FEED.to_dict()).made_loadable()
    conv, pool, _ = (PassTiles(each, array.array).order.tolist() for each in array.passes)
    assert conv == [[0, 1], [4, 5], [8, 9], [2, 3], [6, 7], [10, 11]]
    assert pool == [[0, 1], [2, 3], [4, 5], [6, 7]]
