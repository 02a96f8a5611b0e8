import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import threefold

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LINKED = {path.name: path for path in (ROOT / "threefold").iterdir() if path.is_symlink()}
NOT_OURS = {".git", ".venv", ".hypothesis", ".pytest_cache", ".ruff_cache", "__pycache__"}
CLEAN = (
    "firmware/",
    "quant/deploy/",
    "sim/",
    *(f"threefold/{part}/" for part in ("cli", "core", "fpga", "importer", "network")),
    *(f"threefold/{part}/" for part in ("plan", "references", "registers", "report")),
    *(f"threefold/{part}/" for part in ("samples", "tools")),
    *(
        f"threefold/{part}.py"
        for part in (
            "__init__",
            "evaluation",
            "manifest",
            "planning",
            "products",
            "products_table",
            "project",
        )
    ),
)
UNRESOLVED = {"reportMissingImports", "reportMissingModuleSource"}
PRODUCTS = {"out", "build", "dist", "threefold.egg-info"}


def files_below(folder):
    for path in sorted(folder.iterdir()):
        if path.name in NOT_OURS or (folder == ROOT and path.name in PRODUCTS):
            continue
        if path.is_dir():
            yield from files_below(path)
        else:
            yield path


def package_files():
    """Every file of the package, by its place in a wheel."""
    return {str(path.relative_to(ROOT)): path for path in files_below(ROOT / "threefold")}


MODULES = {name: path for name, path in package_files().items() if path.suffix == ".py"}
PACKAGES = sorted({str(Path(name).parent).replace("/", ".") for name in MODULES})


def run_python(code, *options, **kwargs):
    process = subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, **kwargs
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module({package!r})
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


@pytest.mark.parametrize(
    ("package", "absent"),
    [
        ("threefold.hw", {"torch"}),
        ("threefold.firmware", {"torch"}),
        ("threefold.boards", {"torch"}),
        ("threefold.quant", {"amaranth"}),
        ("threefold.fpga", {"torch", "amaranth", "matplotlib", "cocotb"}),
        ("threefold.importer", {"torch", "amaranth", "matplotlib", "cocotb"}),
        ("threefold.network", {"torch", "amaranth", "matplotlib", "cocotb"}),
        ("threefold.references", {"torch", "amaranth", "matplotlib", "cocotb"}),
        ("threefold.samples", {"torch", "amaranth", "matplotlib", "cocotb"}),
    ],
)
def test_parts_stay_apart(package, absent):
    loaded = set(run_python(IMPORT_ALL.format(package=package)).split())
    assert "threefold" in loaded
    assert not loaded & absent


@pytest.mark.parametrize("module", ["threefold", "threefold.sim.golden"])
def test_import_is_light(module):
    loaded = run_python(f"import {module}, sys; print(*sys.modules)").split()
    assert not {"torch", "amaranth", "matplotlib", "cocotb", "sklearn"} & set(loaded)


def test_every_package_has_an_init():
    for package in PACKAGES:
        assert f"{package.replace('.', '/')}/__init__.py" in MODULES


def test_every_folder_of_modules_is_part_of_the_package():
    folders = {path.parent.name for path in ROOT.glob("*/*.py")} - NOT_OURS - PRODUCTS
    assert folders - {"benchmarks", "examples", "tests", "threefold"} == set(LINKED)


def test_links_are_relative():
    for name, path in LINKED.items():
        assert path.readlink() == Path("..", name)


