import re
import subprocess
from pathlib import Path

from threefold.registers import IDENTITY, REGISTERS, VERSION
from threefold.registers.benchmark import BENCHMARK
from threefold.registers.texts import c_header, csr, markdown
from threefold.tools.toolchain import find

ROOT = Path(__file__).parents[2]


def test_files_are_those_of_the_table(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs" / "site")
    import registers

    for path, text in registers.FILES.items():
        assert (ROOT / path).read_text() == text(), "run python docs/site/registers.py"


def test_a_compiler_sees_the_table(tmp_path):
    names = re.findall(r"^#define (\w+) ", c_header(), re.M)
    lines = "".join(f'printf("{name} %lu\\n", (unsigned long){name});' for name in names)
    program = f"#include <stdio.h>\n#include REGISTERS\nint main() {{ {lines} }}\n"
    (tmp_path / "names.cpp").write_text(program)
    header = f'-DREGISTERS="{ROOT / "firmware/threefold_registers.h"}"'
    command = [str(find("g++").path), "-Wall", "-Wextra", "-Werror", header, "-o", "names"]
    subprocess.run([*command, "names.cpp"], cwd=tmp_path, check=True)
    said = subprocess.run(["./names"], cwd=tmp_path, capture_output=True, text=True).stdout
    found = {line.split()[0]: int(line.split()[1]) for line in said.splitlines()}

    expected = {"THREEFOLD_ID_VALUE": IDENTITY, "THREEFOLD_VERSION_VALUE": VERSION}
    for register in (*REGISTERS.values(), *BENCHMARK.values()):
        expected[f"THREEFOLD_REG_{register.name}"] = register.offset
        for field in register.fields:
            name = f"THREEFOLD_{register.name}_{field.name.upper()}"
            expected[name] = field.mask
            if field.bits > 1:
                expected[f"{name}_SHIFT"] = field.lsb
    assert found == expected


def test_header_is_narrow_and_plain():
    assert c_header().isascii()
    assert max(map(len, c_header().splitlines())) <= 100


def test_csr():
    registers = REGISTERS.on("wishbone")
    content = csr("digits", registers, {"INPUTS": 64}, base=0x1000)
    assert content["csr_bases"] == {"digits": 0x1000}
    assert content["constants"] == {"digits_inputs": 64}
    assert content["memories"] == {"digits": {"base": 0x1000, "size": 128, "type": "io"}}
    assert content["csr_registers"]["digits_control"] == {"addr": 0x1020, "size": 1, "type": "rw"}
    assert content["csr_registers"]["digits_images"]["type"] == "ro"
    assert list(content["csr_registers"]) == [f"digits_{name.lower()}" for name in registers]


def test_page_has_all_registers_and_fields():
    page = markdown()
    for register in (*REGISTERS.values(), *BENCHMARK.values()):
        assert f"| `0x{register.offset:02X}` |" in page
        for field in register.fields:
            assert f"| `{field.name}` | {field.text} |" in page
