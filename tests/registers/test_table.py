import subprocess
import sys
from itertools import pairwise

import pytest

from threefold.registers import EVERYWHERE, REGISTERS, VERSION
from threefold.registers.benchmark import BENCHMARK

EACH = {**REGISTERS, **BENCHMARK}


def test_words_follow_each_other():
    assert [register.offset for register in REGISTERS.values()] == [
        4 * word for word in range(len(REGISTERS))
    ]
    assert list(REGISTERS) == [register.name for register in REGISTERS.values()]
    assert REGISTERS.address_bits == REGISTERS.on("axi").without("ID").address_bits == 5


def test_those_of_a_benchmark_are_behind_all_that_the_others_may_become():
    words = [register.word for register in BENCHMARK.values()]
    assert words == list(range(1 << REGISTERS.address_bits, words[-1] + 1))
    assert BENCHMARK.address_bits == REGISTERS.address_bits + 1
    assert {register.on for register in BENCHMARK.values()} == {("link",)}


@pytest.mark.parametrize("name", EACH)
def test_fields_have_bits_of_their_own(name):
    register = EACH[name]
    assert register.access in ("ro", "rw", "w1c", "wo")
    for below, above in pairwise(register.fields):
        assert below.lsb + below.bits <= above.lsb
    assert all(field.lsb + field.bits <= 32 for field in register.fields)
    assert all(field.text and field.name.islower() for field in register.fields)
    assert set(register.on) <= set(EVERYWHERE)


@pytest.mark.parametrize("interface", EVERYWHERE)
def test_an_interface_has_registers_and_fields_of_its_own(interface):
    registers = REGISTERS.on(interface)
    assert {"ID", "CONTROL", "ERRORS"} <= set(registers)
    assert ("WINDOW" in registers) == (interface == "link")
    assert ("DATA_IN" in registers) == (interface == "wishbone")
    flags = {field.name for field in registers["ERRORS"].fields}
    assert (
        flags
        == {"link": {"frame", "overrun"}, "axi": {"last"}, "wishbone": {"full", "empty"}}[interface]
    )


@pytest.mark.parametrize("interface", EVERYWHERE)
def test_a_loadable_accelerator_has_more(interface):
    registers = REGISTERS.on(interface, loadable=True)
    more = {"LOADED", "REFUSED"} | ({"LOAD"} if interface != "link" else set())
    assert set(registers) - set(REGISTERS.on(interface)) == more
    fields = {
        name: {field.name for field in registers[name].fields}
        - {field.name for field in REGISTERS.on(interface)[name].fields}
        for name in ("FORMAT", "CONTROL", "STATUS", "ERRORS")
    }
    assert fields == {
        "FORMAT": {"loadable"},
        "CONTROL": {"load"},
        "STATUS": {"loaded", "wrong" if interface == "link" else "load_ready"},
        "ERRORS": set(),
    }


def test_fields_of_a_word():
    control = REGISTERS["CONTROL"]
    assert control.init == control.pack(run=1) == 1
    assert control.pack(run=1, reset=1) == 3
    assert control.unpack(2) == {"run": 0, "reset": 1, "load": 0}
    assert REGISTERS["VERSION"].unpack(VERSION) == {"minor": 3, "major": 1}
    assert REGISTERS["LEVELS"].unpack(0x12345678) == {"free": 0x5678, "waiting": 0x1234}
    with pytest.raises(ValueError, match=r"^CONTROL\.run has 1 bits, which are not 2$"):
        control.pack(run=2)
    with pytest.raises(KeyError):
        control.pack(walk=1)


def test_a_map_without_some():
    assert set(REGISTERS) - set(REGISTERS.without("LATENCY", "INTERVAL")) == {
        "LATENCY",
        "INTERVAL",
    }


def test_a_host_reads_it_without_what_makes_hardware():
    heavy = ("amaranth", "jinja2", "numba", "numpy", "torch")
    program = f"import sys, threefold.registers; print([m for m in {heavy} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.stdout == "[]\n", said.stderr
