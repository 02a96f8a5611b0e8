# amaranth: UnusedElaboratable=no

"""Benchmark: sets of images in a chip held to its times, results and cycles of runs."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from threefold.errors import PlanError
from threefold.host.benchmark import sum_of
from threefold.host.image_set import bytes_of
from threefold.hw.sdram.benchmark import Benchmark
from threefold.hw.sdram.feed import feed_at
from threefold.plan import image_of, lower
from threefold.plan.cycle_model.cycles import trace
from threefold.plan.cycle_model.runs import run_cycles
from threefold.plan.search.fold import plan_of
from threefold.plan.units.streamed import StreamedUnit
from threefold.registers.benchmark import BENCHMARK
from threefold.sim import golden
from threefold.sim.sdram import SDRAMChip

from ...accelerators import CODES, random_images, random_plan
from ...loadable_networks import loadable_plan, network
from ...nightly import mostly_nightly
from .chips import SMALL, attached

CLOCK_MHZ = 60


class Bench:
    """A benchmark, its chip, and who reads and writes its registers."""

    def __init__(self, plan, *, sdram=SMALL, clock_mhz=CLOCK_MHZ):
        self.plan = plan
        self.dut = Benchmark(plan, sdram, clock_mhz=clock_mhz)
        self.chip = SDRAMChip(sdram, clock_mhz=clock_mhz)

    def run(self, talk):
        simulator = Simulator(self.dut)
        simulator.add_clock(1e-6)
        simulator.add_process(attached(self.chip, self.dut.pins))

        async def testbench(ctx):
            self.ctx = ctx
            await talk(self)

        simulator.add_process(self._watch)
        simulator.add_testbench(testbench)
        simulator.run()
        assert self.chip.faults == []

    async def _watch(self, ctx):
        """What the counters should be, from the beats of the accelerator."""
        inner, more = self.dut._accelerator, self.dut._reader.more
        ports = (inner.i.valid, inner.i.ready, inner.o.valid, inner.o.ready, more)
        cycle = 0
        self.entered, self.left, self.stalls = [], [], 0
        async for _, _, *levels in ctx.tick().sample(*ports):
            i_valid, i_ready, o_valid, o_ready, there = levels
            if i_valid and i_ready:
                self.entered.append(cycle)
            if o_valid and o_ready:
                self.left.append(cycle)
            starves = there and i_ready and not i_valid
            self.stalls += bool(self.entered) and bool(starves or (o_valid and not o_ready))
            cycle += 1

    async def write(self, name, **fields):
        port = self.dut.test.registers
        self.ctx.set(port.address, BENCHMARK[name].word)
        self.ctx.set(port.w_data, BENCHMARK[name].pack(**fields))
        self.ctx.set(port.write, 1)
        await self.ctx.tick()
        self.ctx.set(port.write, 0)

    async def read(self, name):
        port = self.dut.test.registers
        self.ctx.set(port.address, BENCHMARK[name].word)
        self.ctx.set(port.read, 1)
        await self.ctx.tick()
        self.ctx.set(port.read, 0)
        value = self.ctx.get(port.r_data)
        return BENCHMARK[name].unpack(value) or value

    async def load(self, made):
        await self.write("TEST", load=1)
        stream = self.dut.test.load
        for byte in made:
            self.ctx.set(stream.payload, byte)
            self.ctx.set(stream.valid, 1)
            await self.ctx.tick().until(stream.ready)
        self.ctx.set(stream.valid, 0)
        await self.ctx.tick().repeat(100)
        await self.write("TEST")

    async def measure(self, images, rounds=1):
        """Results of a run as bytes, and its cycles, first and stalls."""
        await self.write("TEST_IMAGES", count=images)
        await self.write("TEST_ROUNDS", count=rounds)
        await self.write("TEST", run=1)
        await self.ctx.tick().repeat(2)
        while (await self.read("TEST_STATUS"))["busy"]:
            pass
        output, found = self.plan.ports.output, b""
        size = output.tensor.size * output.element_bytes
        while len(found) < images * size:
            await self.write("TEST_BURST", number=len(found) // 16)
            await self.ctx.tick().repeat(80)
            for word in range(4):
                found += (await self.read(f"TEST_WORD{word}")).to_bytes(4, "little")
        counters = [await self.read(f"TEST_{name}") for name in ("CYCLES", "FIRST", "STALLS")]
        return found[: images * size], counters


def set_of(plan, images):
    given = plan.ports.input.type
    return bytes_of(images.reshape(len(images), -1), bits=given.bits, lanes=given.lanes)


def expected(plan, images):
    output = plan.ports.output
    results = golden.run(plan.network, images).reshape(-1).tolist()
    size, signed = output.element_bytes, output.type.signed
    return b"".join(value.to_bytes(size, "little", signed=signed) for value in results)


KINDS = ["unsigned8", "unsigned3", "ternary", "unsigned1", "signed8", "codes5"]


@pytest.mark.parametrize(
    ("seed", "limited"),
    mostly_nightly(
        [(0, False), (1, False), (2, False), (3, False), (4, True), (5, False)],
        always=[(2, False), (4, True)],
    ),
)
def test_results_and_counters_of_random_networks(seed, limited):
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, CODES[KINDS[seed]], layers=2, argmax=bool(seed % 2))
    count, rounds = int(rng.integers(2, 14)), int(rng.integers(1, 4))
    images = random_images(rng, plan.network, count)
    left = trace(plan.netlist.stages, count * rounds).left.tolist()

    async def talk(bench):
        made = set_of(plan, images)
        await bench.load(made)
        status = await bench.read("TEST_STATUS")
        assert status == {"busy": 0, "loaded": 1, "refused": 0}
        assert await bench.read("TEST_SET") == int.from_bytes(made[-4:], "little")
        found, (cycles, first, stalls) = await bench.measure(count, rounds)
        assert found == expected(plan, images)
        assert await bench.read("TEST_SUM") == sum_of(found, rounds)
        beats, begin = plan.ports.output.beats, bench.entered[0]
        assert len(bench.entered) == count * rounds * plan.ports.input.beats
        assert len(bench.left) == count * rounds * beats
        assert (first, cycles) == (bench.left[beats - 1] - begin, bench.left[-1] - begin)
        assert stalls == bench.stalls
        assert bool(stalls) == limited
        assert ((first, cycles) == (left[0], left[-1])) != limited

    Bench(plan).run(talk)


def test_a_set_that_is_wrong_is_refused_and_never_run():
    rng = np.random.default_rng(2)
    plan = random_plan(rng, CODES["ternary"], layers=1, argmax=True)
    made = set_of(plan, random_images(rng, plan.network, 3))

    async def talk(bench):
        damaged = bytearray(made)
        damaged[20] ^= 1
        await bench.load(damaged)
        assert await bench.read("TEST_STATUS") == {"busy": 0, "loaded": 0, "refused": 1}
        assert await bench.read("TEST_SET") == 0
        await bench.write("TEST", run=1)
        await bench.ctx.tick().repeat(200)
        assert await bench.read("TEST_STATUS") == {"busy": 0, "loaded": 0, "refused": 1}
        assert bench.entered == []
        await bench.load(made)
        assert await bench.read("TEST_STATUS") == {"busy": 0, "loaded": 1, "refused": 1}

    Bench(plan).run(talk)


def test_a_loadable_accelerator_has_its_program_first():
    plan = loadable_plan(network(1))
    images = random_images(np.random.default_rng(0), plan.network, 3)

    async def talk(bench):
        stream = bench.dut.load
        for byte in image_of(plan):
            bench.ctx.set(stream.payload, byte)
            bench.ctx.set(stream.valid, 1)
            await bench.ctx.tick().until(stream.ready)
        bench.ctx.set(stream.valid, 0)
        await bench.load(set_of(plan, images))
        assert bench.ctx.get(bench.dut.loaded)
        found, (cycles, _, stalls) = await bench.measure(3)
        assert found == expected(plan, images)
        assert (cycles, stalls) == (run_cycles(plan.netlist.stages, 3), 0)

    Bench(plan).run(talk)


def test_weights_that_come_from_the_sdram_leave_no_time_for_images():
    message = (
        r"^weights of 'net1' come from the SDRAM in cycles that are known only if nothing else "
        r"does; build it without a benchmark$"
    )
    feed = feed_at(SMALL, CLOCK_MHZ, 1).to_dict()
    unit = StreamedUnit(lower(network(1)), 4, 4, feed=feed).made_loadable()
    with pytest.raises(PlanError, match=message):
        Benchmark(plan_of(network(1), (unit,)), SMALL, clock_mhz=CLOCK_MHZ)
