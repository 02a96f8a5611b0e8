import dataclasses
import fcntl
import hashlib
import json
import re
from itertools import count

import numpy as np
import pytest

import threefold.project
from threefold.boards import BOARDS
from threefold.confusion import confusion_matrix
from threefold.errors import (
    BuildError,
    DataError,
    FileFormatError,
    MismatchError,
    PlanError,
    ToolError,
)
from threefold.lock import LOCK
from threefold.network import (
    ArgMax,
    Codes,
    Conv,
    Dense,
    Logits,
    Network,
    Tensor,
    Threshold,
    load,
    save,
)
from threefold.network.file import digest as network_digest
from threefold.plan import Cycles, Folding
from threefold.plan.file import digest, mark
from threefold.planning import plan_for_board
from threefold.products import Former
from threefold.project import Project
from threefold.sim import golden
from threefold.sim.simulate import SimulationResult
from threefold.tools.build import BuildResult

FOLDINGS = {"fc1": Folding(2, 4), "fc2": Folding(2, 3)}
OTHERS = {"fc1": Folding(2, 4), "fc2": Folding(4, 6)}
IMAGES = np.random.default_rng(1).integers(0, 4, (5, 1, 1, 8))


def make_network(seed=0, name="sample", inputs=8):
    rng = np.random.default_rng(seed)
    ops = [
        ("fc1", Dense(rng.integers(-1, 2, (6, inputs)))),
        ("act1", Threshold(np.sort(rng.integers(-6, 6, (6, 3)), axis=1))),
        ("fc2", Dense(rng.integers(-1, 2, (4, 6)))),
        ("logits", Logits(rng.integers(-5, 5, 4))),
        ("argmax", ArgMax()),
    ]
    return Network.chain(name, Tensor((1, 1, inputs), Codes.unsigned(2)), ops)


NETWORK = make_network()


@pytest.fixture
def project(tmp_path):
    return Project.create(NETWORK, tmp_path / "out", foldings=FOLDINGS)


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def simulated(monkeypatch):
    """What the simulator finds, without one."""

    def install(*, error=None, interval=6.0):
        def simulate(plan, rtl, images, folder, **options):
            assert rtl.is_file()
            if error:
                raise error
            classes = golden.classes(plan.network, images)
            stalls = options["stalls"]
            cycles = None if stalls else Cycles(30, interval)
            return SimulationResult(
                "verilator", len(images), 55, cycles, 1e4, stalls, classes[:, None], classes, None
            )

        monkeypatch.setattr("threefold.project.simulate", simulate)

    return install


@pytest.fixture
def built(monkeypatch):
    """A build that takes no time."""

    seconds = count(1)

    def build(accelerator, board, folder, *, name, seed, seeds, **options):
        gateware = folder / "gateware"
        gateware.mkdir(exist_ok=True)
        (gateware / f"{name}.bin").write_bytes(b"bits")
        cells = {name: {"used": 1, "available": 2} for name in ("lut", "ff")}
        return BuildResult(
            gateware / f"{name}.bin",
            board.name,
            30.0,
            40.0,
            cells,
            {"yosys": float(next(seconds))},
            {"yosys": "0"},
            "ab",
            seed,
            {seed: 40.0},
            [{"path": "bridge", "lut": 1}],
            {"logic_ns": 1.0, "routing_ns": 2.5, "cells": ["a"]},
        )

    monkeypatch.setattr("threefold.project.build_bitstream", build)


def make_all(project):
    """One of every product."""
    project.simulate(IMAGES)
    project.build()
    project.products.report.write_text(json.dumps({"plan_digest": digest(project.plan)}))
    project.products.page.write_text(mark(project.plan))
    project.write_manifest()
    (project.folder / "gateware" / "yosys.log").touch()


CORE = [
    "sample.core",
    "sample.inst.v",
    "sample.ports.json",
    "sample.v",
    "sample.vlt",
    "sample_tb.v",
]
PRODUCTS = {
    "firmware/sample.h",
    "gateware/build.json",
    "gateware/sample.bin",
    "gateware/timings.json",
    "gateware/yosys.log",
    "manifest.json",
    "report.html",
    "report.json",
    *(f"rtl/{name}" for name in CORE),
    "sim/simulation.json",
}


