import dataclasses
import json

import numpy as np
import pytest

from threefold.errors import BuildError, FileFormatError, PlanError
from threefold.fpga import Resources
from threefold.network import (
    Add,
    Codes,
    Conv,
    Dense,
    Logits,
    MaxPool,
    Network,
    Node,
    Tensor,
    Threshold,
    load,
    save,
)
from threefold.plan import Folding, fold, load_plan, save_plan
from threefold.plan.file import digest
from threefold.plan.units import KINDS
from threefold.plan.units.engine import EngineUnit

from ..accelerators import engines


def make_network(seed=0):
    rng = np.random.default_rng(seed)
    first = rng.integers(-1, 2, (8, 12))
    first[:4, :6] = 0
    ops = [
        ("fc1", Dense(first)),
        ("act1", Threshold(np.sort(rng.integers(-9, 9, (8, 3)), axis=1))),
        ("fc2", Dense(rng.integers(-1, 2, (4, 8)))),
        ("logits", Logits(rng.integers(-5, 5, 4))),
    ]
    return Network.chain("sample", Tensor((1, 1, 12), Codes.unsigned(2)), ops)


@pytest.fixture
def network():
    return make_network()


@pytest.fixture
def plan(network):
    return fold(network, {"fc1": Folding(2, 3), "fc2": Folding(2, 4)})


@pytest.fixture
def path(plan, tmp_path):
    save_plan(plan, tmp_path / "plan.json")
    return tmp_path / "plan.json"


def test_round_trip(network, plan, path):
    loaded = load_plan(network, path)
    assert loaded.network is network
    assert loaded == plan
    assert loaded.foldings() == plan.foldings()
    assert [engine.schedule.tiles.tolist() for engine in engines(loaded)] == [
        engine.schedule.tiles.tolist() for engine in engines(plan)
    ]


def test_round_trip_with_the_network_from_its_file(network, plan, path, tmp_path):
    save(network, tmp_path / "network.tern")
    assert load_plan(load(tmp_path / "network.tern"), path) == plan


