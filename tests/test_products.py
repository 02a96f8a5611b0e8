import hashlib
import json

import numpy as np
import pytest

from threefold.data import load_images
from threefold.errors import BuildError
from threefold.lock import LOCK
from threefold.network import Codes, Dense, Network, Tensor, Threshold, load, save
from threefold.network.file import digest
from threefold.plan import Folding, fold, save_plan
from threefold.products import Former, Products


def make_network(weight=1, name="small"):
    ops = [("fc1", Dense([[weight, 1]])), ("act1", Threshold([[0, 1, 2]]))]
    return Network.chain(name, Tensor((1, 1, 2), Codes.unsigned(2)), ops)


FIRST, SECOND = make_network(), make_network(-1, "other")
BEFORE = f"before-{digest(FIRST)[:8]}"


@pytest.fixture
def products(tmp_path):
    """A folder with a network, its plan, and one of every product."""
    made = Products(tmp_path / "out", "small")
    save(FIRST, made.network)
    save_plan(fold(FIRST, {"fc1": Folding(1, 1)}), made.plan)
    others = (
        made.training,
        made.images,
        *(path for core in made.cores for path in core.all),
        made.header,
        made.simulation_record,
        made.waves,
    )
    others += (made.gateware / "small.bin", made.gateware / "yosys.log", made.build_record)
    for path in (*others, made.report, made.page, made.manifest):
        path.parent.mkdir(exist_ok=True)
        path.write_text(path.name)
    return made


def content(folder):
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_paths(products):
    assert content(products.folder).keys() == {
        "network.tern",
        "train.json",
        "test.npz",
        "plan.json",
        "rtl/small.v",
        "rtl/small.ports.json",
        "rtl/small.vlt",
        "rtl/small.inst.v",
        "rtl/small_tb.v",
        "rtl/small.core",
        "rtl/small.csr.json",
        *(
            f"rtl/small_{bus}{end}"
            for bus in ("axi", "wishbone")
            for end in (".v", ".ports.json", ".csr.json", ".vlt", ".inst.v", "_tb.v", ".core")
        ),
        "firmware/small.h",
        "sim/simulation.json",
        "sim/dump.vcd",
        "gateware/small.bin",
        "gateware/yosys.log",
        "gateware/build.json",
        "report.json",
        "report.html",
        "manifest.json",
    }


def test_files_are_those_worth_a_digest(products):
    (products.gateware / LOCK).touch()  # of a build that was killed
    left_out = {products.waves, products.gateware / "yosys.log", products.manifest}
    left_out.add(products.gateware / LOCK)
    there = {path for path in products.folder.rglob("*") if path.is_file()}
    assert set(products.files()) == there - left_out
    assert Products(products.folder / "nowhere").files() == []


def test_the_same_network_keeps_everything(products):
    before = content(products.folder)
    assert products.put_network(FIRST) is None
    assert content(products.folder) == before


def test_another_network_takes_plan_and_products_along(products):
    mine = {"checkpoint.pt": b"mine", "rtl/board.v": b"mine", "sim/notes.txt": b"mine"}
    before = content(products.folder)
    for name, data in mine.items():
        (products.folder / name).write_bytes(data)
    images = np.zeros((1, 1, 1, 2), int)
    former = products.put_network(SECOND, images, np.array([0]))
    assert former == Former(products.folder / BEFORE, "small", True)
    assert str(former) == (
        f"plan and products of the network before, small, are now in {products.folder}/{BEFORE}"
    )
    after = content(products.folder)
    assert {name: data for name, data in after.items() if name in mine} == mine
    assert after.keys() - mine == {f"{BEFORE}/{name}" for name in before} | {
        "network.tern",
        "test.npz",
    }
    assert content(products.folder / BEFORE) == before
    assert load(products.network) == SECOND
    assert load_images(products.images)[1] == [0]


