import json
import re

import numpy as np
import pytest

from threefold.core import describe, header_comment, instance, ports_json
from threefold.network import ArgMax, Codes, Dense, Logits, Network, Tensor, Threshold
from threefold.network.file import digest as network_digest
from threefold.plan import Folding, fold
from threefold.plan.file import digest
from threefold.tools.toolchain import run

NAMES = ["no", 'quo"te', "line\nend // \\", "Größe `define", "verilator lint_off"]


def make_plan(*ending, provenance=None, codes=None):
    rng = np.random.default_rng(0)
    ops = [("fc1", Dense(rng.integers(-1, 2, (5, 8)))), *ending]
    source = Tensor((1, 1, 8), codes or Codes.unsigned(2))
    network = Network.chain("sample", source, ops, provenance=provenance or {})
    return fold(network, {"fc1": Folding(1, 4)})


LOGITS = ("logits", Logits(np.arange(5)))
CLASSES = make_plan(LOGITS, ("argmax", ArgMax()), provenance={"classes": NAMES})
ALL = {
    "class": CLASSES,
    "logits": make_plan(LOGITS),
    "codes": make_plan(("act1", Threshold(np.tile([[-1, 0]], (5, 1)))), codes=Codes.signed(4)),
}


@pytest.mark.parametrize("gives", ALL)
def test_streams_are_those_of_the_hardware(gives):
    plan = ALL[gives]
    core = json.loads(ports_json(plan))
    assert core == describe(plan)
    assert core["output"]["elements"] == gives
    for stream, port in ((core["input"], plan.ports.input), (core["output"], plan.ports.output)):
        assert stream["width"] == stream["lanes"] * stream["bits"] == port.width
        assert stream["beats"] * stream["lanes"] == np.prod(stream["shape"]) == port.tensor.size
        assert stream["signed"] == port.type.signed


def test_whose_it_is_and_how_fast():
    core = describe(CLASSES)
    assert core["name"] == "sample"
    assert core["plan_digest"] == digest(CLASSES)
    assert core["network_digest"] == network_digest(CLASSES.network)
    assert core["cycles"] == {"latency": CLASSES.cycles.latency, "interval": 10}
    assert core["classes"] == {"count": 5, "names": NAMES}
    assert describe(ALL["logits"])["classes"] == {"count": 5, "names": []}


def test_codes_have_values():
    core = describe(ALL["codes"])
    named = ("max_code", "step", "offset")
    assert [core["input"][name] for name in named] == [15, 1, -8]
    assert [core["output"][name] for name in named] == [2, 1, 0]
    assert "max_code" not in describe(CLASSES)["output"]


@pytest.mark.parametrize("gives", ALL)
def test_comment_says_the_same(gives):
    plan = ALL[gives]
    core, text = describe(plan), header_comment(plan)
    lines = text.strip().splitlines()
    assert all(line.startswith("//") and line.isprintable() for line in lines)
    assert max(map(len, lines)) <= 100
    for stream in (core["input"], core["output"]):
        signals = ", ".join(stream[signal] for signal in ("valid", "ready", "payload"))
        assert f"{signals}[{stream['width'] - 1}:0]" in text
    assert re.findall(r"lanes +(\d+) of (\d+) bits?, (\w+)", text) == [
        (str(each["lanes"]), str(each["bits"]), "signed" if each["signed"] else "unsigned")
        for each in (core["input"], core["output"])
    ]
    assert re.findall(r"(\d+) beats?$", text, re.M) == [
        str(core[name]["beats"]) for name in ("input", "output")
    ]
    assert f"it takes {core['cycles']['latency']} cycles" in text
    assert f"every {core['cycles']['interval']} cycles" in text


def test_comment_has_values_of_codes_and_names_of_classes():
    assert "codes 0 to 15; code c means c − 8" in header_comment(ALL["codes"])
    text = header_comment(CLASSES)
    assert re.findall(r"^//    +(\d) +(.*)$", text, re.M) == [
        (str(index), json.dumps(name)) for index, name in enumerate(NAMES)
    ]


def test_instance_fits_the_module(tmp_path):
    stub = """\
module sample (
    input clk, input rst, input i__valid, output i__ready, input [7:0] i__payload,
    output o__valid, input o__ready, output [2:0] o__payload
);
endmodule
module system (input clk, input rst);
"""
    (tmp_path / "system.v").write_text(f"{stub}{instance(CLASSES)}endmodule\n")
    run("verilator", ["--lint-only", "--top", "system", "system.v"], cwd=tmp_path, calls=("perl",))