def test_create_and_open(project):
    assert sorted(content(project.folder)) == ["network.tern", "plan.json"]
    opened = Project.open(project.folder)
    assert opened.name == "sample"
    assert opened.board.name == "icebreaker"
    assert opened.plan == project.plan
    assert Project.open(project.folder, NETWORK).network is NETWORK


def test_a_project_of_a_plan_writes_nothing(tmp_path):
    project = Project(tmp_path / "out", plan_for_board(NETWORK, "ulx3s_85f"))
    assert not (tmp_path / "out").exists()
    project.save()
    assert Project.open(tmp_path / "out").board.name == "ulx3s_85f"


def test_first_product_saves_the_plan(tmp_path):
    project = Project(tmp_path, plan_for_board(NETWORK, foldings=FOLDINGS))
    assert project.generate() == tmp_path / "rtl" / "sample.v"
    assert sorted(content(tmp_path)) == [
        "firmware/sample.h",
        "network.tern",
        "plan.json",
        *(f"rtl/{name}" for name in CORE),
    ]
    for name in CORE:
        assert digest(project.plan) in (tmp_path / "rtl" / name).read_text()[:1000]


def test_same_network_same_bytes(project, tmp_path):
    project.generate()
    again = Project.create(load(project.folder / "network.tern"), tmp_path, foldings=FOLDINGS)
    again.generate()
    assert content(tmp_path / "out") == {
        name: data for name, data in content(tmp_path).items() if not name.startswith("out/")
    }


def test_record_of_a_simulation(project, simulated):
    simulated()
    labels = golden.classes(NETWORK, IMAGES)
    labels[0] = (labels[0] + 1) % 4
    project.simulate(IMAGES, labels)
    assert json.loads((project.folder / "sim" / "simulation.json").read_text()) == {
        "accuracy": 0.8,
        "beats_compared": 55,
        "confusion": confusion_matrix(labels, golden.classes(NETWORK, IMAGES), 4).tolist(),
        "cycles": {"interval": 6.0, "latency": 30},
        "images": 5,
        "mismatches": 0,
        "plan_digest": digest(project.plan),
        "simulator": "verilator",
        "stalls": 0.0,
    }


def test_no_confusion_matrix_of_very_many_classes(project, simulated, monkeypatch):
    monkeypatch.setattr("threefold.records._MOST_CLASSES", 3)
    simulated()
    project.simulate(IMAGES, golden.classes(NETWORK, IMAGES))
    record = json.loads((project.folder / "sim" / "simulation.json").read_text())
    assert record["accuracy"] == 1.0
    assert "confusion" not in record


def test_record_without_an_interval_is_still_json(project, simulated):
    simulated(interval=float("nan"))
    project.simulate(IMAGES[:1])
    text = (project.folder / "sim" / "simulation.json").read_text()
    assert json.loads(text)["cycles"] == {"latency": 30}


def test_stalls_leave_the_record(project, simulated, built):
    simulated()
    make_all(project)
    before = content(project.folder)
    project.simulate(IMAGES[:2], stalls=0.5)
    assert content(project.folder) == before


def test_mismatch_removes_the_record(project, simulated):
    simulated()
    project.simulate(IMAGES)
    simulated(error=MismatchError("no"))
    with pytest.raises(MismatchError):
        project.simulate(IMAGES)
    assert not (project.folder / "sim" / "simulation.json").exists()


@pytest.mark.parametrize(
    ("images", "options", "error", "message"),
    [
        (
            IMAGES,
            {"labels": np.zeros(4, int)},
            DataError,
            "5 images do not go with 4 labels",
        ),
        (IMAGES[:0], {}, DataError, "there is no image to simulate"),
        (IMAGES + 1, {}, DataError, "image codes must be 0…3, not 1…4"),
        (
            IMAGES,
            {"simulator": "vcs"},
            PlanError,
            "simulators are verilator and icarus, not 'vcs'",
        ),
    ],
)
def test_refused_simulation_writes_nothing(project, images, options, error, message):
    before = content(project.folder)
    with pytest.raises(error, match=f"^{message}$"):
        project.simulate(images, **options)
    assert content(project.folder) == before