@pytest.mark.parametrize("keep", [False, True])
def test_images_go_with_their_network(products, keep):
    former = products.put_network(SECOND, keep_images=keep)
    kept, gone = products.images, former.folder / "test.npz"
    assert kept.exists() == keep
    assert gone.exists() != keep
    assert (kept if keep else gone).read_text() == "test.npz"


def test_images_stay_with_the_network_that_is_there(products):
    save(SECOND, products.network)
    former = products.set_aside(SECOND)
    assert former == Former(products.folder / BEFORE, "small", True)
    assert products.images.exists()


def test_a_network_without_a_plan(tmp_path):
    products = Products(tmp_path, "small")
    assert products.put_network(FIRST, np.zeros((1, 1, 1, 2), int)) is None
    former = products.put_network(SECOND)
    assert str(former) == f"the network before, small, is now in {tmp_path}/{BEFORE}"
    moved = {f"{BEFORE}/network.tern", f"{BEFORE}/test.npz"}
    assert content(tmp_path).keys() == moved | {"network.tern"}


def test_images_that_others_replace_are_kept(tmp_path):
    products = Products(tmp_path, "small")
    images, labels = np.zeros((2, 1, 1, 2), int), np.array([0, 1])
    products.put_network(FIRST, images, labels)
    assert products.put_network(FIRST, images, labels) is None
    for number, (others, known) in enumerate(
        [(images, None), (images[:1], None), (images, labels)]
    ):
        before = products.images.read_bytes()
        former = products.put_network(FIRST, others, known)
        folder = tmp_path / (f"{BEFORE}-{number + 1}" if number else BEFORE)
        assert former == Former(folder, "small", False, images=True)
        assert str(former) == f"the test images before are now in {folder}"
        assert content(folder) == {"test.npz": before}
        assert load(products.network) == FIRST
        assert np.array_equal(load_images(products.images)[0], others)


def test_images_are_kept_beside_the_plan_of_another_network(products):
    save(SECOND, products.network)
    former = products.put_network(SECOND, np.zeros((1, 1, 1, 2), int))
    assert former == Former(products.folder / BEFORE, "small", True)
    assert (former.folder / "test.npz").read_text() == "test.npz"
    assert load_images(products.images)[0].shape == (1, 1, 1, 2)


def test_the_name_is_that_of_the_network_that_moved(products):
    third = make_network(0, "third")
    save(third, products.network)
    former = products.put_network(SECOND)
    assert former == Former(products.folder / f"before-{digest(third)[:8]}", "third", True)
    assert load(former.folder / "network.tern") == third


@pytest.mark.parametrize("taken", ["folder", "file", "link"])
def test_nothing_is_overwritten(products, taken):
    path = products.folder / BEFORE
    if taken == "folder":
        path.mkdir()
        (path / "plan.json").write_text("mine")
    elif taken == "file":
        path.write_text("mine")
    else:
        path.symlink_to(products.folder / "nowhere")
    former = products.put_network(SECOND)
    assert former.folder == products.folder / f"{BEFORE}-2"
    assert load(former.folder / "network.tern") == FIRST
    assert path.is_symlink() or (path / "plan.json" if path.is_dir() else path).read_text() == (
        "mine"
    )


def test_a_damaged_network_is_kept_under_its_bytes(products):
    products.network.write_text("no network")
    former = products.put_network(SECOND)
    assert former.name == "small"  # the plan says so
    assert former.folder.name.startswith("before-")
    assert (former.folder / "network.tern").read_text() == "no network"
    products.network.write_text("no network")
    assert str(products.put_network(SECOND)) == (f"the network before is now in {former.folder}-2")


@pytest.mark.parametrize("content_of", ["{", None])
def test_a_plan_that_cannot_be_used(products, content_of):
    plan = products.plan.read_text() if content_of is None else content_of
    products.plan.write_text(plan)
    kept = {"network.tern", "train.json", "test.npz"}
    before = content(products.folder)
    former = products.set_aside_plan()
    end = hashlib.sha256(plan.encode()).hexdigest() if content_of else digest(FIRST)
    assert former == Former(products.folder / f"before-{end[:8]}", "small", True, usable=False)
    assert str(former) == (
        f"the plan before, which cannot be used, and its products are now in {former.folder}"
    )
    assert content(former.folder).keys() == before.keys() - kept
    assert {name for name in content(products.folder) if "before" not in name} == kept


