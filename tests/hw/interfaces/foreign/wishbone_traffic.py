import json
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.wishbone.driver import WBOp, WishboneMaster

JOB = json.loads(Path("job.json").read_text())
OFFSETS, IMAGES, OUTPUTS = JOB["offsets"], JOB["images"], JOB["outputs"]
SIGNALS = {
    **{name: name for name in ("cyc", "stb", "we", "adr", "ack", "sel")},
    "datwr": "dat_w",
    "datrd": "dat_r",
}
_LANE_BYTES = JOB["lane_bytes"][0]


def words(number):
    """Words of an image, the last one filled up with ones, behind its width if it has one."""
    image = IMAGES[number]
    head = [JOB["widths"][number] | 0xABCD00] if JOB["widths"] else []
    data = b"".join(code.to_bytes(_LANE_BYTES, "little") for code in image)
    data += b"\xff" * (-len(data) % 4)
    return head + [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


class System:
    def __init__(self, dut, seed):
        self.dut, self.rng, self.idle = dut, random.Random(seed), 0
        for name in ("cyc", "stb", "we", "adr", "dat_w"):
            getattr(dut, f"wb_{name}").value = 0
        Clock(dut.clk, 2, unit="ns").start()
        self.connect()

    def connect(self):
        self.master = WishboneMaster(
            self.dut, "wb", self.dut.clk, timeout=100, signals_dict=SIGNALS
        )

    async def reset(self):
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 2)
        self.dut.rst.value = 0
        await RisingEdge(self.dut.clk)

    def op(self, name, value=None, sel=0xF):
        return WBOp(OFFSETS[name] // 4, value, idle=self.rng.randint(0, self.idle), sel=sel)

    async def cycle(self, *ops):
        """What was read by several requests in one bus cycle."""
        answers = await self.master.send_cycle(list(ops))
        assert [answer.ack for answer in answers] == [1] * len(ops)
        return [int(answer.datrd) for answer in answers]

    async def read(self, name):
        return (await self.cycle(self.op(name)))[0]

    async def write(self, name, value, sel=0xF):
        await self.cycle(self.op(name, value, sel))

    async def images(self):
        """Write as much as there is room for and read what waits, until all is answered."""
        given = [word for number in range(len(IMAGES)) for word in words(number)]
        expected = [element for output in OUTPUTS for element in output]
        found, most = [], 0
        while len(found) < len(expected):
            levels = await self.read("LEVELS")
            free, waiting = levels & 0xFFFF, levels >> 16
            most = max(most, waiting)
            burst, given = given[:free], given[free:]
            if self.idle:
                cut = self.rng.randint(0, len(burst))
                burst, given = burst[:cut], burst[cut:] + given
            if burst:
                await self.cycle(*(self.op("DATA_IN", word) for word in burst))
            if waiting:
                found += await self.cycle(*(self.op("DATA_OUT") for _ in range(waiting)))
        assert [each - (each >> 31 << 32) for each in found] == expected
        return most


async def begin(dut, seed, idle=0):
    system = System(dut, seed)
    system.idle = idle
    await system.reset()
    return system


@cocotb.test()
async def every_register(dut):
    system = await begin(dut, 0)
    await system.images()
    found = {}
    for source, offsets in JOB["sources"].items():
        names = sorted(offsets, key=lambda name: name == "DATA_OUT")  # which leaves an error
        ops = [WBOp(offsets[name] // 4) for name in names]
        found[source] = dict(zip(names, await system.cycle(*ops), strict=True))
        await system.write("ERRORS", JOB["empty"])
    for offset in JOB["unused"]:
        assert await system.cycle(WBOp(offset // 4)) == [0]
    Path("found.json").write_text(json.dumps(found))


@cocotb.test()
@cocotb.parametrize(seed=range(4))
async def images_with_pauses(dut, seed):
    system = await begin(dut, seed, idle=5)
    for _ in range(3):
        await system.images()
    assert await system.read("IMAGES") == 3 * len(IMAGES)
    assert await system.read("ERRORS") == 0


@cocotb.test()
@cocotb.parametrize(seed=range(6), soft=[False, True])
async def reset_in_mid_transfer(dut, seed, soft):
    system = await begin(dut, seed, idle=2)
    ops = [system.op("DATA_IN", word) for number in range(3) for word in words(number)]
    under_way = cocotb.start_soon(system.cycle(*ops[: 2 + seed]))
    if soft:
        await under_way
        await system.write("CONTROL", 3)
    else:
        await ClockCycles(dut.clk, 6 + seed)
        under_way.cancel()
        system.master.busy = False
        system.connect()
        await system.reset()
    assert await system.read("IMAGES") == 0
    assert await system.read("LEVELS") == JOB["depths"][0]
    await system.images()
    assert await system.read("IMAGES") == len(IMAGES)
    assert await system.read("ERRORS") == 0


@cocotb.test()
async def partial_writes_change_nothing(dut):
    system = await begin(dut, 0)
    await system.write("CONTROL", 0, sel=0b0111)
    assert await system.read("CONTROL") == 1


@cocotb.test()
async def full_and_empty(dut):
    system = await begin(dut, 0)
    assert await system.read("DATA_OUT") == 0
    assert await system.read("ERRORS") == JOB["empty"]
    await system.write("ERRORS", JOB["empty"])
    await system.write("CONTROL", 0)
    for _ in range(4):
        free = await system.read("LEVELS") & 0xFFFF
        for _ in range(free):
            await system.write("DATA_IN", 0)
    assert await system.read("LEVELS") == 0
    assert await system.read("ERRORS") == 0
    await system.write("DATA_IN", 0)
    assert await system.read("ERRORS") == JOB["full"]
    await system.write("CONTROL", 3)
    await system.write("ERRORS", JOB["full"])
    await system.images()
    assert await system.read("ERRORS") == 0


@cocotb.test()
async def answers_wait_until_they_are_read(dut):
    system = await begin(dut, 0)
    elements, per_image = JOB["depths"][1], len(OUTPUTS[0])
    images = -(-elements // per_image) + 1
    for number in range(images):
        for word in words(number % len(IMAGES)):
            await system.write("DATA_IN", word)
    await ClockCycles(dut.clk, 1000 + images * JOB["interval"])
    assert await system.read("LEVELS") >> 16 == elements
    found = [await system.read("DATA_OUT") for _ in range(images * per_image)]
    expected = [each for n in range(images) for each in OUTPUTS[n % len(OUTPUTS)]]
    assert [each - (each >> 31 << 32) for each in found] == expected
    assert await system.read("ERRORS") == 0


@cocotb.test()
async def stopped_and_started(dut):
    system = await begin(dut, 0)
    await system.write("CONTROL", 0)
    for number in (1, 2):
        for word in words(number):
            await system.write("DATA_IN", word)
    await ClockCycles(dut.clk, 200)
    assert await system.read("LEVELS") >> 16 == 0
    await system.write("CONTROL", 1)
    await ClockCycles(dut.clk, 1000 + 2 * JOB["interval"])
    expected = [each for number in (1, 2) for each in OUTPUTS[number]]
    found = [await system.read("DATA_OUT") for _ in expected]
    assert [each - (each >> 31 << 32) for each in found] == expected
