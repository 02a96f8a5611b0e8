"""Testbench in plain Verilog: images in, and outputs compared with the golden model's."""

import numpy as np

from ..plan import Plan, Port
from ..sim import golden
from ..sim.streams import pack
from .texts import render

__all__ = ["verilog_testbench"]

_IMAGES = 4
_BEATS = 1 << 15  # of input; more are not written out


def verilog_testbench(plan: Plan, images: np.ndarray | None = None) -> str:
    """Text of ``NAME_tb.v``.

    Parameters
    ----------
    plan : Plan
    images : array of int, shape (images, height, width, channels), optional
        Input codes, of which the first four are taken, or fewer where images are large; random
        ones if left out.

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
    return render(
        "testbench.v.j2",
        plan,
        source=source,
        images=len(taken),
        given=_beats(ports.input, taken),
        expected=_beats(ports.output, outputs),
        patience=1000 + 16 * sum(unit.interval for unit in plan.units),
    )


def _count(plan: Plan) -> int:
    return max(1, min(_IMAGES, _BEATS // plan.ports.input.beats))


def _random(plan: Plan, count: int) -> np.ndarray:
    source = plan.network.input
    return np.random.RandomState(0).randint(0, source.codes.max_code + 1, (count, *source.shape))


def _beats(port: Port, values: np.ndarray) -> list[str]:
    """Payloads that carry values, in hexadecimal, the first lane in the lowest bits."""
    packed = pack(values.reshape(-1, port.type.lanes), port.type.bits)
    digits = -(-port.width // 4)
    return [row[::-1].tobytes().hex()[-digits:] for row in packed]
