# amaranth: UnusedElaboratable=no

import random

import pytest
from amaranth.hdl import EnableInserter, Signal
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.errors import PlanError
from threefold.hw.pe import PE

SIMD = [1, 2, 3, 4, 5, 6, 7, 8, 16, 32]


def expected(bits, row):
    """The PE's result for a row of tiles, each a list of (code, weight)."""
    products = [(code * weight, weight) for tile in row for code, weight in tile]
    return sum(p for p, _ in products) + (2**bits - 1) * sum(w < 0 for _, w in products)


def expected_of_digits(bits, row):
    """The PE's result for a row of digits, each a list of tiles."""
    total = 0
    for digit in row:
        total = 2 * total + expected(bits, digit)
    return total


def random_tile(rng, bits, simd):
    return [(rng.randrange(2**bits), rng.choice((-1, 0, 1))) for _ in range(simd)]


def random_rows(rng, bits, simd, lengths):
    return [[random_tile(rng, bits, simd) for _ in range(length)] for length in lengths]


def with_bubbles(rng, rows, share):
    """Each cycle's (tile, real, first, last); a bubble presents a tile that must not be added."""
    cycles = []
    for row in rows:
        for n, tile in enumerate(row):
            while rng.random() < share:
                cycles.append((random_tile(rng, 8, len(tile)), False, rng.random() < 0.5, False))
            cycles.append((tile, True, n == 0, n == len(row) - 1))
    return cycles


def simulate(pe, cycles, rng, *, stalls=0.0, doubles=None):
    """The results of the rows in ``cycles``, with the pipeline stopped in some of them.

    ``doubles`` are cycles in which the accumulator is doubled, if it can be.
    """
    go = Signal()
    sim = Simulator(EnableInserter(go)(pe))
    sim.add_clock(1e-6)
    idle = ([(0, 0)] * pe.simd, False, False, False)
    padded = [*cycles, *[idle] * (pe.latency - 1)]
    late = [*[idle] * (pe.latency - 1), *cycles]
    results = []

    async def testbench(ctx):
        pairs = zip(padded, late, strict=True)
        for cycle, ((tile, *_), (_, real, first, last)) in enumerate(pairs, 1 - pe.latency):
            if doubles is not None:
                ctx.set(pe.double, cycle in doubles)
            for lane, (code, weight) in enumerate(tile):
                ctx.set(pe.activations[lane], code & 2**pe.bits - 1)
                ctx.set(pe.weights[lane].nonzero, weight != 0)
                ctx.set(pe.weights[lane].negative, weight < 0)
            ctx.set(pe.enable, real)
            ctx.set(pe.first, first)
            ctx.set(go, 0)
            while rng.random() < stalls:
                await ctx.tick()
            ctx.set(go, 1)
            await ctx.tick()
            if real and last:
                results.append(ctx.get(pe.total))

    sim.add_testbench(testbench)
    sim.run()
    return results


@pytest.mark.parametrize("simd", SIMD)
@pytest.mark.parametrize("bits", range(1, 9))
def test_random_rows(bits, simd):
    rng = random.Random(1000 * bits + simd)
    rows = random_rows(rng, bits, simd, (1, 1, 2, 5, 1, 3))
    pe = PE(bits=bits, simd=simd, sum_bits=16)
    results = simulate(pe, with_bubbles(rng, rows, 0.3), rng, stalls=0.2)
    assert results == [expected(bits, row) for row in rows]


@pytest.mark.parametrize("simd", [1, 2, 3, 8])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_rows_of_several_digits(bits, simd):
    rng = random.Random(1000 * bits + simd)
    rows = [
        random_rows(rng, bits, simd, [rng.choice((1, 2, 3)) for _ in range(digits)])
        for digits in (1, 3, 2, 1, 8, 4)
    ]
    cycles, doubles = [], set()
    for row in rows:
        for place, digit in enumerate(row):
            made = with_bubbles(rng, [digit], 0.3)
            begins = next(n for n, (_, real, *_) in enumerate(made) if real)
            if place:
                doubles.add(len(cycles) + begins)
            cycles += [
                (tile, real, first and not (real and place), last and digit is row[-1])
                for tile, real, first, last in made
            ]
    pe = PE(bits=bits, simd=simd, sum_bits=24, doubles=True)
    results = simulate(pe, cycles, rng, stalls=0.2, doubles=doubles)
    assert results == [expected_of_digits(bits, row) for row in rows]


@settings(max_examples=40, deadline=None)
@given(
    bits=st.integers(1, 8),
    simd=st.integers(1, 13),
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    bubbles=st.sampled_from([0.0, 0.5]),
    stalls=st.sampled_from([0.0, 0.5]),
    seed=st.integers(0, 2**32),
)
def test_any_rows(bits, simd, lengths, bubbles, stalls, seed):
    rng = random.Random(seed)
    rows = random_rows(rng, bits, simd, lengths)
    pe = PE(bits=bits, simd=simd, sum_bits=16)
    results = simulate(pe, with_bubbles(rng, rows, bubbles), rng, stalls=stalls)
    assert results == [expected(bits, row) for row in rows]


@pytest.mark.parametrize("simd", SIMD)
@pytest.mark.parametrize("bits", range(1, 9))
def test_extremes(bits, simd):
    highest = 2**bits - 1
    rows = [
        [[(code, weight)] * simd] * 2
        for code, weight in ((highest, -1), (0, -1), (highest, 1), (0, 1), (highest, 0), (0, 0))
    ]
    sum_bits = (2 * simd * highest).bit_length()
    pe = PE(bits=bits, simd=simd, sum_bits=sum_bits)
    rng = random.Random(0)
    results = simulate(pe, with_bubbles(rng, rows, 0.0), rng)
    largest = 2 * simd * highest
    assert results == [0, largest, largest, 0, 0, 0]


def test_narrow_accumulator_wraps_around():
    rng = random.Random(0)
    rows = random_rows(rng, 4, 8, (3, 3))
    pe = PE(bits=4, simd=8, sum_bits=3)
    results = simulate(pe, with_bubbles(rng, rows, 0.0), rng)
    assert results == [expected(4, row) % 8 for row in rows]


def test_parameters_are_attributes():
    pe = PE(bits=4, simd=8, sum_bits=16)
    assert (pe.bits, pe.simd, pe.sum_bits, pe.doubles) == (4, 8, 16, False)
    assert PE(bits=4, simd=8, sum_bits=16, doubles=True).doubles


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"bits": 0}, r"^activations must have at least 1 bit, not 0$"),
        ({"simd": 0}, r"^a PE must have at least 1 SIMD lane, not 0$"),
        ({"sum_bits": 0}, r"^an accumulator must have at least 1 bit, not 0$"),
    ],
)
def test_refuses(parameters, message):
    with pytest.raises(PlanError, match=message):
        PE(**{"bits": 4, "simd": 8, "sum_bits": 16, **parameters})