def test_record_of_a_build(project, built):
    project.build(seed=3)
    record = json.loads((project.folder / "gateware" / "build.json").read_text())
    assert record["bitstream"] == "gateware/sample.bin"
    assert record["device"] == "iCE40UP5K"
    assert record["plan_digest"] == digest(project.plan)
    assert record["seed"] == 3


def test_equal_builds_give_equal_bytes(tmp_path, simulated, built):
    simulated()
    for name in ("one", "two"):
        project = Project.create(NETWORK, tmp_path / name, foldings=FOLDINGS)
        project.simulate(IMAGES)
        project.build()
        project.report()
    one, two = content(tmp_path / "one"), content(tmp_path / "two")
    assert one.pop("gateware/timings.json") != two.pop("gateware/timings.json")
    assert one == two


@pytest.fixture
def tools_run(monkeypatch):
    """Names of what has called tools."""
    called = []

    def told(what, real):
        def run(*args, **options):
            called.append(what)
            return real(*args, **options)

        return run

    for name in ("build_bitstream", "to_verilog"):
        real = getattr(threefold.project, name)
        monkeypatch.setattr(f"threefold.project.{name}", told(name, real))
    return called


def test_build_of_the_same_runs_no_tool(project, simulated, built, tools_run):
    simulated()
    first = project.build(seeds=2)
    project.simulate(IMAGES)
    project.report()
    tools_run.clear()
    before, steps = content(project.folder), []
    again = Project.open(project.folder).build(seeds=2, progress=lambda *step: steps.append(step))
    assert tools_run == []
    assert steps == [("up to date", 1.0)]
    assert again.up_to_date
    assert not first.up_to_date
    assert again == dataclasses.replace(first, seconds={})
    assert list(again.utilization) == list(first.utilization)
    assert content(project.folder) == before


CHANGES = {
    "bitstream": lambda made: (made.gateware / "sample.bin").write_bytes(b"other"),
    "no bitstream": lambda made: (made.gateware / "sample.bin").unlink(),
    "no Verilog": lambda made: made.rtl.unlink(),
    "header": lambda made: made.header.write_text("other"),
    "record": lambda made: made.build_record.write_text("{"),
    "no digests": lambda made: edit(made.build_record, sha256={}),
    "figure": lambda made: edit(made.build_record, fmax_mhz="40"),
    "cells": lambda made: edit(made.build_record, utilization={"lut": 1}),
    "placed": lambda made: edit(made.build_record, cells=None),
    "seed": lambda made: edit(made.build_record, fmax_by_seed={"one": 40.0}),
    "version": lambda made: edit(made.build_record, inputs="0" * 64),
}


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("change", CHANGES)
def test_build_of_what_has_changed(project, built, tools_run, change):
    project.build()
    before = content(project.folder)
    tools_run.clear()
    CHANGES[change](project.products)
    assert not project.build().up_to_date
    assert tools_run == ["to_verilog", "build_bitstream"]
    after = content(project.folder)
    assert after.pop("gateware/timings.json") != before.pop("gateware/timings.json")
    assert after == before


@pytest.mark.parametrize(
    "options", [{"seed": 2}, {"seeds": 2}, {"clock_mhz": 12.0}, {"timing_allow_fail": True}]
)
def test_build_with_other_options(project, built, options):
    project.build()
    assert not project.build(**options).up_to_date
    assert project.build(**options).up_to_date


def test_refused_clock_writes_nothing(project, built):
    before = content(project.folder)
    with pytest.raises(PlanError, match=r"^.*\b1000\b.*MHz.*$"):
        project.build(clock_mhz=1000)
    assert content(project.folder) == before


@pytest.mark.parametrize("variable", ["YOSYS", "NEXTPNR_ICE40", "ICEPACK"])
def test_missing_tool_writes_nothing(project, monkeypatch, variable):
    monkeypatch.setenv(variable, "/nowhere")
    before = content(project.folder)
    message = f"^{variable} names '/nowhere', which is not an executable; correct or unset it$"
    with pytest.raises(ToolError, match=message):
        project.build()
    assert content(project.folder) == before


