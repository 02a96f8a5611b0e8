"""The driver in C against a model of a board, in C as well, whose line is faulty."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from threefold import load
from threefold.firmware import DRIVER, header, write_driver
from threefold.planning import plan_for_board

from ..nightly import mostly_nightly

ROOT = Path(__file__).parents[2]
FIRMWARE, PROGRAMS = ROOT / "firmware", Path(__file__).parent / "driver"
SOURCES = [FIRMWARE / f"threefold{part}.c" for part in ("", "_serial", "_frames", "_bus", "_load")]
DIGITS = ROOT / "zoo" / "digits.tern"
HEADER = (FIRMWARE / "threefold.h").read_text()
PAGE = (ROOT / "docs" / "tutorials" / "firmware.md").read_text()
SNIPPETS = re.findall(r"^```c\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
STRICT = ["-Wall", "-Wextra", "-Werror", "-std=c11", "-pedantic"]
SANITIZED = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
OPTIONS = {
    "serial_cases": [],
    "bus_cases": [],
    "fuzz": ["-DTHREEFOLD_WINDOW=6", "-DTHREEFOLD_ATTEMPTS=20"],
}
MODELS = {"serial_cases": ["board.c", "reference.c"], "bus_cases": [], "fuzz": ["reference.c"]}
SERIAL = [
    "run",
    "classify",
    "run_behind_others",
    "run_in_batches",
    "stream",
    "open_again",
    "no_answer",
    "line_takes_nothing",
    "slow_line",
    "transport",
    "identity",
    "window_of_the_board",
    "registers",
    "gap",
    "damaged_answer",
    "load",
    "widths",
]
BUS = ["stream", "classify", "no_answer", "identity", "registers", "load"]


def compiled(program, compiler, folder, *more):
    """A program of ``driver/`` with the driver, in a folder."""
    sources = [PROGRAMS / f"{program}.c", *(PROGRAMS / name for name in MODELS[program]), *SOURCES]
    flags = [*STRICT, *SANITIZED, *OPTIONS[program], *more, f"-I{FIRMWARE}", f"-I{PROGRAMS}"]
    command = [compiler, *flags, *sources, "-o", folder / program]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / program


def run(program, *arguments, **options):
    done = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    return compiled("serial_cases", "gcc", tmp_path_factory.mktemp("serial"))


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    return compiled("bus_cases", "gcc", tmp_path_factory.mktemp("bus"))


@pytest.mark.parametrize("case", SERIAL)
def test_serial_line(serial, case):
    for seed in (1, 2):
        run(serial, case, seed)


@pytest.mark.parametrize("seed", mostly_nightly(range(2, 102), always=range(2, 6)))
def test_faults_of_the_line_change_no_answer(serial, seed):
    assert "faults" in run(serial, "faults", seed)


@pytest.mark.parametrize("case", BUS)
def test_bus(bus, case):
    for seed in (1, 2):
        run(bus, case, seed)


def test_each_error_has_a_text(serial):
    texts = run(serial, "texts", 0).splitlines()
    assert len(set(texts)) == len(texts) == 12


# Seeds of the fuzzer: operations as fuzz.c reads them, with the answers to images in their order,
# twice, out of order, cut short, with another end, after an escape, and with flags inside.
FUZZED = [
    bytes.fromhex("82000001 82000102 82000203 82000304 82000405 82000506"),
    bytes.fromhex("82000301 82000001 82000002 82000103 82000204"),
    bytes.fromhex("8e000001 82000001 00017d82 7d820001 03000032 830000ff 82000102"),
    bytes.fromhex("0a000001 80020000 557e 1e000101 8a000201 80030000 55557e"),
    bytes.fromhex("81060081 7e7d7e000000 8007007e 810001820000007d"),
]


@pytest.mark.parametrize("runs", mostly_nightly([20_000, 2_000_000], always=[20_000]))
def test_frames_that_a_fuzzer_finds(runs, tmp_path):
    if not shutil.which("clang"):
        pytest.skip("clang is missing, whose libFuzzer looks for frames: apt install clang")
    probe = "int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }"
    command = ["clang", "-fsanitize=fuzzer,address", "-x", "c", "-", "-o", tmp_path / "probe"]
    if subprocess.run(command, input=probe, text=True, capture_output=True).returncode:
        pytest.skip("clang is here without libFuzzer: apt install libclang-rt-dev")
    fuzzer = compiled("fuzz", "clang", tmp_path, "-fsanitize=fuzzer")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(FUZZED):
        (corpus / str(number)).write_bytes(seed)
    said = run(fuzzer, f"-runs={runs}", "-seed=1", "-max_len=400", corpus, cwd=tmp_path)
    assert f"#{runs}" in said
    assert int(re.findall(r"cov: (\d+)", said)[-1]) > 150


@pytest.mark.parametrize("compiler", ["gcc", "clang", "g++", "clang++"])
def test_sources_are_strict_c_and_the_header_is_c_plus_plus(compiler, tmp_path):
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is missing, a second opinion on the sources: apt install clang")
    if "+" in compiler:
        main = '#include "threefold.h"\nint main() { return THREEFOLD_OK; }\n'
        (tmp_path / "main.cpp").write_text(main)
        flags, sources = ["-Wall", "-Wextra", "-Werror", "-pedantic"], [tmp_path / "main.cpp"]
    else:
        flags, sources = [*STRICT, "-ffreestanding", "-Wconversion", "-Wshadow"], SOURCES
    for source in sources:
        command = [compiler, *flags, f"-I{FIRMWARE}", "-fsyntax-only", source]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("target", ["avr", "msp430", "mips", "riscv32"])
def test_sources_are_for_machines_of_8_16_and_32_bits(target):
    """An int of 16 bits, and memory with the highest byte first."""
    if not shutil.which("clang"):
        pytest.skip(f"clang is missing, which compiles for {target}: apt install clang")
    flags = [*STRICT, "-ffreestanding", "-Wconversion", "-fsyntax-only", f"-I{FIRMWARE}"]
    if target == "avr":
        flags += ["-mmcu=atmega2560", "-Wno-avr-rtlib-linking-quirks"]
    for source in SOURCES:
        command = ["clang", f"--target={target}", *flags, source]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_all_of_it_is_left_beside_a_header(tmp_path):
    write_driver(tmp_path / "driver")
    written = {path.name: path.read_text() for path in (tmp_path / "driver").iterdir()}
    found = [*FIRMWARE.glob("*.c"), *FIRMWARE.glob("*.h")]
    assert written == {path.name: path.read_text() for path in found}
    assert sorted(written) == sorted(DRIVER)


def test_the_page_of_the_driver_is_that_of_its_header(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs" / "site")
    import driver

    text = driver.page(driver.HEADER.read_text())
    assert driver.PAGE.read_text() == text, "run python docs/site/driver.py"
    declared = re.findall(r"^(?:[\w ]+ \*?(threefold_\w+)\(|struct (\w+) \{)", HEADER, re.M)
    assert len(declared) > 12
    for name in filter(None, (name for pair in declared for name in pair)):
        assert re.search(rf"^## .*\b{name}\b", text, re.M), name


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_c_of_the_page_compiles(snippet, tmp_path):
    (tmp_path / "digits.h").write_text(header(plan_for_board(load(DIGITS), "icebreaker")))
    (tmp_path / "snippet.c").write_text(snippet)
    command = ["gcc", *STRICT, f"-I{FIRMWARE}", "-I.", "-fsyntax-only", "snippet.c"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