def definitions(path):
    """Names in ``__all__``, names bound at the top, and public functions and classes there."""
    exported, bound, public = None, set(), set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {name.asname or name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
            public |= {node.name} if not node.name.startswith("_") else set()
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in (n for target in targets for n in ast.walk(target)):
                if isinstance(name, ast.Name):
                    bound.add(name.id)
                    if name.id == "__all__":
                        exported = ast.literal_eval(node.value)
    return exported, bound, public


@pytest.mark.parametrize("name", [n for n in MODULES if not n.endswith("__main__.py")])
def test_exported_names(name):
    exported, bound, public = definitions(MODULES[name])
    if exported is None:
        assert name.endswith("__init__.py"), "a module lists what it offers in __all__"
        exported = []
    assert len(set(exported)) == len(exported)
    lazy = set(exported) - bound
    assert not lazy or "__getattr__" in bound
    assert all(hasattr(threefold, each) for each in lazy)
    assert public <= set(exported)


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((0, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""


@pytest.mark.parametrize("name", MODULES)
def test_imports_are_relative_within_a_folder_and_absolute_across(name):
    _, *parts = Path(name).parts
    folder, inside = ("threefold", parts) if parts[0] not in LINKED else (parts[0], parts[1:])
    own = "threefold" if folder == "threefold" else f"threefold.{folder}"
    for level, module in imports_of(MODULES[name]):
        assert level <= len(inside), f"{'.' * level}{module} leaves {folder}/"
        assert level or not f"{module}.".startswith(f"{own}."), f"{module} is in {folder}/"


def test_types_are_clean():
    process = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "-p", ROOT],
        capture_output=True,
        text=True,
    )
    found = json.loads(process.stdout)["generalDiagnostics"]
    unresolved = [each for each in found if each.get("rule") in UNRESOLVED]
    assert not unresolved
    places = [(Path(each["file"]).relative_to(ROOT), each["message"]) for each in found]
    assert not [each for each in places if str(each[0]).startswith(CLEAN)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ["pyproject.toml", "README.md", "LICENSE", "threefold", *LINKED]:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, symlinks=True)
        else:
            shutil.copy(ROOT / name, source / name)
    command = "-m pip wheel --quiet --no-deps --no-build-isolation --no-index -w"
    subprocess.run([sys.executable, *command.split(), folder, source], check=True)
    (path,) = folder.glob("*.whl")
    return path


def test_a_wheel_holds_every_file(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == set(package_files())


def test_a_wheel_is_imported_as_it_is(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = "import importlib, sys; sys.path.insert(0, '.'); "
    code += f"[print(importlib.import_module(name).__file__) for name in {PACKAGES}]"
    found = run_python(code, cwd=tmp_path).splitlines()
    for package, file in zip(PACKAGES, found, strict=True):
        wanted = tmp_path / package.replace(".", "/") / "__init__.py"
        assert (tmp_path / file).resolve() == wanted.resolve()


def test_the_editable_install_is_this_checkout(tmp_path):
    code = "import importlib\nfor name in {}: print(importlib.import_module(name).__file__)"
    found = run_python(code.format([f"threefold.{name}" for name in LINKED]), cwd=tmp_path)
    for folder, file in zip(LINKED.values(), found.splitlines(), strict=True):
        assert Path(file).resolve() == folder.resolve() / "__init__.py"


def test_the_version_is_stated_once(tmp_path):
    code = "import threefold; print(threefold.__version__)"
    assert run_python(code, cwd=tmp_path).strip() == PROJECT["project"]["version"]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def required():
    extras = PROJECT["project"]["optional-dependencies"].values()
    for requirement in sum(extras, PROJECT["project"]["dependencies"]):
        yield normal(re.match(r"[\w.-]+", requirement).group())


def test_every_dependency_is_pinned():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", pin) for pin in pins)
    names = [pin.partition("==")[0] for pin in pins]
    assert names == sorted(set(names))
    assert set(required()) <= set(names)


def test_every_dependency_has_its_reason():
    text = (ROOT / "pyproject.toml").read_text()
    lines = re.findall(r'^    "[\w.\[\]-]+>=[^"]+",.*$', text, re.MULTILINE)
    assert len(lines) == len(list(required()))
    assert not [line for line in lines if not re.search(r'",\s+# \w', line)]


def test_no_file_names_a_place_on_one_machine():
    pattern = re.compile(rb"(?<![\w.])/(work|root|home|Users)/\w")
    assert not [path for path in files_below(ROOT) if pattern.search(path.read_bytes())]


def test_continuous_integration_can_start():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert script.read_text().startswith("#!/usr/bin/env bash\n")
