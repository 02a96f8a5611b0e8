import fcntl
import json
import re

import pytest

from threefold.errors import BuildError, FileFormatError, PlanError
from threefold.lock import LOCK
from threefold.network import save
from threefold.network.file import digest as network_digest
from threefold.plan.file import digest
from threefold.products import Former
from threefold.project import Project

from .sample import FOLDINGS, IMAGES, NETWORK, OTHERS, PRODUCTS, content, make_all, make_network


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
