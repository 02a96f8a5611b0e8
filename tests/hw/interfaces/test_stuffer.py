import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.host.frames import frame
from threefold.hw.interfaces.stuffer import ESCAPE, FLAG, Destuffer, Stuffer

from .streams import Driver

BYTES = st.lists(st.sampled_from([0, 0x5D, 0x5E, ESCAPE, FLAG, 0xFF]), max_size=12).map(bytes)


def checked(body):
    return body + zlib.crc32(body).to_bytes(4, "little")


@settings(max_examples=15, deadline=None)
@given(body=BYTES, seed=st.integers(0, 99))
def test_bytes_are_escaped_as_the_host_escapes_them(body, seed):
    expected = frame(body)
    dut = Stuffer()
    driver = Driver(dut, seed)
    flag = {"byte": FLAG, "raw": 1}
    driver.put(dut.i, [flag, *({"byte": byte, "raw": 0} for byte in checked(body)), flag])
    sent = driver.get(dut.o, len(expected))
    driver.run(3000)
    assert bytes(sent) == expected


@settings(max_examples=15, deadline=None)
@given(bodies=st.lists(BYTES, max_size=3), seed=st.integers(0, 99))
def test_what_was_escaped_comes_out(bodies, seed):
    dut = Destuffer()
    driver = Driver(dut, seed)
    line = b"".join(frame(body) for body in bodies)
    driver.put(dut.i, line)
    expected = [byte for body in bodies for byte in (None, *checked(body), None)]
    told = driver.get(dut.o, len(expected))
    driver.run(5000)
    assert [None if each.end else each.byte for each in told] == expected


def test_an_escape_and_a_flag_abort():
    dut = Destuffer()
    driver = Driver(dut, 0)
    driver.put(dut.i, [1, ESCAPE, FLAG, 2, FLAG])
    told = driver.get(dut.o, 4)
    driver.run(100)
    assert [each.end and 1 + each.aborted for each in told] == [0, 2, 0, 1]
