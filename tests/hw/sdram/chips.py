"""A small SDRAM, and its chip at the pins of a controller in Amaranth's simulator."""

import dataclasses
import random

from threefold.boards.sdram import AS4C16M16SA_7
from threefold.sim.sdram import Pins, SDRAMChip

__all__ = ["SMALL", "attached", "in_order", "send"]

SMALL = dataclasses.replace(AS4C16M16SA_7, rows=64, columns=64, power_up_us=1, refresh_ms=0.5)
"""Few rows, and little to wait for at the start, so that tests are short."""

_PINS = ("ras", "cas", "we", "dqm", "bank", "address", "dq_o", "dq_oe")


def attached(chip: SDRAMChip, pins, *, bits: int = 16, domain: str = "sync", seed: int = 0):
    """A process in which a chip answers, behind registers; pins that nothing drives are random."""

    async def process(ctx):
        rng, outputs = random.Random(seed), [getattr(pins, name) for name in _PINS]
        leaving, entering = Pins(0, 0, 0, 1, 0, 0, 0, 0), 0
        async for _, _, *levels in ctx.tick(domain).sample(*outputs):
            word = chip.edge(leaving)
            ctx.set(pins.dq_i, entering)
            entering = rng.randrange(1 << bits) if word is None else word
            leaving = Pins(*levels)

    return process


def in_order(chip: SDRAMChip, words: int) -> list[int]:
    """The first words of a chip."""
    return chip.content.transpose(1, 0, 2).reshape(-1)[:words].tolist()


async def send(ctx, port, payloads) -> None:
    """Offer payloads to a stream, one after the other, until the last is taken."""
    ctx.set(port.valid, 1)
    for payload in payloads:
        ctx.set(port.payload, payload)
        taken = 0
        while not taken:  # not `until`, which warns if it is collected while it waits
            *_, taken = await ctx.tick().sample(port.ready)
    ctx.set(port.valid, 0)