@pytest.mark.parametrize(
    ("board", "found"), [("ulx3s_85f", "ulx3s_85f"), ("", None), ("../x", None), (5, None)]
)
def test_board_of_the_plan(products, board, found):
    products.plan.write_text(json.dumps({"schema": 1, "board": board}))
    assert products.planned_board() == found
    products.plan.unlink()
    assert products.planned_board() is None


def test_a_plan_without_its_network(products):
    products.network.unlink()
    former = products.set_aside(SECOND)
    assert former == Former(products.folder / BEFORE, "small", True)
    assert (former.folder / "plan.json").exists()
    assert products.training.exists()


@pytest.mark.parametrize("name", ["../../victim", "sub/../../../victim", 3, None])
@pytest.mark.parametrize("digest", ["../../../victim", 5, "f" * 64])
def test_a_plan_that_names_files_elsewhere(products, tmp_path, name, digest):
    for end in ("v", "h"):
        (tmp_path / f"victim.{end}").touch()
    change = {"network": name, "network_digest": digest}
    products.plan.write_text(json.dumps(json.loads(products.plan.read_text()) | change))
    former = products.put_network(SECOND)
    assert former.folder.parent == products.folder
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "victim.h", "victim.v"]


def test_what_is_linked_stays_where_it_is(products, tmp_path):
    products.gateware.rename(tmp_path / "elsewhere")
    products.gateware.symlink_to(tmp_path / "elsewhere")
    products.plan.rename(tmp_path / "plan.json")
    products.plan.symlink_to("../plan.json")
    before = content(tmp_path / "elsewhere")
    former = products.put_network(SECOND)
    assert content(tmp_path / "elsewhere") == before
    assert not (former.folder / "gateware").exists()
    assert (former.folder / "plan.json").readlink() == tmp_path / "plan.json"
    assert (tmp_path / "plan.json").is_file()
    assert not products.plan.is_symlink()


def test_a_folder_that_cannot_be_made(products, monkeypatch):
    def mkdir(path, *args, **options):
        raise OSError(28, "No space left on device")

    before = content(products.folder)
    monkeypatch.setattr("pathlib.Path.mkdir", mkdir)
    message = (
        rf"^cannot create folder {products.folder}/{BEFORE}: No space left on device; "
        r"choose another with -o$"
    )
    with pytest.raises(BuildError, match=message):
        products.set_aside(SECOND)
    assert content(products.folder) == before


def test_products_that_cannot_be_moved(products, monkeypatch):
    def rename(path, *args):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("pathlib.Path.rename", rename)
    message = (
        rf"^cannot move products from {products.folder} into {products.folder}/{BEFORE}: "
        r"Read-only file system; choose another with -o$"
    )
    with pytest.raises(BuildError, match=message):
        products.set_aside(SECOND)


def test_remove_leaves_network_plan_and_what_is_no_product(products):
    (products.folder / "rtl" / "board.v").touch()
    before = content(products.folder).keys()
    removed = {str(path.relative_to(products.folder)) for path in products.remove()}
    kept = {"network.tern", "plan.json", "train.json", "test.npz", "rtl/board.v"}
    assert content(products.folder).keys() == kept
    assert removed == before - kept


def test_remove_report(products):
    before = content(products.folder).keys()
    products.remove_report()
    gone = {"report.json", "report.html", "manifest.json"}
    assert content(products.folder).keys() == before - gone


def test_waves_of_either_simulator_are_kept_with_their_plan(products):
    products.simulation.mkdir(exist_ok=True)
    waves = products.simulation / "dump.fst"
    products.waves.unlink(missing_ok=True)
    assert products.waves.name == "dump.vcd"
    waves.touch()
    assert products.waves == waves
    assert waves in products.remove()
