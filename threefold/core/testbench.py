"""Testbench in plain Verilog: images in, and outputs compared with the golden model's."""

import numpy as np

from ..plan import Plan, image_of
from ..registers import IDENTITY
from ..sim import golden
from .beats import axi_beats, beats, elements, headed_words, words
from .texts import render

__all__ = ["verilog_testbench"]

_IMAGES = 4
_BEATS = 1 << 15  # of input; more are not written out


def verilog_testbench(
    plan: Plan, images: np.ndarray | None = None, *, bus: str | None = None
) -> str:
    """Text of ``NAME_tb.v``.

    Parameters
    ----------
    plan : Plan
    images : array of int, shape (images, height, width, channels), optional
        Input codes, of which the first four are taken, or fewer where images are large; random
        ones if left out.
    bus : str, optional
        One of :data:`BUSES`; the accelerator alone if left out.

    Raises
    ------
    DataError
        If the images are not codes of the network's input.
    """
    ports, count = plan.ports, _count(plan)
    if images is None:
        source, taken = "random codes", _random(plan, count)
    else:
        source, taken = "the first of test.npz", np.asarray(images)[:count]
    outputs = golden.run(plan.network, taken)
    into, out_of = _TRAFFIC[bus]
    if plan.widths and bus == "wishbone":
        into = headed_words
    given, expected = into(ports.input, taken), out_of(ports.output, outputs)
    return render(
        "testbench",
        plan,
        bus,
        source=source,
        images=len(taken),
        given=given.texts,
        i_width=given.width,
        expected=expected.texts,
        o_width=expected.width,
        identity=IDENTITY,
        program=[f"{byte:02x}" for byte in image_of(plan)] if plan.loadable else [],
        patience=1000 + 16 * sum(unit.interval for unit in plan.units),
    )


def _count(plan: Plan) -> int:
    return max(1, min(_IMAGES, _BEATS // plan.ports.input.beats))


def _random(plan: Plan, count: int) -> np.ndarray:
    source = plan.network.input
    return np.random.RandomState(0).randint(0, source.codes.max_code + 1, (count, *source.shape))


_TRAFFIC = {
    None: (beats, beats),
    "axi": (axi_beats, axi_beats),
    "wishbone": (words, elements),
}