def test_same_bytes(plan, path, tmp_path):
    save_plan(plan, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_digest_is_of_decisions(network, plan, path, monkeypatch):
    own = digest(plan)
    monkeypatch.setattr("threefold.plan.file.SCHEMA", 99)
    assert digest(plan) == own != digest(dataclasses.replace(plan, board="icebreaker"))
    assert digest(plan) != digest(fold(network, {"fc1": Folding(2, 3), "fc2": Folding(2, 2)}))


def test_cannot_write(plan, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BuildError):
        save_plan(plan, tmp_path / "file" / "plan.json")


def test_another_network(path):
    with pytest.raises(PlanError, match=r"^.*plan\.json is the plan of another network than"):
        load_plan(make_network(seed=1), path)


def test_missing(network, tmp_path):
    with pytest.raises(FileFormatError, match=r"^cannot read .*none: No such file or directory$"):
        load_plan(network, tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "plan.json is not valid JSON"),
        ("{", "plan.json is not valid JSON"),
        ("\xff", "plan.json is not valid JSON"),
        ("[" * 100_000, "plan.json is not valid JSON"),
        ("1" * 10_000, "plan.json is not valid JSON"),
        ("[]", "plan.json must hold a JSON object, not list"),
        ("null", "plan.json must hold a JSON object, not NoneType"),
        (
            "{}",
            "the schema of plan.json is None, but this version of Threefold reads 4; plan again",
        ),
        (
            '{"schema": 2, "steps": []}',
            "the schema of plan.json is 2, but this version of Threefold reads 4; plan again",
        ),
        (" " * (1 << 24) + "{}", "plan.json holds more than 16 MiB of JSON"),
    ],
)
def test_damaged(network, tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.json").write_text(text, encoding="latin-1")
    with pytest.raises(FileFormatError) as error:
        load_plan(network, "plan.json")
    assert str(error.value) == message


def edit(content, place, value):
    *way, last = place
    for key in way:
        content = content[key]
    if value is ...:
        del content[last]
    else:
        content[last] = value


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (["units"], ..., "'units' must be a list, not None"),
        (["units"], {}, "'units' must be a list, not {}"),
        (["units"], [{}], "the layers of a unit must begin with 'fc1', not None"),
        (["units"], [], "no unit realizes 'fc1'"),
        (["units", 0], None, "the layers of a unit must begin with 'fc1', not None"),
        (
            ["units", 0, "layers"],
            ["fc2"],
            "the layers of a unit must begin with 'fc1', not ['fc2']",
        ),
        (
            ["units", 0, "layers"],
            ["fc1", "fc2"],
            "a unit of kind 'engine' does not realize 'fc1', 'fc2'",
        ),
        (
            ["units", 1, "layers"],
            ["fc2", "fc3"],
            "the layers of a unit must begin with 'fc2', not ['fc2', 'fc3']",
        ),
        (
            ["units", 0, "kind"],
            "abacus",
            f"no unit is of kind 'abacus'; kinds are {', '.join(KINDS)}",
        ),
        (["units", 0, "kind"], "pool", "a unit of kind 'pool' does not realize 'fc1'"),
        (["units", 0, "kind"], 3, "'kind' must be a name, not 3"),
        (["units", 0, "decisions"], [], "'decisions' must be an object, not []"),
        (["units", 0, "decisions", "pe"], "2", "'pe' of 'fc1' must be an integer, not '2'"),
        (["units", 0, "decisions", "pe"], True, "'pe' of 'fc1' must be an integer, not True"),
        (["units", 0, "decisions", "simd"], 3.0, "'simd' of 'fc1' must be an integer, not 3.0"),
        (["units", 0, "decisions", "lanes"], None, "'lanes' of 'fc1' must be an integer, not None"),
        (["units", 0, "decisions", "lanes"], ..., "'lanes' of 'fc1' is missing"),
        (["units", 0, "decisions", "pe"], ..., "'pe' of 'fc1' is missing"),
        (["units", 0, "decisions", "depth"], [], "'depth' of 'fc1' must be an integer, not []"),
        (
            ["units", 0, "decisions", "pe"],
            3,
            "PE count of 'fc1' must divide 8 rows, not 3; divisors are 1, 2, 4, 8",
        ),
        (
            ["units", 0, "decisions", "simd"],
            0,
            "SIMD width of 'fc1' must divide 12 columns, not 0; divisors are 1, 2, 3, 4, 6, 12",
        ),
        (["units", 0, "decisions", "lanes"], -1, "output lanes of 'fc1' must divide 2 PEs, not -1"),
        (
            ["units", 0, "decisions", "depth"],
            2,
            "activation buffer of 'fc1' must be a power of two of at least 4 words, not 2",
        ),
        (
            ["units", 0, "decisions", "depth"],
            2**25,
            "activation buffer of 'fc1' takes 33,554,432 words, and holds at most "
            "16,777,216; use a smaller map or a smaller kernel",
        ),
        (
            ["units", 0, "decisions", "depth"],
            0,
            "the depth of the buffer of 'fc1' must be decided, not 0",
        ),
        (["units", 0, "decisions", "memory"], 3, "'memory' of 'fc1' must be a name, not 3"),
        (
            ["units", 0, "decisions", "memory"],
            "tape",
            "memory of 'fc1' must be one of auto, lut, block, split, spram, not 'tape'",
        ),
        (
            ["units", 0, "decisions", "colour"],
            "red",
            "'colour' of 'fc1' is not decided for kind 'engine'",
        ),
        (["buffers"], ..., "'buffers' must hold nothing"),
        (["buffers"], {"fc1.0": 1}, "'buffers' must hold nothing"),
        (["board"], None, "'board' must be a name, not None"),
    ],
)
def test_edited(network, path, place, value, message):
    content = json.loads(path.read_text())
    edit(content, place, value)
    path.write_text(json.dumps(content))
    with pytest.raises(FileFormatError) as error:
        load_plan(network, path)
    assert str(error.value) == f"{path} is not a usable plan: {message}; plan again"


