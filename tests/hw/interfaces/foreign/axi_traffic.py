import json
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)
from cocotbext.axi.constants import AxiResp

JOB = json.loads(Path("job.json").read_text())
OFFSETS, IMAGES, OUTPUTS = JOB["offsets"], JOB["images"], JOB["outputs"]
LANE_BYTES = JOB["lane_bytes"]


class System:
    def __init__(self, dut, seed):
        self.dut, self.rng = dut, random.Random(seed)
        Clock(dut.clk, 2, unit="ns").start()
        self.registers = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
        lite = self.registers
        channels = (
            lite.write_if.aw_channel,
            lite.write_if.w_channel,
            lite.write_if.b_channel,
            lite.read_if.ar_channel,
            lite.read_if.r_channel,
        )
        width = len(dut.s_axis_tdata) // 8, len(dut.m_axis_tdata) // 8
        self.source = AxiStreamSource(
            AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, dut.rst, byte_lanes=width[0]
        )
        self.sink = AxiStreamSink(
            AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst, byte_lanes=width[1]
        )
        self.paused = (*channels, self.source, self.sink)

    def pause(self):
        """Random pauses on every channel, some of them long."""
        for channel in self.paused:
            rng = random.Random(self.rng.random())

            def pauses(rng=rng):
                while True:
                    for length in (rng.choice([1, 2, 8]), rng.choice([0, 1, 3, 20])):
                        yield from [length % 2 == 0] * length
                        yield from [rng.random() < 0.5]

            channel.set_pause_generator(pauses())

    async def reset(self):
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 2)
        self.dut.rst.value = 0
        await RisingEdge(self.dut.clk)

    async def read(self, name):
        done = await with_timeout(
            cocotb.start_soon(self.registers.read(OFFSETS[name], 4)), 20, "us"
        )
        assert done.resp == AxiResp.OKAY
        return int.from_bytes(done.data, "little")

    async def write(self, name, value):
        done = await self.registers.write(OFFSETS[name], value.to_bytes(4, "little"))
        assert done.resp == AxiResp.OKAY

    async def send(self, *numbers):
        """Send images as one packet."""
        codes = [code for number in numbers for code in IMAGES[number]]
        data = b"".join(code.to_bytes(LANE_BYTES[0], "little") for code in codes)
        await self.source.send(AxiStreamFrame(data, tuser=self.users(numbers)))

    def users(self, numbers):
        """TUSER for each byte: widths in the first beats of images, which count, else anything."""
        if not JOB["widths"]:
            return None
        lanes = self.source.byte_lanes
        beats = len(IMAGES[0]) * LANE_BYTES[0] // lanes
        users = []
        for number in numbers:
            others = [self.rng.randrange(3) for _ in range(beats - 1)]
            users += [user for user in (JOB["widths"][number], *others) for _ in range(lanes)]
        return users

    async def receive(self):
        frame = await with_timeout(cocotb.start_soon(self.sink.recv()), 100, "us")
        data, size = bytes(frame.tdata), LANE_BYTES[1]
        return [
            int.from_bytes(data[at : at + size], "little", signed=JOB["signed"])
            for at in range(0, len(data), size)
        ]

    async def all_images(self):
        for number in range(len(IMAGES)):
            await self.send(number)
        for expected in OUTPUTS:
            assert await self.receive() == expected


async def begin(dut, seed):
    system = System(dut, seed)
    await system.reset()
    return system


@cocotb.test()
async def every_register(dut):
    system = await begin(dut, 0)
    await system.all_images()
    found = {}
    for source, offsets in JOB["sources"].items():
        answers = [await system.registers.read(offset, 4) for offset in offsets.values()]
        words = [int.from_bytes(answer.data, "little") for answer in answers]
        found[source] = dict(zip(offsets, words, strict=True))
    for offset in JOB["unused"]:
        assert (await system.registers.read(offset, 4)).data == bytes(4)
    Path("found.json").write_text(json.dumps(found))


@cocotb.test()
@cocotb.parametrize(seed=range(4))
async def images_with_pauses(dut, seed):
    system = await begin(dut, seed)
    system.pause()

    async def registers():
        for _ in range(30):
            name = system.rng.choice(["ID", "DIGEST", "CONTROL"])
            assert await system.read(name) == JOB["constants"].get(name, 1)
            await system.write("CONTROL", 1)

    reads = cocotb.start_soon(registers())
    await system.all_images()
    await reads
    assert await system.read("IMAGES") == len(IMAGES)
    assert await system.read("ERRORS") == 0


@cocotb.test()
@cocotb.parametrize(seed=range(6), soft=[False, True])
async def reset_in_mid_transfer(dut, seed, soft):
    system = await begin(dut, seed)
    system.pause()
    for number in range(len(IMAGES)):
        await system.send(number)
    reads = cocotb.start_soon(system.registers.read(OFFSETS["ID"], 4))
    await ClockCycles(dut.clk, 5 + 13 * seed)
    if soft:
        await reads
        await system.write("CONTROL", 0)
        system.source.assert_reset(True)
        system.sink.assert_reset(True)
        await system.write("CONTROL", 3)
        await ClockCycles(dut.clk, 2)
        system.source.assert_reset(False)
        system.sink.assert_reset(False)
    else:
        await system.reset()
        reads.cancel()
    for stream in (system.source, system.sink):
        stream.clear()
    assert await system.read("IMAGES") == 0
    await system.all_images()
    assert await system.read("IMAGES") == len(IMAGES)
    assert await system.read("ERRORS") == 0


@cocotb.test()
async def partial_writes_change_nothing(dut):
    system = await begin(dut, 0)
    done = await system.registers.write(OFFSETS["CONTROL"], b"\0")
    assert done.resp == AxiResp.SLVERR
    assert await system.read("CONTROL") == 1


@cocotb.test()
async def last_at_another_beat(dut):
    system = await begin(dut, 0)
    await system.send(0, 1)
    for expected in OUTPUTS[:2]:
        assert await system.receive() == expected
    assert await system.read("ERRORS") == JOB["last"]
    await system.write("ERRORS", JOB["last"])
    assert await system.read("ERRORS") == 0


@cocotb.test()
async def stopped_and_started(dut):
    system = await begin(dut, 0)
    await system.write("CONTROL", 0)
    for number in range(len(IMAGES)):
        await system.send(number)
    await ClockCycles(dut.clk, 200)
    assert await system.read("IMAGES") == 0
    assert await system.read("STATUS") == 0
    await system.write("CONTROL", 1)
    for expected in OUTPUTS:
        assert await system.receive() == expected
