"""How much of an FPGA a plan takes: an estimate for choosing foldings, not a report.

The formulas count what each component is made of. Over random foldings of dense and convolutional
networks, in ``benchmarks/resource_model.py``, LUTs are 4 % off on average and 16 % at worst on
iCE40, 6 % and 13 % on ECP5; block RAMs are off by 3 at worst, 0.2 on average.
"""

from collections.abc import Iterable, Mapping
from math import ceil, lcm
from types import MappingProxyType

from .area import Resources, block_rams, prefers_block, rom_luts, single_ports
from .engine import EnginePlan, PoolPlan, StepPlan
from .requantize import requantizer_resources

__all__ = ["estimate", "estimate_requantizer"]

_NARROW = {("ice40", 1): 2.5, ("ecp5", 1): 3.1, ("ecp5", 2): 6.5}
"""LUTs of a lane and its share of the adders, by family and bits."""

_READER = {"ice40": (20, 5.5, 1.9, 3.3, 1.6), "ecp5": (21, 8.1, 2.0, 3.4, 4.8)}
"""LUTs of what walks over a map: of each, of a bit of an address, of a position on the map, of a
place in the list of tiles, and of a position that may lie in the padding."""


def estimate(
    steps: Iterable[EnginePlan | PoolPlan | StepPlan],
    family: str,
    buffers: Mapping[str, int] = MappingProxyType({}),
) -> Resources:
    """Resources of a whole accelerator, without what connects it to a board.

    Parameters
    ----------
    steps : iterable of EnginePlan, PoolPlan and StepPlan
    family : str
        ``"ice40"`` or ``"ecp5"``.
    buffers : mapping of str to int
        Beats of the FIFOs before joins, as in :class:`~threefold.plan.Plan`.
    """
    return sum((_step(step, buffers, family) for step in steps), Resources())


def _step(
    plan: EnginePlan | PoolPlan | StepPlan, buffers: Mapping[str, int], family: str
) -> Resources:
    if isinstance(plan, EnginePlan):
        return _engine(plan, family)
    if isinstance(plan, PoolPlan):
        return _pool(plan, family)
    step, result = plan.step, Resources()
    for index, codes in enumerate(step.codes):
        if depth := buffers.get(f"{plan.name}.{index}", 0):
            result += _fifo(codes.bits * plan.lanes, depth, family)
    if step.op == "threshold":
        return result + estimate_requantizer(plan, family)
    if step.op == "add":
        return result + Resources(plan.lanes * _adder(step.out_bits, family))
    return result


def _fifo(width: int, depth: int, family: str) -> Resources:
    """Two places, a count and a register beside the memory."""
    counters = 3 * depth.bit_length() * (1 + (family == "ecp5"))
    registers = Resources(13 + counters, ff=width * (family == "ice40"))
    return registers + _buffer(width, depth, family, "auto")


def _pool(pool: PoolPlan, family: str) -> Resources:
    step = pool.step
    luts = pool.lanes * (_adder(step.out_bits, family) + step.out_bits)
    return Resources(luts) + _reader(pool, family)


def _reader(plan: EnginePlan | PoolPlan, family: str) -> Resources:
    """Activation buffer, sequencer, and the way of the window over the map."""
    window, program = plan.walk.window, plan.program
    each, address, place, index, beyond = _READER[family]
    top, left, bottom, right = window.padding
    luts = each + address * _bits(plan.depth) + index * _bits(len(program))
    luts += place * sum(map(_bits, window.out))
    if any(window.padding):
        luts += plan.word_bits
        if top or bottom:
            luts += beyond * _bits(window.shape[0] + top + bottom)
        if left or right:
            luts += beyond * _bits((window.shape[1] + left + right) * plan.walk.pitch)
    result = Resources(luts) + _buffer(plan.word_bits, plan.depth, family, plan.memory)
    if program.bits:
        result += _rom(program.bits, len(program), family)
    return result


def _bits(count: int) -> int:
    return (count - 1).bit_length()


def estimate_requantizer(plan: EnginePlan | StepPlan, family: str) -> Resources:
    """Resources of what makes codes in one step."""
    step = plan.step
    return requantizer_resources(
        plan.form,
        channels=lcm(step.alike_after, plan.lanes),
        bits=step.out_bits,
        total_bits=step.total_bits,
        lanes=plan.lanes,
        family=family,
    )


def _engine(engine: EnginePlan, family: str) -> Resources:
    layer, folding, schedule = engine.layer, engine.folding, engine.schedule
    bits, total, tiles = layer.codes.bits, layer.total_bits, len(schedule.tiles)
    # Synthesis drops a lane whose weights are all zeros, of which there are some if tiles are few.
    used = (schedule.weights != 0).any(axis=0).sum(axis=1).tolist()
    luts = sum(_pe(bits, max(1, simd), total, family) for simd in used)
    luts += (folding.pe - engine.lanes) * total  # the serializer that drains the accumulators
    result = Resources(luts) + _reader(engine, family)
    if tiles > 1:
        result += _rom(schedule.row_bits, tiles, family)
    if layer.levels is not None:
        return result + estimate_requantizer(engine, family)
    for _ in range(engine.lanes):
        result += _rom(layer.logit_bits, layer.rows // engine.lanes, family)
        result += Resources(4 * _adder(layer.logit_bits, family))
    return result


def _pe(bits: int, simd: int, total: int, family: str) -> float:
    """A processing element; ``benchmarks/pe_area.py`` measures them one by one."""
    accumulator = _adder(total, family) + (family == "ecp5")
    if simd == 1:
        return bits + accumulator
    if bits == 1 or (bits == 2 and family == "ecp5"):
        # Yosys counts narrow codes in LUTs, without a carry chain.
        return _NARROW[family, bits] * simd + accumulator
    masks, tree = bits * simd, 0
    if family == "ecp5":
        # The first adders mask the other lane of a pair, and share their carry chains.
        masks, tree = bits * ceil(simd / 2), simd // 2 * (bits + 1)
        simd, bits = (simd + 1) // 2, bits + 1
    while simd > 1:
        tree += simd // 2 * _adder(bits + (family == "ecp5"), family)
        simd, bits = (simd + 1) // 2, bits + 1
    return masks + tree + accumulator


def _adder(bits: int, family: str) -> int:
    return bits if family == "ice40" else 2 * ceil(bits / 2)


def _rom(width: int, depth: int, family: str) -> Resources:
    if prefers_block(width, depth, family):
        return Resources(0, block_rams(width, depth, family))
    return Resources(rom_luts(width, depth, family))


def _buffer(width: int, depth: int, family: str, memory: str) -> Resources:
    """A memory as Yosys maps it: to flip-flops, to LUTs (ECP5 only), or to block RAM."""
    if memory == "spram" and family == "ice40":
        return Resources(width * 2, spram=single_ports(width, depth))  # keeps the word read
    blocks = block_rams(width, depth, family)
    lut = memory == "lut"
    if memory != "block":
        if family == "ice40":
            if lut or depth * width <= 64 * blocks:
                return Resources(width * ceil(depth / 2), ff=width * depth)
        elif lut or (ceil(depth / 16) * ceil(width / 4)) < 32 * blocks:
            units = ceil(depth / 16) * ceil(width / 4)
            return Resources(4 * units + (ceil(depth / 16) - 1) * (width / 2 + 1))
    return Resources(0, blocks)
