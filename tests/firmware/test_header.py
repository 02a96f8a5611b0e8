import inspect
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from threefold.firmware import header
from threefold.hw.board_top import BoardTop
from threefold.network import ArgMax, Codes, Conv, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Folding, fold
from threefold.registers import REGISTERS
from threefold.registers.identity import identity

FIRMWARE = Path(__file__).parents[2] / "firmware"

NAMES = [
    "INPUTS",
    "INPUT_BITS",
    "INPUT_MAX",
    "OUTPUTS",
    "OUTPUT_BITS",
    "OUTPUT_BYTES",
    "OUTPUT_IS_CLASS",
    "CLASSES",
    "DIGEST",
    "WIDTHS",
    "LATENCY_CYCLES",
    "INTERVAL_CYCLES",
]
SERIAL = ["BAUD"]


def make_plan(*, argmax, bias=0, codes=None):
    dense = Dense(np.random.default_rng(0).integers(-1, 2, (10, 12)), (2, 2, 3))
    ops = [("fc1", dense), ("logits", Logits(np.full(10, bias)))]
    if argmax:
        ops.append(("argmax", ArgMax()))
    network = Network.chain("tiny_net", Tensor((2, 2, 3), codes or Codes.ternary()), ops)
    return fold(network, {"fc1": Folding(2, 3)})


def make_spatial_plan(*, argmax=False, logits=True):
    weights = np.random.default_rng(0).integers(-1, 2, (3, 2, 2, 1))
    ops = [("conv1", Conv(weights))]
    ops.append(("end", Logits([0] * 3) if logits else Threshold([[0, 1, 2]] * 3)))
    if argmax:
        ops.append(("argmax", ArgMax()))
    network = Network.chain("tiny_net", Tensor((4, 5, 1), Codes.ternary()), ops)
    return fold(network, {"conv1": Folding(1, 1)})


def macros(text):
    defined = re.findall(r"^#define TINY_NET_(\w+) (\d\w*)", text, re.M)
    return {name: int(value.rstrip("u"), 0) for name, value in defined}


@pytest.mark.parametrize(
    ("argmax", "bias", "expected"),
    [
        (True, 0, {"OUTPUTS": 1, "OUTPUT_BITS": 4, "OUTPUT_BYTES": 1, "OUTPUT_IS_CLASS": 1}),
        (False, 0, {"OUTPUTS": 10, "OUTPUT_BYTES": 1, "OUTPUT_IS_CLASS": 0}),
        (False, 300, {"OUTPUTS": 10, "OUTPUT_BITS": 10, "OUTPUT_BYTES": 2, "OUTPUT_IS_CLASS": 0}),
    ],
)
def test_macros_say_what_the_plan_says(argmax, bias, expected):
    plan = make_plan(argmax=argmax, bias=bias)
    found = macros(header(plan))
    assert sorted(found) == sorted(NAMES + SERIAL)
    assert found.items() >= expected.items()
    assert (found["INPUTS"], found["INPUT_BITS"], found["INPUT_MAX"]) == (12, 2, 2)
    assert found["CLASSES"] == 10
    assert found["BAUD"] == 115200
    assert found["DIGEST"] == identity(plan)["DIGEST"]
    assert found["LATENCY_CYCLES"] == plan.cycles.latency
    assert found["INTERVAL_CYCLES"] == plan.cycles.interval


@pytest.mark.parametrize(
    ("parameters", "expected", "words"),
    [
        ({"logits": False}, {"OUTPUTS": 36, "OUTPUT_BITS": 2}, "one code for each channel"),
        ({}, {"OUTPUTS": 36, "OUTPUT_BITS": 4}, "one signed logit for each channel of each pixel"),
        ({"argmax": True}, {"OUTPUTS": 12, "OUTPUT_BITS": 2, "OUTPUT_IS_CLASS": 1}, "each pixel"),
    ],
)
def test_macros_of_maps(parameters, expected, words):
    text = header(make_spatial_plan(**parameters))
    assert macros(text).items() >= expected.items()
    assert macros(text)["CLASSES"] == 3
    assert words in text
    assert ("sign-extended" in text) == (parameters == {})


@pytest.mark.parametrize(("bits", "serial"), [(8, True), (9, False), (16, False)])
def test_serial_line_where_its_bytes_hold_a_code(bits, serial):
    text = header(make_plan(argmax=True, codes=Codes.unsigned(bits)))
    assert sorted(macros(text)) == sorted(NAMES + SERIAL * serial)
    for word in ("serial", "BAUD", "byte "):
        assert (word in text) == serial


def test_figures_of_the_serial_line_are_those_of_the_board():
    defaults = inspect.signature(BoardTop).parameters
    found = macros(header(make_plan(argmax=True)))
    assert found["BAUD"] == defaults["baud"].default


@pytest.mark.parametrize("codes", [Codes.ternary(), Codes.unsigned(9)])
@pytest.mark.parametrize("argmax", [True, False])
def test_header_compiles_and_every_macro_is_a_number(tmp_path, argmax, codes):
    text = header(make_plan(argmax=argmax, codes=codes))
    names = NAMES + SERIAL * (codes.bits <= 8)
    (tmp_path / "tiny_net.h").write_text(text)
    lines = "".join(f'printf("{name} %ld\\n", (long)TINY_NET_{name});\n' for name in names)
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "tiny_net.h"\n#include "tiny_net.h"\n'
        f"int main(void) {{\n{lines}return 0;\n}}\n"
    )
    flags = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-std=c99"]
    subprocess.run(["gcc", *flags, "main.c", "-o", "main"], cwd=tmp_path, check=True)
    said = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    printed = dict(line.split() for line in said.splitlines())
    assert {name: int(value) for name, value in printed.items()} == macros(text)


@pytest.mark.parametrize("codes", [Codes.ternary(), Codes.unsigned(9)])
@pytest.mark.parametrize("argmax", [True, False])
def test_what_the_driver_expects_is_what_the_registers_say(tmp_path, argmax, codes):
    plan = make_plan(argmax=argmax, bias=0 if argmax else 300, codes=codes)
    (tmp_path / "tiny_net.h").write_text(header(plan))
    fields = ["digest", "inputs", "outputs", "latency", "input_bits", "output_bits"]
    fields += ["output_is_signed", "output_is_class", "narrower", "batch"]
    lines = "".join(f'printf("%lu ", (unsigned long)network.{name});\n' for name in fields)
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "threefold.h"\n#include "tiny_net.h"\n'
        "static const struct threefold_network network = TINY_NET_NETWORK;\n"
        f"int main(void) {{\n{lines}return 0;\n}}\n"
    )
    flags = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-std=c11", f"-I{FIRMWARE}"]
    subprocess.run(["gcc", *flags, "main.c", "-o", "main"], cwd=tmp_path, check=True)
    said = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    *found, is_signed, is_class, narrower, batch = map(int, said.split())
    words = identity(plan)
    form = REGISTERS["FORMAT"].unpack(words["FORMAT"])
    assert found == [
        words["DIGEST"],
        words["INPUTS"],
        words["OUTPUTS"],
        plan.cycles.latency,
        form["input_bits"],
        form["output_bits"],
    ]
    assert (is_signed, is_class) == (form["output_signed"], form["output_is_class"])
    assert (narrower, batch) == (form["narrower"], form["batch"]) == (0, 0)