def test_failed_build_leaves_no_bitstream(project, monkeypatch):
    gateware = project.folder / "gateware"
    gateware.mkdir()
    for name in ("sample.bin", "build.json"):
        (gateware / name).write_text("of an earlier build")
    device = dataclasses.replace(project.board.device, lut=50)
    small = dataclasses.replace(project.board, device=device)
    monkeypatch.setattr(Project, "board", small)
    with pytest.raises(BuildError, match=r"^needs \d+ of 50 LUTs on icebreaker; .+$"):
        project.build()
    assert [path.name for path in gateware.iterdir()] == ["yosys.log"]


REPORT = {"report.json", "report.html", "manifest.json"}


def test_failed_build_leaves_no_report(project, simulated, built, monkeypatch):
    simulated()
    make_all(project)

    def build(*args, **options):
        raise BuildError("no")

    monkeypatch.setattr("threefold.project.build_bitstream", build)
    with pytest.raises(BuildError, match=r"^no$"):
        project.build(seed=2)
    kept = (PRODUCTS | {"network.tern", "plan.json"}) - REPORT
    assert content(project.folder).keys() == kept


@pytest.mark.parametrize("stalls", [0, 0.5])
def test_mismatch_leaves_no_report(project, simulated, built, stalls):
    simulated()
    make_all(project)
    simulated(error=MismatchError("no"))
    with pytest.raises(MismatchError, match=r"^no$"):
        project.simulate(IMAGES, stalls=stalls)
    kept = (PRODUCTS | {"network.tern", "plan.json"}) - REPORT - {"sim/simulation.json"}
    assert content(project.folder).keys() == kept


def test_failed_simulation_leaves_no_report(project, simulated, built):
    simulated()
    make_all(project)
    simulated(error=BuildError("no"))
    with pytest.raises(BuildError, match=r"^no$"):
        project.simulate(IMAGES)
    assert not content(project.folder).keys() & REPORT


def test_another_plan_removes_what_the_first_gave(project, simulated, built):
    simulated()
    make_all(project)
    assert content(project.folder).keys() == PRODUCTS | {"network.tern", "plan.json"}
    kept = {"test.npz", "train.json", "rtl/board.v", "sim/notes.txt"}
    for name in kept:
        (project.folder / name).write_text("mine")
    other = Project.create(NETWORK, project.folder, foldings=OTHERS)
    assert content(project.folder).keys() == kept | {"network.tern", "plan.json"}
    assert {str(path.relative_to(project.folder)) for path in other.removed} == PRODUCTS
    assert project.removed == []


def test_another_board_removes_it_too(project, simulated, built):
    simulated()
    make_all(project)
    other = Project.create(NETWORK, project.folder, foldings=FOLDINGS, board="ulx3s_85f")
    assert content(project.folder).keys() == {"network.tern", "plan.json"}
    assert other.former is None
    assert Project.open(project.folder).plan == other.plan


@pytest.mark.parametrize("name", ["sample", "other"])
def test_another_network_keeps_it_in_a_folder_of_its_own(project, simulated, built, name):
    simulated()
    make_all(project)
    mine = {"rtl/board.v", "sim/notes.txt", "checkpoint.pt"}
    for path in {"test.npz", *mine}:
        (project.folder / path).write_text("mine")
    before = {path: data for path, data in content(project.folder).items() if path not in mine}
    other = Project.create(make_network(1, name), project.folder, foldings=FOLDINGS)
    folder = f"before-{network_digest(NETWORK)[:8]}"
    assert content(project.folder / folder) == before
    kept = {f"{folder}/{path}" for path in before}
    assert content(project.folder).keys() == kept | mine | {"network.tern", "plan.json"}
    assert other.former == Former(project.folder / folder, "sample", True)
    assert Project.open(project.folder).plan == other.plan
    assert Project.open(project.folder / folder).plan == project.plan


