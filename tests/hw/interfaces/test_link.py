# amaranth: UnusedElaboratable=no

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, ClockSignal, Module, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.files import read_json
from threefold.fpga import get as get_family
from threefold.host.frames import Deframer, Rejected, frame
from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.flash import FlashReader
from threefold.hw.interfaces.link import SerialLink
from threefold.network import Codes, Dense, Logits, Network, Tensor
from threefold.plan import Folding, fold
from threefold.registers import REGISTERS
from threefold.registers.identity import identity
from threefold.sim import golden
from threefold.tools.synthesis import synthesise

from ...accelerators import ports_of, random_images
from ...loadable import KeyAccelerator, image_of_key
from .streams import Driver

DIVISOR = 4
RESET = b"\x03\x01\x02" + bytes([REGISTERS["CONTROL"].word]) + b"\3\0\0\0"


def four_logits():
    """A network whose image has three codes, and whose logits take two bytes each."""
    weights = [[1, -1, 0], [0, 1, 1], [-1, -1, -1], [1, 1, 1]]
    ops = [("fc1", Dense(weights)), ("out", Logits([0] * 4))]
    return Network.chain("logits", Tensor((1, 1, 3), Codes.unsigned(8)), ops)


NETWORK = four_logits()


def image(seq, codes):
    return frame(b"\1" + seq.to_bytes(2, "little") + bytes(codes.reshape(-1).tolist()))


def read(name, seq=7):
    return frame(b"\2" + seq.to_bytes(2, "little") + bytes([REGISTERS[name].word]))


