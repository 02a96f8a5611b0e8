# amaranth: UnusedElaboratable=no

import pytest
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.hw.frames import FrameSignature
from threefold.hw.interfaces.loadable import has_memory, is_loadable

from ...loadable import KeyAccelerator

BYTES = stream.Signature(8)


def test_what_is_loadable():
    assert is_loadable(KeyAccelerator())
    assert not is_loadable(wiring.Component({"i": In(BYTES), "o": Out(BYTES)}))


@pytest.mark.parametrize(
    "members",
    [
        {"load": In(BYTES)},
        {"load": In(BYTES), "loaded": Out(1)},
        {"load": In(stream.Signature(16)), "loaded": Out(1), "refused": Out(1)},
        {"load": Out(BYTES), "loaded": Out(1), "refused": Out(1)},
    ],
)
def test_half_of_it(members):
    message = (
        "^a loadable accelerator needs a stream 'load' of bytes, and the signals 'loaded' and "
        "'refused'$"
    )
    with pytest.raises(PlanError, match=message):
        is_loadable(wiring.Component(members))


def test_programs_from_a_memory_outside_are_refused():
    members = {"frames": Out(FrameSignature(16)), "loaded": Out(1), "wrong": Out(1)}
    with pytest.raises(PlanError, match=r"^weights come from a memory outside, which no"):
        is_loadable(wiring.Component(members))


def test_a_memory_needs_the_ratio_of_its_clock():
    members = {"load": In(BYTES), "stored": Out(1), "wrong": Out(1), "hold": In(1)}
    members |= {"restart": In(1), "loaded": Out(1), "refused": Out(1)}
    members |= {"pins": Out(wiring.Signature({}))}
    accelerator = wiring.Component(members)
    with pytest.raises(PlanError, match=r"^an accelerator with a memory needs .* 'ratio', the"):
        has_memory(accelerator)
    accelerator.ratio = 2
    assert has_memory(accelerator)
    assert not has_memory(KeyAccelerator())