def test_nothing_that_is_kept_is_overwritten(project):
    digests = [network_digest(make_network(seed))[:8] for seed in (0, 1)]
    for seed in (1, 0, 1, 0, 1):
        Project.create(make_network(seed), project.folder, foldings=FOLDINGS)
    kept = sorted(path.name for path in project.folder.glob("before-*"))
    first, second = (f"before-{digest}" for digest in digests)
    assert kept == sorted([first, f"{first}-2", f"{first}-3", second, f"{second}-2"])
    for name in kept:
        Project.open(project.folder / name)


def test_plan_of_another_network_is_kept_alone(project, simulated, built):
    simulated()
    make_all(project)
    save(make_network(1), project.folder / "network.tern")
    Project.create(make_network(1), project.folder, foldings=FOLDINGS)
    kept = project.folder / f"before-{network_digest(NETWORK)[:8]}"
    assert content(kept).keys() == PRODUCTS | {"plan.json"}


def test_damaged_plan_is_replaced(project, simulated, built):
    simulated()
    make_all(project)
    (project.folder / "plan.json").write_text("{")
    before = content(project.folder)
    other = Project.create(NETWORK, project.folder, foldings=FOLDINGS)
    folder = other.former.folder
    assert other.former == Former(folder, "sample", True, usable=False)
    assert content(folder) == {
        name: data for name, data in before.items() if name != "network.tern"
    }
    assert {name for name in content(project.folder) if not name.startswith("before-")} == {
        "network.tern",
        "plan.json",
    }
    assert Project.open(project.folder).plan == other.plan


def test_plan_of_an_older_schema_is_kept(project, simulated, built):
    simulated()
    make_all(project)
    path = project.products.plan
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 1}))
    other = Project.create(NETWORK, project.folder, foldings=OTHERS)
    assert other.former.folder.name == f"before-{network_digest(NETWORK)[:8]}"
    assert content(other.former.folder).keys() == PRODUCTS | {"plan.json"}


def test_the_same_plan_in_other_bytes_keeps_everything(project, simulated, built):
    simulated()
    make_all(project)
    path = project.products.plan
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4))
    before = content(project.folder)
    project.save()
    assert content(project.folder) == before
    assert project.removed == []


def test_products_stay_where_the_network_is_written_again(project, simulated, built):
    simulated()
    make_all(project)
    before = content(project.folder)
    project.products.network.unlink()
    project.save()
    assert content(project.folder) == before


@pytest.mark.parametrize("name", ["plan", "folder"])
def test_plan_and_folder_are_read_only(project, name):
    with pytest.raises(AttributeError, match=rf"^property '{name}' of 'Project' object has no "):
        setattr(project, name, getattr(project, name))


def test_manifest_does_not_name_images_of_another_network(project):
    project.products.images.write_text("images")
    other = Project.create(make_network(1), project.folder, foldings=FOLDINGS)
    manifest = json.loads(other.write_manifest().read_text())
    assert manifest["sha256"].keys() == {"network.tern", "plan.json"}


@pytest.mark.parametrize(
    ("tools", "message"),
    [
        (5, r"'tools' of .+/build\.json must be an object, not 5"),
        (None, r"'tools' of .+/build\.json must be an object, not None"),
        ({"yosys": 5}, r"version of 'yosys' in .+/build\.json must be text, not 5"),
    ],
)
def test_manifest_of_a_damaged_build_record(project, tools, message):
    project.products.gateware.mkdir()
    record = {"tools": tools, "plan_digest": digest(project.plan)}
    project.products.build_record.write_text(json.dumps(record))
    with pytest.raises(FileFormatError, match=f"^{message}$"):
        project.write_manifest()
    assert not project.products.manifest.exists()


@pytest.mark.parametrize("name", ["../../victim", "/{root}/victim", "sub/../../../victim", 3])
def test_plan_that_names_files_elsewhere(project, simulated, built, tmp_path, name):
    simulated()
    make_all(project)
    victims = [tmp_path / "victim.v", tmp_path / "victim.h"]
    for victim in victims:
        victim.touch()
    if isinstance(name, str):
        name = name.replace("/{root}", str(tmp_path))
    path = project.folder / "plan.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"network": name}))
    Project.create(NETWORK, project.folder, foldings=OTHERS)
    assert content(project.folder).keys() == {"network.tern", "plan.json"}
    assert all(victim.exists() for victim in victims)


