import pytest

from threefold.plan import image_of, lower
from threefold.plan.search.batches import batched
from threefold.plan.search.fold import plan_of
from threefold.plan.sequential import Feed
from threefold.plan.traffic import mebibytes, traffic_of
from threefold.plan.units.streamed import StreamedUnit

from ..loadable_networks import loadable_plan, network

NETWORK = network(1, depth=3, filters=6)


def plan(**feed):
    feed = Feed(16, **feed).to_dict()
    unit = StreamedUnit(lower(NETWORK), 2, 2, pixels=2, feed=feed).made_loadable()
    return plan_of(NETWORK, (unit,))


def test_layers_make_up_the_whole():
    made = plan(first=7, extra=5, holds=4096)
    traffic, run = traffic_of(made), made.streamed.streamed_run
    assert [each.name for each in traffic.layers] == [layer.name for layer in lower(NETWORK)]
    assert sum(each.size for each in traffic.layers) == traffic.size == len(image_of(made)) - 16
    assert traffic.holds == 8192
    # A cycle before the first pass, and one behind the last.
    assert sum(each.cycles for each in traffic.layers) + run.filled + 2 == run.cycles
    assert sum(each.waits for each in traffic.layers) + run.filled == traffic.waits
    assert sum(each.copies for each in traffic.layers) == sum(made.streamed.program.copied)
    assert traffic.waiting == traffic.waits / made.cycles.interval


def test_rates():
    traffic = traffic_of(plan())
    assert traffic.most(50) == 100
    assert traffic.rate(50) == pytest.approx(traffic.size * 50 / traffic.interval)
    assert traffic.holds == 0


def test_images_of_a_batch_share_what_is_read():
    one = plan(first=7, extra=5)
    made = plan_of(NETWORK, (batched(one.streamed, 2),))
    traffic = traffic_of(made)
    assert (traffic_of(one).images, traffic.images) == (1, 2)
    assert traffic.read == traffic.size / 2 < traffic_of(one).read
    assert traffic.rate(50) == pytest.approx(traffic.size * 50 / (2 * made.cycles.interval))
    assert traffic.waiting == pytest.approx(traffic.waits / (2 * made.cycles.interval))
    assert sum(each.size for each in traffic.layers) == traffic.size


def test_what_takes_most_of_the_time():
    fast, slow = (traffic_of(plan(first=first, extra=first)) for first in (1, 3000))
    assert {each.limit for each in fast.layers} <= {"lanes", "copies"}
    assert "memory" in {each.limit for each in slow.layers}
    assert slow.waiting > fast.waiting


def test_nothing_is_outside_of_other_plans():
    assert traffic_of(loadable_plan(NETWORK)) is None


@pytest.mark.parametrize(
    ("size", "text"), [(512, "0.5 KiB"), (3 << 19, "1.5 MiB"), (32 << 20, "32 MiB")]
)
def test_sizes_in_words(size, text):
    assert mebibytes(size) == text