def make_branches():
    rng = np.random.default_rng(0)
    tensor = Tensor((4, 4, 2), Codes.unsigned(2))
    thresholds = Threshold(np.sort(rng.integers(-4, 5, (2, 3)), axis=1))
    nodes = [
        Node("conv", Conv(rng.integers(-1, 2, (2, 3, 3, 2)), padding=(1,) * 4), ["input"]),
        Node("act", thresholds, ["conv"]),
        Node("sum", Add(), ["act", "input"]),
        Node("pool", MaxPool((2, 2), (2, 2)), ["sum"]),
    ]
    return Network("branches", tensor, nodes)


@pytest.fixture
def branches():
    return make_branches()


@pytest.fixture
def branches_path(branches, tmp_path):
    save_plan(fold(branches, {"conv": Folding(2, 1)}), tmp_path / "branches.json")
    return tmp_path / "branches.json"


def test_round_trip_of_branches(branches, branches_path):
    plan = fold(branches, {"conv": Folding(2, 1)})
    loaded = load_plan(branches, branches_path)
    assert loaded == plan
    assert loaded.buffers == plan.buffers
    assert [unit.kind for unit in loaded.units] == ["engine", "add", "pool"]
    assert [unit.o_lanes for unit in loaded.units] == [unit.o_lanes for unit in plan.units]


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (["buffers"], [], "'buffers' must hold sum.0, sum.1"),
        (["buffers", "sum.0"], ..., "'buffers' must hold sum.0, sum.1"),
        (["buffers", "sum.2"], 1, "'buffers' must hold sum.0, sum.1"),
        (["buffers", "sum.1"], -1, "FIFO sum.1 must be 0…16777216 beats, not -1"),
        (["buffers", "sum.1"], 2**24 + 1, "FIFO sum.1 must be 0…16777216 beats, not 16777217"),
        (["buffers", "sum.1"], 1.5, "FIFO sum.1 must be 0…16777216 beats, not 1.5"),
        (["units", 1, "decisions", "lanes"], 3, "lanes of 'sum' must divide 2 channels, not 3"),
        (["units", 1, "decisions", "lanes"], "1", "'lanes' of 'sum' must be an integer, not '1'"),
        (
            ["units", 2, "decisions", "depth"],
            3,
            "activation buffer of 'pool' must be a power of two of at least 16 words, not 3",
        ),
        (
            ["units", 2, "decisions", "depth"],
            None,
            "'depth' of 'pool' must be an integer, not None",
        ),
        (["units", 2, "decisions", "memory"], [], "'memory' of 'pool' must be a name, not []"),
        (["units", 1, "kind"], "pool", "a unit of kind 'pool' does not realize 'sum'"),
        (
            ["buffers", "sum.1"],
            0,
            "branches of this accelerator deadlock: make the FIFOs sum.0, sum.1 deeper",
        ),
    ],
)
def test_edited_branches(branches, branches_path, place, value, message):
    content = json.loads(branches_path.read_text())
    edit(content, place, value)
    branches_path.write_text(json.dumps(content))
    with pytest.raises(FileFormatError) as error:
        load_plan(branches, branches_path)
    assert str(error.value) == f"{branches_path} is not a usable plan: {message}; plan again"


def test_a_plan_outlives_the_figures_of_the_model(network, plan, path, monkeypatch):
    """What a model says of a plan is no part of the plan."""
    before = path.read_bytes()
    own = digest(plan)
    monkeypatch.setattr(EngineUnit, "interval", property(lambda unit: 7))
    monkeypatch.setattr("threefold.plan.units.engine.READER_LATENCY", 5)
    monkeypatch.setattr(EngineUnit, "resources", lambda unit, family: Resources(1))
    loaded = load_plan(network, path)
    assert loaded.bottleneck.interval == 7
    assert loaded.cycles.latency == plan.cycles.latency
    assert digest(loaded) == own
    save_plan(loaded, path)
    assert path.read_bytes() == before


def test_board_is_kept(network, plan, path):
    save_plan(dataclasses.replace(plan, board="icebreaker"), path)
    assert load_plan(network, path).board == "icebreaker"
