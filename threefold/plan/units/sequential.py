"""Sequential unit: one array that takes consecutive layers in turn."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from math import prod
from typing import ClassVar, Self

from ...errors import PlanError
from ...fpga import GENERIC, MEMORIES, Family, Resources
from ...network import Tensor
from ..cycle_model.stages import StageBuilder
from ..latency import logit_latency
from ..layers import Layer, codes_of
from ..requantize import requantizer_cycles
from ..schedule import Folding
from ..sequential import (
    Array,
    Contents,
    Maps,
    Pass,
    Program,
    limits_of,
    parted,
    parts_of,
    passes_of,
    run_cycles,
)
from ..sequential.limits import check, room
from ..sequential.passes import input_of, source_of
from ..sequential.widths import narrower_passes, require_one_width
from .block import StreamType, Tap
from .sequential_cells import sequential_resources
from .sequential_taps import inner_taps
from .unit import ActivationBuffer, Decisions, Unit, decided, stream_type

__all__ = ["FORMS", "STORES", "SequentialUnit"]

FORMS = ("pipelined", "sequential", "parallel")
"""Forms of its searches among thresholds, which are those of requantizers but for the divider."""

STORES = ("block", "spram")
"""Where the program of a loadable array can be; without single-port RAM it is in block RAM."""


@dataclass(frozen=True, eq=False)
class SequentialUnit(Unit):
    """Array for layers that read one stream and each other, with a buffer for maps between them.

    An image enters; the layers are worked on one after the other; the last map leaves.

    Parameters
    ----------
    layers : tuple of Layer
        Two or more, of any kinds but arg-max and concatenations; logits of a single pixel at the
        end alone. Whatever is read elsewhere leaves the last.
    pe, simd, pixels : int
        Filters, channels and neighbouring output pixels worked on at once. The PE count is a
        multiple of the SIMD width. Where channels or filters are no multiple of them, lanes stay
        empty.
    lanes : int
        Accumulator values that become codes at once, a divisor of the SIMD width.
    form : str
        Form of the search among thresholds, one of :data:`FORMS`.
    memory : str
        Where the maps are, one of :data:`~threefold.fpga.MEMORIES`. From single-port RAM a pass
        copies what it reads into banks of block RAM.
    store : str
        Where the program of a loadable array is, one of :data:`STORES`.
    limits : dict of str to int
        Room for contents from outside, see :mod:`threefold.plan.sequential.limits`, which makes it
        loadable; none where contents are part of the hardware.

    Raises
    ------
    PlanError
        If sizes do not fit each other or a stride, there is no such form or memory, the layers
        exceed a limit, or contents for several widths of the network are to come from outside.
    """

    pe: int
    simd: int
    pixels: int = field(default=1, kw_only=True)
    lanes: int = field(default=1, kw_only=True)
    form: str = field(default="pipelined", kw_only=True)
    memory: str = field(default="auto", kw_only=True)
    store: str = field(default="block", kw_only=True)
    limits: dict = field(default_factory=dict, kw_only=True)

    program_kind: ClassVar[type[Program]] = Program
    maps_kind: ClassVar[type[Maps]] = Maps

    kind = "sequential"
    paced = False
    takes_whole = True

    def __post_init__(self):
        self.array.check(self.name)
        if self.form not in FORMS:
            raise PlanError(
                f"searches of {self.name!r} are {', '.join(FORMS[:-1])} or {FORMS[-1]}, "
                f"not {self.form!r}"
            )
        if self.memory not in MEMORIES:
            raise PlanError(
                f"memory of the maps of {self.name!r} must be one of {', '.join(MEMORIES)}, "
                f"not {self.memory!r}"
            )
        if self.store not in STORES:
            raise PlanError(
                f"the program of {self.name!r} is in {' or '.join(STORES)}, not {self.store!r}"
            )
        for each in self.passes:
            self.array.pixels_of(each)
        if self.limits:
            check(self.limits, self.name)
            require_one_width(self.layers)
            if self.form not in FORMS[:-1]:
                raise PlanError(
                    f"searches of {self.name!r}, which is loadable, are {' or '.join(FORMS[:-1])}, "
                    f"not {self.form!r}"
                )
            self.program.check(self.name)

    @classmethod
    def accepts(cls, layers: Sequence[Layer]) -> bool:
        if len(layers) < 2:
            return False
        try:
            passes_of(layers)
        except PlanError:
            return False
        return True

    @classmethod
    def candidates(cls, layers: tuple[Layer, ...], fixed: Decisions) -> Iterator[Self]:
        """Arrays whose sizes are powers of two, those of few lanes first."""
        passes = passes_of(layers)
        depth = max(each.window.shape[2] for each in passes)
        filters = max(each.shape[2] for each in passes)
        columns = max(each.window.out[1] for each in passes)
        sizes = product(
            decided(fixed, "pe", _powers(filters)),
            decided(fixed, "simd", _powers(min(depth, filters))),
            decided(fixed, "pixels", _powers(min(8, columns))),
        )
        for pe, simd, pixels in sorted(sizes, key=prod):
            lanes = decided(fixed, "lanes", [n for n in _powers(simd) if not simd % n])
            forms = decided(fixed, "form", FORMS[:-1])
            for each, form in product(lanes, forms):
                try:
                    unit = cls(layers, pe, simd, pixels=pixels, lanes=each, form=form)
                except PlanError:
                    if "pe" in fixed:
                        raise
                    continue  # these sizes do not suit each other, or a stride
                unit = unit.placed(fixed)
                if not fixed.get("loadable"):
                    yield unit
                    continue
                for store in decided(fixed, "store", STORES):
                    yield unit.made_loadable(store=store)

    def made_loadable(self, *others: Sequence[Layer], store: str | None = None) -> Self:
        """The same with contents from outside.

        Parameters
        ----------
        *others : sequence of Layer
            Other layers that it is to have room for.
        store : str, optional
            Where the program is, one of :data:`STORES`; as before if left out.

        Raises
        ------
        PlanError
            If other layers do not suit the array.
        """
        plain = replace(self, limits={})
        units = [plain, *(replace(plain, layers=tuple(layers)) for layers in others)]
        for each in units:
            last = each.passes[-1]
            if last.thresholds is None and last.step != 1:
                raise PlanError(
                    f"logits of {last.layers[-1].name!r} are {last.step} apart; a loadable array "
                    f"gives those that are 1 apart"
                )
            if each.parts > 1 and each.contents.bits != max(e.contents.bits for e in units):
                raise PlanError(
                    f"codes of {each.name!r} have {each.contents.bits} bits, into which those that "
                    f"enter are parted, and other layers have wider ones"
                )
        interval = requantizer_cycles(self.form, max(each.contents.code_bits for each in units))
        store = store or self.store
        contents = [each.contents for each in units]
        limits = limits_of(contents, interval, store, self.program_kind)
        return replace(self, store=store, limits=limits)

    def changed(self, layers: tuple[Layer, ...], changes: Decisions) -> Self:
        memory = changes.get("memory", self.memory)
        if self.limits and (memory == "spram") != self.array.copies:
            # Limits are those of other descriptors then.
            return super().changed(layers, {**changes, "limits": {}}).made_loadable()
        limits, form = dict(changes.get("limits", self.limits)), changes.get("form", self.form)
        if limits and form in FORMS:  # another form leaves other cycles between results
            before, after = (requantizer_cycles(n, limits["searched"]) for n in (self.form, form))
            limits["gap"] = max(1, ((1 << limits["gap"]) * after // before - 1).bit_length())
        return super().changed(layers, {**changes, "limits": limits})

    def variants(self, fixed: Decisions) -> Iterator[Self]:
        size = {"pe": self.pe, "simd": self.simd, "pixels": self.pixels}
        loading = {"loadable": 1, "store": self.store} if self.loadable else {}
        return self.candidates(self.layers, {**fixed, **size, **loading, "memory": self.memory})

    @property
    def loadable(self) -> bool:
        return bool(self.limits)

    @property
    def pace(self) -> int:
        return min(each.interval for each in self.variants({}))

    @property
    def narrow_pace(self) -> int:
        return min(each.narrow_interval for each in self.variants({}))

    def through(self, targets: Iterable[int]) -> int:
        # What is fast enough for the narrowest width may still slow down the whole.
        return max(self.interval, super().through(targets))

    @property
    def price(self) -> float:
        area = self.resources(GENERIC)
        return area.cells + GENERIC.block_worth * area.bram

    def placed(self, fixed: Decisions) -> Self:
        memory = str(fixed.get("memory", self.memory))
        if self.limits and (memory == "spram") != self.array.copies:
            return replace(self, memory=memory, limits={}).made_loadable()
        return replace(self, memory=memory)

    @property
    def array(self) -> Array:
        """Lanes of its array."""
        return Array(self.pe, self.simd, self.pixels, self.lanes, self.memory == "spram")

    @cached_property
    def passes(self) -> tuple[Pass, ...]:
        """The layers as passes over maps."""
        return passes_of(self.layers)

    @cached_property
    def narrower(self) -> tuple[tuple[Pass, ...], ...]:
        """The passes at each narrower width of the network."""
        return narrower_passes(self.layers)

    @cached_property
    def contents(self) -> Contents:
        """What its memories hold."""
        tensor, source = input_of(self.layers), source_of(self.layers)
        widths, shape, parts = (self.passes, *self.narrower), tensor.shape, self.parts
        code_bits = max(each.code_bits for each in self.passes)
        if parts > 1:
            bits = self._inner_bits
            widths = tuple(tuple(parted(each, source, parts, bits, self.simd)) for each in widths)
            shape = (*shape[:2], self.i_words * self.simd)
        else:
            bits = room(self.limits, "codes", max(code_bits, codes_of(tensor).bits))
        maps = self.maps_kind(self.array, source, shape, widths[0])
        narrower = [Maps(self.array, source, shape, each, maps) for each in widths[1:]]
        interval = requantizer_cycles(self.form, self.limits.get("searched", code_bits))
        return Contents(self.array, maps, bits, interval, parts, narrower, self.limits)

    @cached_property
    def program(self) -> Program:
        """What is loaded, if it is loadable."""
        return self.program_kind(self.contents)

    @cached_property
    def parts(self) -> int:
        """Parts of a code that enters, each in words of its own; see ``parts_of``."""
        tensor, source = input_of(self.layers), source_of(self.layers)
        parts = parts_of(self.passes, source, tensor, self._inner_bits)
        if self.limits:
            there = -(-codes_of(tensor).bits // self._inner_bits) if self.limits["part"] else 1
            if parts != there:
                raise PlanError(
                    f"codes that enter {self.name!r} are stored in {parts} parts, and in the "
                    f"hardware in {there}"
                )
        return parts

    @property
    def i_words(self) -> int:
        """Words of a beat that enters, if codes are in several parts; 1 otherwise."""
        return self.parts * self.array.pitch(self.in_tensors[0].shape[2]) if self.parts > 1 else 1

    @property
    def _inner_bits(self) -> int:
        """Width of codes in the map buffer if those that enter are not wider."""
        return room(self.limits, "codes", max(each.code_bits for each in self.passes))

    @property
    def sources(self) -> tuple[str, ...]:
        return (source_of(self.layers),)

    @property
    def in_tensors(self) -> tuple[Tensor, ...]:
        return (input_of(self.layers),)

    @property
    def inputs(self) -> tuple[StreamType, ...]:
        (tensor,) = self.in_tensors
        lanes = tensor.shape[2] if self.parts > 1 else self.array.port_lanes(tensor.shape[2])
        return (stream_type(tensor, lanes),)

    @property
    def outputs(self) -> tuple[StreamType, ...]:
        last = self.passes[-1]
        lanes = 1 if last.thresholds is None else self.array.port_lanes(last.shape[2])
        return (stream_type(self.out_tensor, lanes),)

    @property
    def i_beats(self) -> int:
        """Beats in which an image enters."""
        return self.in_tensors[0].size // self.i_lanes

    @cached_property
    def runs(self) -> tuple[int, ...]:
        """Cycles from the last beat of an image that enters to the first that leaves, by width."""
        copied = sum(self.program.copied) if self.limits else 0
        widths = range(1 + len(self.narrower))
        return tuple(run_cycles(self.contents, self.form, width) + copied for width in widths)

    @property
    def interval(self) -> int:
        return self._moving + max(self.runs)

    @property
    def narrow_interval(self) -> int:
        return self._moving + min(self.runs)

    @property
    def _moving(self) -> int:
        """Cycles between images in which one enters or leaves."""
        return self.i_beats * self.i_words + self.o_beats - 1

    @property
    def opens(self) -> int:
        """Cycles from the last beat of an image to the first of the next; 0 if all leave before."""
        return 0

    @property
    def taps(self) -> tuple[Tap, ...]:
        """The output, each map that is written, and the values in front of thresholds."""
        leaving = Tap(self.layers[-1].name, self.stream, self.outputs[0])
        return leaving, *inner_taps(self.contents)

    @property
    def activation_buffer(self) -> ActivationBuffer:
        banks, bits = self.array.stored.pixels, self.simd * self.contents.bits
        return ActivationBuffer(self.contents.depth * banks, bits, self.memory, banks)

    def resources(self, family: Family) -> Resources:
        program = self.program if self.limits else None
        return sequential_resources(
            self.contents, self.form, self.memory, family, program, self.store
        )

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        if self.parts > 1:
            source = builder.serializer(source, self.i_words)
        run = self.runs[builder.width if self.narrower else 0]
        words = self.i_beats * self.i_words
        results = builder.batch(source, words, run, self.o_beats, opens=self.opens)
        if self.contents.offsets is None:
            return (results,)
        return (self.leaving(builder, results),)

    def leaving(self, builder: StageBuilder, results: int) -> int:
        """Logits of accumulator values, on their way out."""
        return builder.pipe(results, logit_latency(self.passes[-1].step))

    def describe(self) -> str:
        return f"{len(self.layers)} layers in turn"

    @property
    def noun(self) -> str:
        return "array for layers in turn"

    @property
    def folding_words(self) -> str:
        return str(Folding(self.pe, self.simd, self.pixels))

    @property
    def tiles(self) -> tuple[int, int]:
        weighted = [each for each in self.contents.once if each.work.weighted]
        counts = [(each.tiles_worked, each.tiles_in_all) for each in weighted]
        # Between the parts of codes there are tiles that only double accumulators.
        return sum(n for n, _ in counts), sum(max(0, whole - n) for n, whole in counts)

    @property
    def weight_bits(self) -> int:
        rows, pe, simd = self.contents.weights.shape
        return 2 * rows * pe * simd

    @property
    def array_cycles(self) -> int:
        """Cycles of an image in which a tile of a layer with weights is worked on."""
        return sum(each.tile_cycles for each in self.contents.once if each.work.weighted)


def _powers(most: int) -> list[int]:
    """Powers of two from 1 to the first that is not below ``most``."""
    return [1 << exponent for exponent in range((most - 1).bit_length() + 1)]
