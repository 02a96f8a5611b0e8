"""Jobs for the traffic of a core: images, what comes of them, and where registers are."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np

from threefold.core import core_name, csr_json
from threefold.registers import REGISTERS
from threefold.registers.identity import identity
from threefold.sim import golden
from threefold.tools.toolchain import find

from ....accelerators import random_images

__all__ = ["IMAGES", "assert_registers_agree", "job_of"]

ROOT = Path(__file__).parents[4]
IMAGES = 8


def job_of(plan, interface, folder):
    rng = np.random.default_rng(0)
    images = random_images(rng, plan.network, IMAGES)
    networks = [plan.network, *(plan.network.at(name) for name in plan.widths)]
    widths = rng.integers(len(networks), size=IMAGES).tolist()
    registers = REGISTERS.on(interface)
    outputs = [
        golden.run(networks[width], image[None]).reshape(-1).tolist()
        for width, image in zip(widths, images, strict=True)
    ]
    return {
        "images": images.reshape(len(images), -1).tolist(),
        "outputs": outputs,
        "widths": widths if plan.widths else None,
        "interval": int(plan.cycles.interval),
        "signed": plan.ports.output.type.signed,
        "lane_bytes": [plan.ports.input.lane_bytes, plan.ports.output.lane_bytes],
        "offsets": {name: register.offset for name, register in registers.items()},
        "sources": {
            "map": {name: register.offset for name, register in registers.items()},
            "C header": of_c_header(registers, folder),
            "csr.json": of_csr_json(plan, interface),
            "page": of_page(registers),
        },
        "unused": [each.offset for name, each in REGISTERS.items() if name not in registers],
        "constants": identity(plan),
        **{field.name: field.mask for field in registers["ERRORS"].fields},
    }


def of_c_header(registers, folder):
    """Offsets as a compiler sees them."""
    names = "".join(f'{{"{name}", THREEFOLD_REG_{name}}},' for name in registers)
    (folder / "offsets.cpp").write_text(
        f"""#include <stdio.h>
        #include "{ROOT / "firmware/threefold_registers.h"}"
        struct {{ const char *name; int offset; }} all[] = {{ {names} }};
        int main() {{ for (auto &each : all) printf("%s %d\\n", each.name, each.offset); }}
        """
    )
    gcc = str(find("g++").path)
    subprocess.run(
        [gcc, "-Wall", "-Werror", "-o", "offsets", "offsets.cpp"], cwd=folder, check=True
    )
    said = subprocess.run(["./offsets"], cwd=folder, capture_output=True, text=True).stdout
    return {name: int(offset) for name, offset in map(str.split, said.splitlines())}


def of_csr_json(plan, bus):
    prefix = f"{core_name(plan, bus)}_"
    addresses = json.loads(csr_json(plan, bus))["csr_registers"].items()
    return {name.removeprefix(prefix).upper(): each["addr"] for name, each in addresses}


def of_page(registers):
    """Offsets of the rows of the documentation."""
    text = (ROOT / "docs/reference/registers.md").read_text()
    rows = re.findall(r"^\| `(0x\w+)` \| \[?`(\w+)`", text, re.M)
    return {name: int(offset, 16) for offset, name in rows if name in registers}


def assert_registers_agree(found, plan, interface, **expected):
    """Each register was read where every source says it is, and had the right word."""
    expected |= identity(plan) | {"CONTROL": 1, "ERRORS": 0, "IMAGES": IMAGES}
    assert list(found) == ["map", "C header", "csr.json", "page"]
    first = found["map"]
    at_width = [plan.cycles_at(width) for width in range(1 + len(plan.widths))]
    latency = min(each.latency for each in at_width)
    interval = min(each.interval for each in at_width)
    for words in found.values():
        assert set(words) == set(REGISTERS.on(interface))
        assert {name: words[name] for name in expected} == expected
        assert latency <= words["LATENCY"] == first["LATENCY"]
        assert interval <= words["INTERVAL"] == first["INTERVAL"]
        assert not REGISTERS["STATUS"].unpack(words["STATUS"])["busy"]
    cycles = [words["CYCLES"] for words in found.values()]
    assert cycles == sorted(set(cycles))