def talk(line, bodies, watch=None, accelerator=None):
    """What a board answers to a line, until so many frames have come."""
    accelerator = accelerator or Accelerator(fold(NETWORK, {"fc1": Folding(2, 3)}))
    dut = SerialLink.at(accelerator, clock_mhz=4, baud=1_000_000)
    assert dut.divisor == DIVISOR
    driver, told = Driver(dut, 0), []

    async def send(ctx):
        for byte in line:
            for bit in [0, *(byte >> place & 1 for place in range(8)), 1]:
                ctx.set(dut.rx, bit)
                await ctx.tick().repeat(DIVISOR)

    async def receive(ctx):
        deframer = Deframer()
        while len(told) < bodies:
            while ctx.get(dut.tx):
                await ctx.tick()
            await ctx.tick().repeat(DIVISOR // 2)
            byte = 0
            for place in range(9):
                await ctx.tick().repeat(DIVISOR)
                byte |= ctx.get(dut.tx) << place
            told.extend(deframer.feed(bytes([byte & 0xFF])))
        if watch:
            await watch(ctx, dut)

    driver.add(send)
    driver.add(receive)
    driver.run(40_000)
    return told


def result(seq, codes):
    outputs = golden.run(NETWORK, codes[None]).reshape(-1).astype("<i2")
    return b"\x81" + seq.to_bytes(2, "little") + outputs.tobytes()


def value(name, word, seq=7):
    return (b"\x82" + seq.to_bytes(2, "little") + bytes([REGISTERS[name].word])) + word.to_bytes(
        4, "little"
    )


def test_images_are_answered_and_damaged_ones_aborted():
    codes = random_images(np.random.default_rng(0), NETWORK, 3)
    damaged = bytearray(image(2, codes[1]))
    damaged[5] ^= 1

    async def lights(ctx, dut):
        await ctx.tick().repeat(60)
        assert not ctx.get(dut.busy)
        assert ctx.get(dut.last) == golden.run(NETWORK, codes[2:]).reshape(-1)[-1] % 256

    told = talk(image(1, codes[0]) + damaged + image(3, codes[2]), 3, lights)
    assert told == [result(1, codes[0]), Rejected("aborted"), result(3, codes[2])]


def test_registers():
    plan = fold(NETWORK, {"fc1": Folding(2, 3)})
    constants = identity(plan, clock_mhz=4)
    codes = random_images(np.random.default_rng(1), NETWORK, 1)
    names = [*constants, "IMAGES", "FRAMES_BAD", "ERRORS", "STATUS"]
    broken = frame(b"\2\0\0\1")[:-3] + b"\x7e"
    line = image(1, codes[0]) + broken + b"".join(read(name) for name in names)
    told = talk(line + frame(b"\2\7\0\x99") + frame(b"\2\7\0\x1e"), 1 + len(names) + 2)
    expected = constants | {"IMAGES": 1, "FRAMES_BAD": 1, "ERRORS": 1, "STATUS": 0b010}
    assert told[1:-2] == [value(name, expected[name]) for name in names]
    assert told[-2:] == [b"\x82\7\0\x99\0\0\0\0", b"\x82\7\0\x1e\0\0\0\0"]


def test_a_flag_is_cleared_and_images_may_be_stopped():
    codes = random_images(np.random.default_rng(2), NETWORK, 2)
    control, errors = REGISTERS["CONTROL"], REGISTERS["ERRORS"]
    stop, go = (frame(b"\3\7\0" + bytes([control.word, run, 0, 0, 0])) for run in (0, 1))
    clear = frame(b"\3\7\0" + bytes([errors.word, 1, 0, 0, 0]))
    line = stop + image(1, codes[0]) + read("ERRORS") + clear + go + image(2, codes[1])
    assert talk(line, 5) == [
        value("CONTROL", 0),
        value("ERRORS", 1),
        value("ERRORS", 0),
        value("CONTROL", 1),
        result(2, codes[1]),
    ]


def test_a_reset_forgets_what_is_on_its_way():
    codes = random_images(np.random.default_rng(3), NETWORK, 4)
    before = b"".join(image(seq, each) for seq, each in enumerate(codes[:3]))
    told = talk(before + frame(RESET) + read("IMAGES") + image(9, codes[3]), 6)
    at = told.index(b"\x82\1\2" + bytes([REGISTERS["CONTROL"].word]) + b"\1\0\0\0")
    answered = [result(seq, each) for seq, each in enumerate(codes[:3])]
    assert told[:at] in (answered[:at], [*answered[: at - 1], Rejected("aborted")])
    assert told[at + 1 :] == [value("IMAGES", 0), result(9, codes[3])]


def load(content, seq=5):
    return frame(b"\4" + seq.to_bytes(2, "little") + bytes([len(content) - 1]) + content)


def control(**fields):
    word = REGISTERS["CONTROL"].pack(**fields)
    return frame(b"\3\7\0" + bytes([REGISTERS["CONTROL"].word, word, 0, 0, 0]))


def test_a_program_image_is_loaded_in_pieces_and_another_one_refused():
    codes, rows = np.array([3, 0, 255, 126, 125, 9]), 6
    right, other = image_of_key(0x5A, rows=rows), image_of_key(0x33, rows=rows)
    damaged = bytearray(other)
    damaged[13] ^= 1
    begin, end = control(run=1, reset=1, load=1), control(run=1)
    told = ("STATUS", "LOADED", "REFUSED", "FRAMES_BAD")
    line = load(right) + image(1, codes) + begin + load(right[:9]) + image(2, codes)
    line += load(right[9:]) + end + b"".join(map(read, told)) + image(3, codes)
    line += control(run=1) + begin + load(bytes(damaged)) + end + b"".join(map(read, told))
    answers = talk(line, 14, accelerator=KeyAccelerator(rows))
    crc = int.from_bytes(right[-4:], "little")
    result = b"\x81\3\0" + bytes((codes ^ 0x5A).tolist())
    assert [each for each in answers if each[0] == 0x81] == [result]
    assert [each for each in answers if each != result] == [
        value("CONTROL", 0b101),
        value("CONTROL", 0b001),
        *map(value, told, (0b1000, crc, 0, 3)),
        value("CONTROL", 0b001),
        value("CONTROL", 0b101),
        value("CONTROL", 0b001),
        *map(value, told, (0, 0, 1, 3)),
    ]


class Bytes(wiring.Component):
    i: In(stream.Signature(8))
    o: Out(stream.Signature(8))


class Lanes(wiring.Component):
    i: In(stream.Signature(data.ArrayLayout(unsigned(4), 2)))
    o: Out(stream.Signature(data.ArrayLayout(unsigned(12), 1)))


def test_a_flash_is_for_loadable_accelerators():
    made = Lanes()
    made.ports = ports_of(input=(2, 4), output=(1, 12))
    flash = FlashReader(0, half=1, rest=1)
    message = r"^nothing can be loaded from a flash: the accelerator is not loadable$"
    with pytest.raises(PlanError, match=message):
        SerialLink(made, {}, divisor=4, flash=flash)


@pytest.mark.parametrize(
    ("component", "ports", "message"),
    [
        (Lanes, None, "an accelerator needs the attribute 'ports', which describes its streams"),
        (
            Bytes,
            ports_of(input=(2, 4), output=(1, 12)),
            "an accelerator needs a stream 'i' of 2 unsigned lanes of 4 bits, as its ports say",
        ),
        (
            Lanes,
            ports_of(input=(2, 4), output=(1, -12)),
            "an accelerator needs a stream 'o' of 1 signed lanes of 12 bits, as its ports say",
        ),
    ],
)
def test_not_an_accelerator(component, ports, message):
    made = component()
    made.ports = ports
    with pytest.raises(PlanError, match=f"^{message}$"):
        SerialLink.at(made, clock_mhz=30, baud=115_200)


def test_nothing_begins_while_it_is_held():
    codes = random_images(np.random.default_rng(4), NETWORK, 1)
    dut = SerialLink.at(
        Accelerator(fold(NETWORK, {"fc1": Folding(2, 3)})), clock_mhz=4, baud=1_000_000
    )
    driver, quiet = Driver(dut, 0), []

    async def send(ctx):
        ctx.set(dut.hold, 1)
        for byte in image(1, codes[0]):
            for bit in [0, *(byte >> place & 1 for place in range(8)), 1]:
                ctx.set(dut.rx, bit)
                await ctx.tick().repeat(DIVISOR)
                quiet.append(ctx.get(dut.tx) and not ctx.get(dut.busy))

    driver.add(send)
    driver.run(40_000)
    assert quiet
    assert all(quiet)


class OnABoard(wiring.Component):
    """A link in a domain without a reset, as a board has it."""

    clk: In(1)
    hold: In(1)
    rx: In(1)
    tx: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain(reset_less=True)
        accelerator = Accelerator(fold(NETWORK, {"fc1": Folding(2, 3)}))
        m.submodules.link = link = SerialLink.at(accelerator, clock_mhz=4, baud=1_000_000)
        m.d.comb += [
            ClockSignal().eq(self.clk),
            link.hold.eq(self.hold),
            link.rx.eq(self.rx),
            self.tx.eq(link.tx),
        ]
        return m


def test_the_reset_of_an_accelerator_comes_by_the_wires_of_clocks(tmp_path):
    """From a register, through no LUT."""
    synthesise(OnABoard(), get_family("ecp5"), tmp_path)
    (module,) = (
        each
        for each in read_json(tmp_path / "top.json")["modules"].values()
        if "top" in each["attributes"]
    )
    cells, driver = module["cells"], {}
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "output":
                driver |= dict.fromkeys(bits, name)
    resets = {
        driver[bit]
        for name, cell in cells.items()
        if cell["type"] == "TRELLIS_FF" and name.startswith("link.accelerator.")
        for bit in cell["connections"].get("LSR", ())
        if isinstance(bit, int)
    }
    assert "link.restart_buffer" in resets
    buffer = cells["link.restart_buffer"]
    assert buffer["type"] == "DCCA"
    assert cells[driver[buffer["connections"]["CLKI"][0]]]["type"] == "TRELLIS_FF"
