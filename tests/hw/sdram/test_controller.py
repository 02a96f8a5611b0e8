# amaranth: UnusedElaboratable=no

import dataclasses
import random
from itertools import pairwise

import numpy as np
import pytest
from amaranth.sim import Simulator

from threefold.boards.sdram import AS4C16M16SA_7
from threefold.errors import PlanError
from threefold.hw.sdram.bursts import BURST, Access, address_bits
from threefold.hw.sdram.controller import SDRAMController
from threefold.sim.sdram import SDRAMChip

from .chips import SMALL, attached, in_order


def run(requests, *, sdram=SMALL, chip=None, clock_mhz=133, rest=0, seed=0, idle=0.0):
    """Words read, the cycle of each, the chip, and the cycles in which requests were accepted."""
    controller = SDRAMController(sdram, clock_mhz=clock_mhz)
    chip = SDRAMChip(chip or sdram, clock_mhz=clock_mhz)
    chip.content[:] = np.random.default_rng(seed).integers(1 << sdram.bits, size=chip.content.shape)
    rng, words, cycles, taken = random.Random(seed), [], [], []

    async def source(ctx):
        cycle = 0
        for request in requests:
            while rng.random() < idle:
                await ctx.tick()
                cycle += 1
            ctx.set(controller.i.payload, request)
            ctx.set(controller.i.valid, 1)
            ready = 0
            while not ready:
                *_, ready = await ctx.tick().sample(controller.i.ready)
                cycle += 1
            taken.append(cycle)
            ctx.set(controller.i.valid, 0)
        await ctx.tick().repeat(rest + 40)

    async def sink(ctx):
        cycle = 0
        outputs = controller.o_valid, controller.o
        async for _, _, valid, word in ctx.tick().sample(*outputs):
            cycle += 1
            if valid:
                words.append(word)
                cycles.append(cycle)

    simulator = Simulator(controller)
    simulator.add_clock(1e-6)
    simulator.add_process(attached(chip, controller.pins, bits=sdram.bits, seed=seed))
    simulator.add_process(sink)
    simulator.add_testbench(source)
    simulator.run()
    return words, cycles, chip, taken


def read(burst):
    return {"access": Access.READ, "burst": burst, "words": [0] * BURST}


def write(burst, words):
    return {"access": Access.WRITE, "burst": burst, "words": words}


REFRESH = {"access": Access.REFRESH, "burst": 0, "words": [0] * BURST}


@pytest.mark.parametrize("clock_mhz", [25, 75, 100, 133, 142])
@pytest.mark.parametrize("idle", [0.0, 0.9])
def test_random_accesses_are_within_the_data_sheet(clock_mhz, idle):
    rng, content, expected, requests = random.Random(clock_mhz), {}, [], []
    bursts = [rng.randrange(1 << address_bits(SMALL)) for _ in range(12)]
    bursts += [burst ^ 1 for burst in bursts] + [burst ^ 1 << 9 for burst in bursts]
    for _ in range(300):
        burst = rng.choice(bursts)
        if burst in content and rng.random() < 0.5:
            requests.append(read(burst))
            expected += content[burst]
        elif rng.random() < 0.05:
            requests.append(REFRESH)
        else:
            content[burst] = [rng.randrange(1 << 16) for _ in range(BURST)]
            requests.append(write(burst, content[burst]))
    words, _, chip, _ = run(requests, clock_mhz=clock_mhz, idle=idle)
    assert chip.faults == []
    assert words == expected


@pytest.mark.parametrize("clock_mhz", [100, 133, 142])
def test_bursts_in_order_are_read_without_a_gap(clock_mhz):
    count = 9 * SMALL.columns // BURST
    words, cycles, chip, taken = run([read(burst) for burst in range(count)], clock_mhz=clock_mhz)
    assert chip.faults == []
    assert cycles == list(range(cycles[0], cycles[0] + count * BURST))
    assert cycles[0] - taken[0] == SDRAMController(SMALL, clock_mhz=clock_mhz).latency
    assert words == in_order(chip, BURST * count)


@pytest.mark.parametrize("clock_mhz", [100, 133, 142])
def test_bursts_in_order_are_written_without_a_gap(clock_mhz):
    count = 9 * SMALL.columns // BURST
    requests = [write(burst, range(burst, burst + BURST)) for burst in range(count)]
    _, _, chip, taken = run(requests, clock_mhz=clock_mhz, rest=20)
    assert chip.faults == []
    assert {after - before for before, after in pairwise(taken)} == {BURST}
    assert in_order(chip, BURST * count) == [
        burst + n for burst in range(count) for n in range(BURST)
    ]


def test_refreshes_come_in_time_whatever_is_asked_for():
    bursts = SMALL.words // BURST
    words, _, chip, _ = run([read(n % bursts) for n in range(3 * bursts)])
    assert chip.faults == []
    assert words == 3 * in_order(chip, BURST * bursts)
    due = chip.ns / SMALL.refresh_interval_ns
    assert due - 4 < chip.refreshes < 1.2 * due


@pytest.mark.parametrize("columns", [8, 256, 1024])
def test_rows_of_other_lengths(columns):
    sdram = dataclasses.replace(SMALL, columns=columns, rows=16, refresh_ms=0.125)
    words, _, chip, _ = run([read(burst) for burst in range(60)], sdram=sdram, clock_mhz=10)
    assert chip.faults == []
    assert words == in_order(chip, BURST * 60)


