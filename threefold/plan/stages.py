"""Stages of the cycle model as rows of integers."""

from dataclasses import dataclass

import numpy as np

from .dataflow import Part
from .latency import LOGIT_LATENCY, POOL_LATENCY, READER_LATENCY, pe_latency
from .requantize import requantizer_cycles, requantizer_latency

__all__ = [
    "ADD",
    "ARGMAX",
    "ARRAY",
    "CONCAT",
    "DEPTH",
    "FIFO",
    "FIRST",
    "FORK",
    "INPUT",
    "JOIN",
    "KIND",
    "LATENCY",
    "NEEDED",
    "OUTPUT",
    "PAD",
    "PIPE",
    "PIXELS",
    "SINGLE",
    "SKID",
    "SPLIT",
    "TABLE",
    "TILES",
    "Stages",
    "encode",
]

ARRAY, PIPE, SKID, SPLIT, JOIN, ARGMAX, FORK, FIFO, ADD, CONCAT, PAD = range(11)
"""Kinds of stages."""

KIND, INPUT, OUTPUT, FIRST = range(4)
"""Fields of every row; ``FIRST`` is the first parameter."""

PIXELS, TILES, TABLE, LATENCY, DEPTH, NEEDED, SINGLE = range(FIRST, FIRST + 7)
"""Parameters of an ``ARRAY``; those of the other kinds have no names."""

_FIELDS = SINGLE + 1


@dataclass(frozen=True, eq=False)
class Stages:
    """An accelerator for :func:`threefold.plan.flow.run`.

    Attributes
    ----------
    rows : array of int64, shape (stages, fields)
        Kind, first input stream, first output stream, then the parameters of the kind::

            ARRAY   pixels, tiles, place in ``tables``, latency, depth, words of the first
                    window, whether words enter only where none is read
            PIPE    latency, cycles from a beat until the next is accepted
            SKID    none
            SPLIT   beats out for one in, whether the next waits for all of them to have left
            JOIN    beats in for one out
            ARGMAX  channels
            FORK    outputs, whose streams follow each other
            FIFO    depth
            ADD     second input
            CONCAT  second input, beats of the first, of the second
            PAD     beats before, of the input, after

    tables : array of int64
        Of each ARRAY: for each pixel the words that the next needs, then those that it frees;
        then for each tile whether a result is complete with it.
    streams : int
        Stream 0 is the input, the last one the output.
    fifos : dict of str to int
        Row of each FIFO, by the name of its part.
    """

    rows: np.ndarray
    tables: np.ndarray
    streams: int
    fifos: dict[str, int]


def encode(parts: tuple[Part, ...]) -> Stages:
    """The stages that parts consist of, in the order of flow."""
    return _Encoder(parts).encode()


class _Encoder:
    def __init__(self, parts: tuple[Part, ...]):
        self._parts = parts
        self._rows: list[list[int]] = []
        self._tables: list[np.ndarray] = [np.zeros(0, np.int64)]
        self._streams = 1
        self._outputs: list[int] = []
        self._fifos: dict[str, int] = {}

    def encode(self) -> Stages:
        for part in self._parts:
            inputs = [
                0 if edge.part < 0 else self._outputs[edge.part] + edge.output
                for edge in part.inputs
            ]
            self._outputs.append(self._stages(part, inputs))
        rows = np.zeros((len(self._rows), _FIELDS), np.int64)
        for place, row in enumerate(self._rows):
            rows[place, : len(row)] = row
        return Stages(rows, np.concatenate(self._tables), self._streams, self._fifos)

    def _stages(self, part: Part, inputs: list[int]) -> int:
        """Add the stages of a part; the stream that leaves it."""
        plan = part.plan
        match part.kind:
            case "engine":
                layer, folding = plan.layer, plan.folding
                latency = READER_LATENCY + pe_latency(layer.codes.bits, folding.simd)
                array = self._array(plan, inputs[0], latency)
                split = self._add(SPLIT, array, plan.beats, plan.decoupled)
                if layer.levels is None:
                    return self._add(PIPE, split, LOGIT_LATENCY, 1)
                return self._requantizer(plan, split)
            case "pool":
                return self._array(plan, inputs[0], READER_LATENCY + POOL_LATENCY)
            case "threshold":
                return self._requantizer(plan, inputs[0])
            case "add":
                return self._add(ADD, *inputs)
            case "concat":
                beats = [shape[2] // plan.lanes for shape in plan.step.in_shapes]
                return self._add(CONCAT, *inputs, *beats)
            case "pad_channels":
                step = plan.step
                channels = step.before, step.in_shape[2], step.after
                return self._add(PAD, inputs[0], *(size // plan.lanes for size in channels))
            case "fork":
                return self._add(FORK, inputs[0], part.number, outputs=part.number)
            case "fifo":
                self._fifos[part.name] = len(self._rows)
                return self._add(FIFO, inputs[0], part.number)
            case "split":
                return self._add(SPLIT, inputs[0], part.inputs[0].lanes // part.lanes)
            case "join":
                return self._add(JOIN, inputs[0], part.lanes // part.inputs[0].lanes)
            case "argmax":
                return self._add(ARGMAX, inputs[0], part.number)

    def _array(self, plan, source: int, latency: int) -> int:
        at = sum(map(len, self._tables))
        walk, program = plan.walk, plan.program
        self._tables += [walk.needs, walk.frees, program.last.astype(np.int64)]
        pixels, tiles = len(walk.needs), len(program)
        first, single = int(walk.needed[0]), plan.memory == "spram"
        return self._add(ARRAY, source, pixels, tiles, at, latency - 1, plan.depth, first, single)

    def _requantizer(self, plan, source: int) -> int:
        form, bits = plan.form, plan.step.out_bits
        latency, cycles = requantizer_latency(form, bits), requantizer_cycles(form, bits)
        return self._add(SKID, self._add(PIPE, source, latency, cycles))

    def _add(self, kind: int, source: int, *parameters: int, outputs: int = 1) -> int:
        output, self._streams = self._streams, self._streams + outputs
        self._rows.append([kind, source, output, *map(int, parameters)])
        return output
