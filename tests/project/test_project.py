import dataclasses
import hashlib
import json
import re

import numpy as np
import pytest

from threefold.boards import BOARDS
from threefold.confusion import confusion_matrix
from threefold.errors import DataError, FileFormatError, MismatchError, PlanError
from threefold.network import Codes, Conv, Network, Tensor, Threshold, load
from threefold.plan import Folding
from threefold.plan.file import digest
from threefold.plan.units import KINDS
from threefold.planning import plan_for_board
from threefold.project import Project
from threefold.sim import golden

from .sample import CORE, FIRMWARE, FOLDINGS, IMAGES, NETWORK, content, make_all, make_network


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
        *sorted(FIRMWARE),
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
        (IMAGES, {"labels": np.zeros(4, int)}, DataError, "5 images do not go with 4 labels"),
        (IMAGES[:0], {}, DataError, "there is no image to simulate"),
        (IMAGES + 1, {}, DataError, "image codes must be 0…3, not 1…4"),
        (IMAGES, {"simulator": "vcs"}, PlanError, "simulators are verilator and icarus, not 'vcs'"),
    ],
)
def test_refused_simulation_writes_nothing(project, images, options, error, message):
    before = content(project.folder)
    with pytest.raises(error, match=f"^{message}$"):
        project.simulate(images, **options)
    assert content(project.folder) == before


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
        (
            {"kinds": ["abacus"]},
            f"no unit is of kind 'abacus'; kinds are {', '.join(KINDS)}",
        ),
    ],
)
def test_refused_plan_writes_nothing(tmp_path, options, message):
    with pytest.raises(PlanError, match=f"^{message}$"):
        Project.create(NETWORK, tmp_path / "out", **options)
    assert list(tmp_path.iterdir()) == []


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