def test_refreshes_asked_for_keep_their_place():
    rounds = [[*(read(20 * n + k) for k in range(20)), REFRESH] for n in range(60)]
    words, _, chip, taken = run([each for one in rounds for each in one])
    assert chip.faults == []
    assert words == in_order(chip, BURST * (60 * 20))
    # None is unasked, and all rounds take the same time, whatever rows they are in.
    ends = taken[20::21]
    assert chip.refreshes == len(ends)
    (span,) = {after - before for before, after in pairwise(ends)}
    assert span <= SDRAMController(SMALL, clock_mhz=133).refresh_within


@pytest.mark.parametrize("held", [0, 1, 57])
def test_it_waits_from_when_the_clock_is_steady(held):
    dut, first = SDRAMController(SMALL, clock_mhz=100), []

    async def testbench(ctx):
        ctx.set(dut.hold, held > 0)
        for cycle in range(SMALL.cycles(100).power_up + 100):
            ctx.set(dut.hold, cycle < held)
            if any(ctx.get(pin) for pin in (dut.pins.ras, dut.pins.cas, dut.pins.we)):
                first.append(cycle)
                return
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    # The command is in a register, and so is what begins with it.
    assert first == [held + SMALL.cycles(100).power_up + 2]


@pytest.mark.parametrize("rest", [1, 2, 5, 300])
def test_it_begins_anew_when_a_clock_was_lost(rest):
    dut, told = SDRAMController(SMALL, clock_mhz=100), [[], []]

    async def commands(ctx, found):
        for cycle in range(SMALL.cycles(100).power_up + 200):
            ctx.set(dut.hold, cycle < 3)
            await ctx.tick()
            levels = [ctx.get(pin) for pin in (dut.pins.ras, dut.pins.cas, dut.pins.we)]
            if any(levels):
                found.append((cycle, levels, ctx.get(dut.pins.address[10])))

    async def testbench(ctx):
        await commands(ctx, told[0])
        ctx.set(dut.i.payload, read(77))
        ctx.set(dut.i.valid, 1)
        await ctx.tick().until(dut.i.ready)
        ctx.set(dut.i.valid, 0)
        await ctx.tick().repeat(rest)
        await commands(ctx, told[1])

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    again = [each for each in told[1] if each[0] > 3]
    assert len(told[0]) > 8
    assert again == told[0]


def test_it_refreshes_unasked():
    _, _, chip, _ = run([read(0)], rest=20_000)
    assert chip.faults == []
    due = chip.ns / SMALL.refresh_interval_ns
    assert due - 4 < chip.refreshes < 1.2 * due


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("t_rcd", 40, "tRCD of"),
        ("t_rp", 40, "tRP of"),
        ("t_ras", 150, "tRAS of"),
        ("t_rc", 200, "tRC of"),
        ("t_rrd", 90, "tRRD of"),
        ("t_wr", 40, "tWR of"),
        ("t_mrd", 40, "tMRD of"),
        ("t_rfc", 90, "tRFC of"),
        ("power_up_us", 2, "before the power has been up for long enough"),
        ("refresh_ms", 0.15, "refreshes are 8.0 intervals late"),
        ("period_ns", 8, "a period of 7.52 ns, not 8 or more"),
        ("most_ras", 1000, "a row is open for"),
    ],
)
def test_the_chip_tells_a_controller_made_for_another(name, value, fault):
    rng = random.Random(0)
    requests = [write(rng.randrange(1 << address_bits(SMALL)), [1] * BURST) for _ in range(100)]
    requests += [read(n % 4) for n in range(400)]
    chip = dataclasses.replace(SMALL, **{name: value})
    _, _, found, _ = run(requests, chip=chip, rest=3000)
    assert found.faults
    assert all(fault in each for each in found.faults)


def test_a_clock_that_is_too_fast_is_refused():
    message = r"^AS4C16M16SA-7 takes a clock of 142\.9 MHz at most, not 150 MHz$"
    with pytest.raises(PlanError, match=message):
        SDRAMController(AS4C16M16SA_7, clock_mhz=150)


def test_a_clock_that_is_too_slow_is_refused():
    message = (
        "^AS4C16M16SA-7 needs a refresh every 23 cycles of 3 MHz, which leaves no time for bursts; "
        "let its clock be faster$"
    )
    with pytest.raises(PlanError, match=message):
        SDRAMController(AS4C16M16SA_7, clock_mhz=3)


def test_rows_that_open_rarely_are_refused():
    message = (
        "^tRRD of AS4C16M16SA-7 is 8 cycles of 133 MHz, and rows are opened 4 cycles apart; "
        "choose another SDRAM$"
    )
    with pytest.raises(PlanError, match=message):
        SDRAMController(dataclasses.replace(SMALL, t_rrd=60), clock_mhz=133)


@pytest.mark.parametrize("t_rc", [63, 105, 110, 200])
def test_a_bank_is_opened_again_no_sooner_than_it_may(t_rc):
    sdram = dataclasses.replace(SMALL, t_rc=t_rc)
    stride = SMALL.banks * SMALL.columns // BURST
    _, _, chip, _ = run([read(n * stride) for n in range(400)], sdram=sdram)
    assert chip.refreshes > 2
    assert chip.faults == []


@pytest.mark.parametrize("bits", [4, 32])
def test_words_of_other_widths(bits):
    sdram = dataclasses.replace(SMALL, bits=bits)
    words = [(n << bits - 4) + n for n in range(BURST)]
    found, _, chip, _ = run([write(3, words), read(3)], sdram=sdram)
    assert (found, chip.faults) == ([word % (1 << bits) for word in words], [])