def test_linked_folders_are_not_emptied(project, simulated, built, tmp_path):
    simulated()
    make_all(project)
    for name in ("rtl", "gateware"):
        (project.folder / name).rename(tmp_path / name)
        (project.folder / name).symlink_to(tmp_path / name)
    before = {name: content(tmp_path / name) for name in ("rtl", "gateware")}
    Project.create(NETWORK, project.folder, foldings=OTHERS)
    Project.create(make_network(1), project.folder, foldings=OTHERS)
    assert {name: content(tmp_path / name) for name in before} == before


def test_same_plan_keeps_everything(project, simulated, built):
    simulated()
    make_all(project)
    before = content(project.folder)
    Project.create(NETWORK, project.folder, foldings=FOLDINGS)
    assert content(project.folder) == before


def test_trained_network_is_not_replaced(project):
    (project.folder / "train.json").touch()
    before = content(project.folder)
    message = (
        rf"^{project.folder}/network\.tern was trained there, and is another network than "
        r"'sample'; choose another folder with -o$"
    )
    with pytest.raises(PlanError, match=message):
        Project.create(make_network(1), project.folder, foldings=FOLDINGS)
    assert content(project.folder) == before
    Project.create(NETWORK, project.folder, foldings=OTHERS)


@pytest.mark.parametrize("plan", [None, "{", "other"])
def test_network_put_there_by_hand_is_not_replaced(project, plan):
    save(make_network(1), project.folder / "network.tern")
    if plan is None:
        (project.folder / "plan.json").unlink()
    elif plan != "other":
        (project.folder / "plan.json").write_text(plan)
    before = content(project.folder)
    message = (
        rf"^{project.folder}/network\.tern was not planned there, and is another network than "
        r"'sample'; choose another folder with -o$"
    )
    with pytest.raises(PlanError, match=message):
        Project.create(NETWORK, project.folder, foldings=FOLDINGS)
    assert content(project.folder) == before
    Project.create(make_network(1), project.folder, foldings=FOLDINGS)
    Project.create(NETWORK, project.folder, foldings=FOLDINGS)


def test_plan_of_another_network(project):
    message = (
        rf"^{project.folder}/plan\.json is the plan of another network than 'sample'; plan again$"
    )
    with pytest.raises(PlanError, match=message):
        Project.open(project.folder, make_network(1))


