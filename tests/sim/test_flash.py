import pytest

from threefold.sim.flash import SPIFlash

HALF = 30.0  # ns


class Reader:
    """Pins of a flash, driven by hand."""

    def __init__(self, flash, half=HALF):
        self.flash, self.half, self.ns = flash, half, 1000.0

    def pins(self, cs, clk, copi=0, wait=None):
        self.ns += self.half if wait is None else wait
        return self.flash.pins(cs=cs, clk=clk, copi=copi, ns=self.ns)

    def command(self, *content, count=0, wait=100.0):
        """A command, and the bytes that come behind it."""
        self.pins(0, 0, wait=wait)
        level, got = self.pins(1, 0), 0
        bits = [byte >> place & 1 for byte in content for place in range(7, -1, -1)]
        for place, bit in enumerate([*bits, *[0] * (8 * count)]):
            if place >= len(bits):
                got = got << 1 | level
            self.pins(1, 1, bit)
            level = self.pins(1, 0, bit)
        self.pins(0, 0)
        return got.to_bytes(count, "big")


@pytest.fixture
def flash():
    flash = SPIFlash()
    flash.write(0x123456, bytes(range(90, 110)))
    return flash


def test_it_reads_after_a_release(flash):
    reader = Reader(flash)
    reader.command(0xAB)
    assert reader.command(3, 0x12, 0x34, 0x56, count=20, wait=3001) == bytes(range(90, 110))
    assert reader.command(3, 0x12, 0x34, 0x69, count=3) == b"\x6d\xff\xff"
    assert reader.command(3, 0xFF, 0xFF, 0xFF, count=2) == b"\xff\xff"
    assert flash.faults == []
    assert flash.reads == [0x123456, 0x123469, 0xFFFFFF]


def test_asleep_it_does_not_answer(flash):
    reader = Reader(flash)
    assert reader.command(3, 0x12, 0x34, 0x56, count=2) == b"\xff\xff"
    reader.command(0xAB)
    assert reader.command(3, 0x12, 0x34, 0x56, count=2, wait=2000) == b"\xff\xff"
    reader.command(0xB9, wait=3000)
    assert reader.command(3, 0x12, 0x34, 0x56, count=2, wait=9000) == b"\xff\xff"
    asleep = "command 0x03 while the flash is asleep"
    assert [fault.split(": ")[1] for fault in flash.faults] == [asleep] * 3


@pytest.mark.parametrize(
    ("half", "wait", "fault"),
    [
        (9.0, 100.0, "18.0 ns in a period of the clock, not 20 or more"),
        (HALF, 10.0, "40.0 ns high between commands, not 50 or more"),
        (7.0, 100.0, "7.0 ns in half a period of the clock, not 8 or more"),
    ],
)
def test_it_tells_what_the_data_sheet_forbids(flash, half, wait, fault):
    reader = Reader(flash)
    reader.command(0xAB)
    reader.pins(0, 0, wait=4000)
    reader.command(3, 0, 0, 0)
    reader.half = half
    reader.command(3, 0, 0, 0, count=1, wait=wait)
    assert any(each.endswith(f": {fault}") for each in flash.faults), flash.faults


def test_other_commands_and_a_high_clock(flash):
    reader = Reader(flash)
    reader.command(0xAB)
    reader.pins(0, 0, wait=4000)
    reader.command(0x9F)
    reader.pins(0, 1)
    reader.pins(1, 1)
    assert [fault.split(": ")[1] for fault in flash.faults] == [
        "command 0x9f, which is unknown",
        "the clock is high when the flash is selected or released",
    ]
