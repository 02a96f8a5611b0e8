"""Verification library: stream benches, cycle models and proofs for components of your own.

A stream component is verified in four steps, here with Amaranth's streams of lanes:

1. :class:`StreamBench`: what leaves is what the golden model gives, with random stalls on both
   sides, for a component with one stream in and one out;
2. :func:`lockstep`: every handshake is that of a cycle model, for any number of streams;
3. :func:`contract_violations`: the stream contract is proven for all time by k-induction, and
   injected faults are found; :class:`Prover` has the single proofs;
4. :class:`AcceleratorBench`: an accelerator that the component is part of gives what the golden
   model gives, in the cycles that the plan predicts.

Proofs need z3 (``pip install z3-solver``).

Examples
--------
A register stage of one's own, and its verification:

>>> from tempfile import TemporaryDirectory
>>> from amaranth.hdl import Module
>>> from amaranth.lib import wiring
>>> from amaranth.lib.wiring import In, Out
>>> from threefold.hw.stream import lane_stream
>>> class Stage(wiring.Component):
...     def __init__(self):
...         super().__init__({"i": In(lane_stream(4, 1)), "o": Out(lane_stream(4, 1))})
...     def elaborate(self, platform):
...         m = Module()
...         m.d.comb += self.i.ready.eq(~self.o.valid | self.o.ready)
...         with m.If(self.i.ready):
...             m.d.sync += [self.o.valid.eq(self.i.valid), self.o.payload.eq(self.i.payload)]
...         return m
>>> beats = [(value % 16,) for value in range(40)]
>>> StreamBench(Stage()).run(beats, len(beats), stalls=0.3).beats == beats
True
>>> class Model:
...     full = False
...     def valid(self, i_valid):
...         return [self.full]
...     def ready(self, i_valid, o_ready):
...         return [not self.full or o_ready[0]]
...     def tick(self, i_valid, o_ready):
...         if self.ready(i_valid, o_ready)[0]:
...             self.full = i_valid[0]
>>> entered, left = lockstep(Stage(), Model(), cycles=100, seed=1)
>>> with TemporaryDirectory() as folder:
...     contract_violations(Stage, folder, cycles=10, beats=3)
[]
"""

from .accelerator import AcceleratorBench, AcceleratorRun
from .bench import StreamBench, Traffic, pass_through
from .contract import (
    FAULTS,
    ChangingPayload,
    Fault,
    GatedValid,
    ImpatientValid,
    StreamContract,
)
from .lockstep import CycleModel, lockstep
from .ports import StreamPort, streams_of
from .prover import Prover, contract_violations

__all__ = [
    "FAULTS",
    "AcceleratorBench",
    "AcceleratorRun",
    "ChangingPayload",
    "CycleModel",
    "Fault",
    "GatedValid",
    "ImpatientValid",
    "Prover",
    "StreamBench",
    "StreamContract",
    "StreamPort",
    "Traffic",
    "contract_violations",
    "lockstep",
    "pass_through",
    "streams_of",
]