def test_nothing_to_open(tmp_path):
    message = rf"^cannot read {tmp_path}/network\.tern: No such file or directory$"
    with pytest.raises(FileFormatError, match=message):
        Project.open(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"board": "basys3"}, f"there is no board 'basys3'; choose one of {', '.join(BOARDS)}"),
        (
            {"foldings": FOLDINGS, "interval": 4},
            "an interval of 4 cycles is out of reach with these choices: 'sample' takes at least 6",
        ),
        (
            {"interval": 5, "forms": {"fc1": "sequential"}},
            "an interval of 5 cycles is out of reach with these choices: 'sample' takes at least 6",
        ),
        (
            {"foldings": {"fc1": Folding(4, 4), "fc2": Folding(1, 1)}},
            r"PE count of 'fc1' must divide 6 rows, not 4; divisors are 1, 2, 3, 6",
        ),
        (
            {"foldings": FOLDINGS | {"fc9": Folding(1, 1)}},
            "no layer is named 'fc9'; layers are fc1, fc2",
        ),
    ],
)
def test_refused_plan_writes_nothing(tmp_path, options, message):
    with pytest.raises(PlanError, match=f"^{message}$"):
        Project.create(NETWORK, tmp_path / "out", **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "work",
    [
        Project.save,
        Project.generate,
        lambda project: project.simulate(IMAGES),
        Project.build,
        Project.report,
        Project.write_manifest,
    ],
)
def test_folder_in_use(project, simulated, built, work):
    simulated()
    message = (
        f"{project.folder} is in use by another threefold (process 12); "
        "wait for it or choose another folder with -o"
    )
    with (project.folder / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        print(12, file=file, flush=True)
        before = content(project.folder)
        with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
            work(project)
    assert content(project.folder) == before


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_folder_that_cannot_be(tmp_path, place):
    (tmp_path / "file").touch()
    message = rf"^cannot create folder {tmp_path}/{place}: .+; choose another with -o$"
    with pytest.raises(BuildError, match=message):
        Project.create(NETWORK, tmp_path / place, foldings=FOLDINGS)
    assert content(tmp_path) == {"file": b""}


def test_manifest(project, simulated, built):
    simulated()
    make_all(project)
    manifest = json.loads((project.folder / "manifest.json").read_text())
    products = content(project.folder)
    wanted = products.keys() - {"manifest.json", "gateware/timings.json", "gateware/yosys.log"}
    assert manifest["sha256"] == {
        name: hashlib.sha256(products[name]).hexdigest() for name in sorted(wanted)
    }
    assert re.fullmatch(r"3\.\d+\.\d+", manifest["versions"]["python"])


@pytest.mark.parametrize("name", ["module", "int", "x", "a" * 64])
def test_names_that_mean_something_elsewhere(tmp_path, name):
    project = Project.create(make_network(name=name), tmp_path, foldings=FOLDINGS)
    assert project.generate().name == f"{name}.v"


def test_labels_of_other_classes_are_refused(project):
    message = r"^labels must be 0…\d+, not 0…99; '\w+' knows \d+ classes$"
    with pytest.raises(DataError, match=message):
        project.simulate(IMAGES[:2], np.array([0, 99]))


def test_labels_of_a_network_that_gives_maps_are_refused(tmp_path):
    ops = [("conv1", Conv([[[[1, -1]]]])), ("act1", Threshold([[0, 1, 2]]))]
    network = Network.chain("maps", Tensor((3, 4, 2), Codes.unsigned(2)), ops)
    project = Project.create(network, tmp_path, foldings={"conv1": Folding(1, 1)})
    message = r"^'maps' gives 12 pixels, not one class for each image; leave the labels out$"
    with pytest.raises(DataError, match=message):
        project.simulate(np.zeros((1, 3, 4, 2), int), labels=np.array([0]))


def test_repr_and_table(project):
    assert repr(project) == f"<Project sample on icebreaker in {project.folder}>"
    unplaced = Project(project.folder, dataclasses.replace(project.plan, board=""))
    assert repr(unplaced) == f"<Project sample in {project.folder}>"
    table = project._repr_html_()
    assert table.count("<tr>") == 3
    for path in (project.products.network, project.products.plan):
        assert f">{path.name}</td>" in table
        assert f">{path.stat().st_size:,}</td>" in table


def test_table_of_a_build(project, simulated, built):
    """Bitstream and record; what else the tools left is one row."""
    simulated()
    make_all(project)
    for name in ("sample.il", "sample.ys"):
        (project.products.gateware / name).write_text("tools")
    table = project._repr_html_()
    for shown in ("gateware/sample.bin", "gateware/build.json", "2 more of the tools in gateware"):
        assert f">{shown}</td>" in table
    assert ">10</td>" in table
    assert "sample.il" not in table


def test_the_table_is_escaped(tmp_path):
    project = Project.create(NETWORK, tmp_path / "<b>", foldings=FOLDINGS)
    assert "&lt;b&gt;" in project._repr_html_()
    assert "<b>" not in project._repr_html_()


def test_a_plan_with_memories_that_its_board_lacks_is_refused(tmp_path):
    project = Project.create(NETWORK, tmp_path, board="ulx3s_85f")
    content = json.loads(project.products.plan.read_text())
    content["units"][0]["decisions"]["memory"] = "spram"
    project.products.plan.write_text(json.dumps(content))
    name = project.plan.units[0].name
    message = f"memory of '{name}' cannot be spram: ulx3s_85f has none; choose lut, block or auto"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        Project.open(tmp_path)
