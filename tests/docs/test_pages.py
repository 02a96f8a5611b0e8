import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from amaranth.sim import Simulator

from threefold.cli import COMMANDS, main
from threefold.hw.interfaces.registers import RegisterFile
from threefold.hw.interfaces.wishbone import Wishbone
from threefold.quant import PRESETS
from threefold.registers import IDENTITY, REGISTERS
from threefold.tools.toolchain import find

from ..nightly import mostly_nightly

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GENERATED = DOCS / "reference" / "commands.md"
PAGES = sorted(page for page in DOCS.rglob("*.md") if page != GENERATED)
TUTORIALS = [f"tutorials/{page.name}" for page in DOCS.glob("tutorials/*.md")]
# What the first page shows, the README and the examples of commands show as well; of the longest
# the parts have tests of their own.
LONG = {
    f"tutorials/{name}.md"
    for name in ("core_in_your_flow", "on_the_board", "onnx_to_bitstream", "own_data")
}
SHOWN = mostly_nightly(["getting_started.md", *TUTORIALS], always={*TUTORIALS} - LONG)

_STEP = re.compile(r"^```python\n(.*?)^```|^    threefold ([^\n]*)$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r'^```\w+ title="([\w.]+)"\n(.*?)^```', re.DOTALL | re.MULTILINE)


def steps(page):
    """Snippets and command lines of a page, in their order."""
    return _STEP.findall((DOCS / page).read_text())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of onnx
@pytest.mark.parametrize("page", SHOWN)
def test_what_a_page_shows_runs(page, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    for name in ("digits", "table", "images"):
        small = replace(PRESETS[name], widths=(8, 8), epochs=2)
        monkeypatch.setitem(PRESETS, name, small)
    names = {}
    for name, content in _FILE.findall((DOCS / page).read_text()):
        (tmp_path / name).write_text(content)
    # Snippets make the files that command lines read.
    shown = sorted(steps(page), key=lambda step: not step[0])
    assert shown
    for snippet, line in shown:
        if snippet:
            exec(snippet, names)
        else:
            without_placement = ["--rtl-only"] if line.startswith("build") else []
            assert main([*line.split(), *without_placement, "-q"]) == 0, capfd.readouterr().err


def test_getting_started_is_the_demo():
    demo = re.findall(r"^\t\$\(bin\)/threefold (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert [line for _, line in steps("getting_started.md") if line] == demo


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\((?!http)([^)\s]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists() or target.resolve() == GENERATED, link
        assert DOCS in target.resolve().parents, link
        if anchor:
            assert anchor in anchors(target), link


def anchors(page):
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w]+", "-", title.lower()).strip("-") for title in titles}


def test_every_page_is_in_the_navigation():
    with (ROOT / "zensical.toml").open("rb") as file:
        nav = tomllib.load(file)["project"]["nav"]

    def pages(entries):
        for entry in entries:
            (inner,) = entry.values()
            yield from pages(inner) if isinstance(inner, list) else [inner]

    there = [*PAGES, GENERATED]
    assert sorted(pages(nav)) == sorted(str(page.relative_to(DOCS)) for page in there)


def test_the_handshake_is_as_the_page_says(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "site")
    import handshake

    signals = list(zip(handshake.VALID, handshake.READY, handshake.PAYLOADS, strict=True))
    moved = [payload for valid, ready, payload in signals if valid and ready]
    assert moved == [f"beat {number}" for number in range(4)]
    for (valid, ready, payload), (next_valid, _, next_payload) in pairwise(signals):
        assert bool(payload) == bool(valid)
        if valid and not ready:
            assert (next_valid, next_payload) == (valid, payload)
    handshake.draw(tmp_path / "handshake.svg")
    assert (tmp_path / "handshake.svg").read_bytes() == (DOCS / "handshake.svg").read_bytes()


def test_c_of_a_page_compiles(tmp_path):
    blocks = re.findall(
        r"^```c\n(.*?)^```",
        (DOCS / "tutorials/core_in_your_flow.md").read_text(),
        re.DOTALL | re.MULTILINE,
    )
    assert len(blocks) == 2
    warnings = ["-Wall", "-Wextra", "-Werror"]
    for number, block in enumerate(blocks):
        (tmp_path / f"{number}.cpp").write_text(block)
        command = [str(find("g++").path), *warnings, "-fsyntax-only", "-I", ROOT / "firmware"]
        subprocess.run([*command, f"{number}.cpp"], cwd=tmp_path, check=True)


def test_wishbone_cycles_are_those_of_the_hardware(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "site")
    import wishbone_cycles

    signals = wishbone_cycles.SIGNALS
    registers = REGISTERS.on("wishbone")
    front = Wishbone(registers.address_bits)
    file = RegisterFile(registers.without("DATA_IN", "DATA_OUT"), {"ID": IDENTITY})
    m = Module()
    m.submodules += [front, file]
    connect(m, front.port, file.port)
    bus, seen = front.bus, []

    async def master(ctx):
        for cycle, active in enumerate(signals["cyc, stb"]):
            ctx.set(bus.cyc, active)
            ctx.set(bus.stb, active)
            ctx.set(bus.sel, 15)
            ctx.set(bus.we, signals["we"][cycle])
            if active:
                word, name = signals["adr"][cycle].split(": ")
                assert int(word, 16) == registers[name].word
                ctx.set(bus.adr, int(word, 16))
                ctx.set(bus.dat_w, int(signals["dat_w"][cycle] or "0", 16))
            seen.append(ctx.get(bus.ack))
            if signals["dat_r"][cycle]:
                assert ctx.get(bus.dat_r) == int(signals["dat_r"][cycle], 16)
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(master)
    simulator.run()
    assert tuple(seen) == signals["ack"]
    wishbone_cycles.draw(tmp_path / "wishbone.svg")
    assert (tmp_path / "wishbone.svg").read_bytes() == (DOCS / "wishbone.svg").read_bytes()


def test_a_reader_learns_what_ran_on_a_board():
    for page in (ROOT / "README.md", DOCS / "index.md", DOCS / "tutorials" / "on_the_board.md"):
        assert "Nothing was run on a board yet" in page.read_text()


def test_the_site_builds(tmp_path):
    pytest.importorskip("zensical")
    for name in ("threefold", "hw", "quant", "sim", "boards", "firmware"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    shutil.copytree(DOCS, tmp_path / "docs")
    subprocess.run([sys.executable, "docs/site/commands.py"], cwd=tmp_path, check=True)
    shown = (tmp_path / "docs" / "reference" / "commands.md").read_text()
    assert re.findall(r"^## threefold (.*)$", shown, re.MULTILINE) == list(COMMANDS)
    build = [sys.executable, "-m", "zensical", "build", "--strict"]
    built = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    site = tmp_path / "out" / "docs"
    project = (site / "reference" / "project.html").read_text()
    assert 'id="threefold.project.Project.create"' in project
    assert ":class:" not in project
