"""How much of an FPGA a plan takes: an estimate for choosing foldings, not a report.

The formulas count what each component is made of. Over the random foldings they were fitted to,
in ``benchmarks/resource_model.py``, LUTs are 5 % off on average and 17 % at worst on iCE40, 4 %
and 15 % on ECP5; block RAMs are off by 3 at worst, 0.3 on average.
"""

from collections.abc import Iterable
from math import ceil

from .area import Resources, block_rams, prefers_block, rom_luts
from .engine import EnginePlan, PoolPlan, StepPlan
from .requantize import requantizer_resources

__all__ = ["estimate"]

_NARROW = {("ice40", 1): 2.5, ("ecp5", 1): 3.1, ("ecp5", 2): 6.5}
"""LUTs of a lane and its share of the adders, by family and bits."""

_ENGINE = {"ice40": 105, "ecp5": 60}
"""LUTs of an engine's counters and handshakes."""


def estimate(steps: Iterable[EnginePlan | PoolPlan | StepPlan], family: str) -> Resources:
    """Resources of a whole accelerator, without what connects it to a board."""
    return sum((_step(step, family) for step in steps), Resources())


def _step(step: EnginePlan | PoolPlan | StepPlan, family: str) -> Resources:
    if isinstance(step, EnginePlan):
        return _engine(step, family)
    if isinstance(step, PoolPlan):
        return _pool(step, family)
    if step.step.op == "threshold":
        return _requantizer(step, family)
    return Resources(10 + step.lanes * step.step.out_bits)


def _pool(pool: PoolPlan, family: str) -> Resources:
    step, program = pool.step, pool.program
    result = Resources(_ENGINE[family] + pool.lanes * 2 * step.out_bits)
    result += _buffer(pool.word_bits, pool.depth, family, pool.memory)
    if program.bits:
        result += _rom(program.bits, len(program), family)
    return result


def _requantizer(plan: EnginePlan | StepPlan, family: str) -> Resources:
    step = plan.step
    return requantizer_resources(
        plan.form,
        channels=step.channels,
        bits=step.out_bits,
        total_bits=step.total_bits,
        lanes=plan.lanes,
        family=family,
    )


def _engine(engine: EnginePlan, family: str) -> Resources:
    layer, folding, schedule = engine.layer, engine.folding, engine.schedule
    pe, simd, bits, total = folding.pe, folding.simd, layer.codes.bits, layer.total_bits
    luts = pe * _pe(bits, simd, total, family)
    if engine.lanes < pe:
        luts += pe * total  # the serializer that drains the accumulators
    result = Resources(luts + _ENGINE[family])
    result += _buffer(engine.word_bits, engine.depth, family, engine.memory)
    tiles = len(schedule.tiles)
    if tiles > 1:
        result += _rom(schedule.row_bits, tiles, family)
    if engine.program.bits:
        result += _rom(engine.program.bits, tiles, family)
    if layer.levels is not None:
        return result + _requantizer(engine, family)
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
    if prefers_block(width, depth):
        return Resources(0, block_rams(width, depth, family))
    return Resources(rom_luts(width, depth))


def _buffer(width: int, depth: int, family: str, memory: str) -> Resources:
    """A memory as Yosys maps it: to flip-flops, to LUTs (ECP5 only), or to block RAM."""
    if memory == "spram" and family == "ice40":
        return Resources(width * 2)  # keeps the word read
    blocks = block_rams(width, depth, family)
    if memory == "block":
        return Resources(0, blocks)
    if family == "ice40":
        if depth * width <= 64 * blocks:
            return Resources(width * ceil(depth / 2), ff=width * depth)
    elif (units := ceil(depth / 16) * ceil(width / 4)) < 32 * blocks:
        return Resources(4 * units + (ceil(depth / 16) - 1) * width)
    return Resources(0, blocks)
