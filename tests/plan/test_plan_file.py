import dataclasses
import hashlib
import json

import numpy as np
import pytest

from threefold.errors import BuildError, FileFormatError, PlanError
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
from threefold.plan import EnginePlan, Folding, PoolPlan, StepPlan, fold, load_plan, save_plan
from threefold.plan.file import digest


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
    assert loaded.dumps() == plan.dumps()
    assert loaded.foldings() == plan.foldings()
    assert [engine.schedule.tiles.tolist() for engine in loaded.engines] == [
        engine.schedule.tiles.tolist() for engine in plan.engines
    ]


def test_round_trip_with_the_network_from_its_file(network, plan, path, tmp_path):
    save(network, tmp_path / "network.tern")
    assert load_plan(load(tmp_path / "network.tern"), path).dumps() == plan.dumps()


def test_same_bytes(plan, path, tmp_path):
    save_plan(plan, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_digest_is_of_the_file(network, plan, path):
    assert digest(plan) == hashlib.sha256(path.read_bytes()).hexdigest()
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
            "the schema of plan.json is None, but this version of Threefold reads 2",
        ),
        (
            '{"schema": 1}',
            "the schema of plan.json is 1, but this version of Threefold reads 2",
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
        (["steps"], ..., "it must list 2 steps"),
        (["steps"], {}, "it must list 2 steps"),
        (["steps"], [{}], "it must list 2 steps"),
        (["steps", 0], None, "the entry of 'fc1' is not where it should be"),
        (["steps", 1, "name"], "fc1", "the entry of 'fc2' is not where it should be"),
        (["steps", 0, "pe"], "2", "'pe' of 'fc1' must be an integer, not '2'"),
        (["steps", 0, "pe"], True, "'pe' of 'fc1' must be an integer, not True"),
        (["steps", 0, "simd"], 3.0, "'simd' of 'fc1' must be an integer, not 3.0"),
        (["steps", 0, "lanes"], None, "'lanes' of 'fc1' must be an integer, not None"),
        (["steps", 0, "depth"], [], "'depth' of 'fc1' must be an integer, not []"),
        (
            ["steps", 0, "depth"],
            "x" * 99,
            f"'depth' of 'fc1' must be an integer, not '{'x' * 38}…",
        ),
        (
            ["steps", 0, "pe"],
            3,
            "PE count of 'fc1' must divide 8 rows, not 3; divisors are 1, 2, 4, 8",
        ),
        (
            ["steps", 0, "simd"],
            0,
            "SIMD width of 'fc1' must divide 12 columns, not 0; divisors are 1, 2, 3, 4, 6, 12",
        ),
        (["steps", 0, "lanes"], -1, "output lanes of 'fc1' must divide 2 PEs, not -1"),
        (
            ["steps", 0, "depth"],
            2,
            "the buffer of 'fc1' must be a power of two of at least 4 words, not 2",
        ),
        (["steps", 0, "depth"], 0, "'depth' of 'fc1' must be 1…16777216 words, not 0"),
        (
            ["steps", 0, "depth"],
            2**24 + 1,
            "'depth' of 'fc1' must be 1…16777216 words, not 16777217",
        ),
        (["steps", 0, "memory"], 3, "'memory' of 'fc1' must be a name, not 3"),
        (
            ["steps", 0, "memory"],
            "tape",
            "memory of 'fc1' must be one of auto, lut, block, spram, not 'tape'",
        ),
        (["buffers"], ..., "it must state 0 buffers before joins"),
        (["buffers"], {"fc1.0": 1}, "it must state 0 buffers before joins"),
        (
            ["steps", 0, "tiles"],
            1,
            "steps[0].tiles is 1, but the network and its folding give 12",
        ),
        (
            ["steps", 0, "pe"],
            4,
            "predicted_cycles.interval is 12, but the network and its folding give 8",
        ),
        (["steps", 1, "rows"], ..., "steps[1].rows is missing"),
        (["steps", 1, "colour"], "red", "'steps[1].colour' means nothing"),
        (["argmax"], True, "argmax is True, but the network and its folding give False"),
        (["argmax"], 0, "argmax is 0, but the network and its folding give False"),
        (
            ["predicted_cycles", "interval"],
            float("nan"),
            "predicted_cycles.interval is nan, but the network and its folding give 12",
        ),
        (
            ["network"],
            "other",
            "network is 'other', but the network and its folding give 'sample'",
        ),
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
    levels = Threshold(np.sort(rng.integers(-4, 5, (2, 3)), axis=1))
    nodes = [
        Node("conv", Conv(rng.integers(-1, 2, (2, 3, 3, 2)), padding=(1,) * 4), ["input"]),
        Node("act", levels, ["conv"]),
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
    assert loaded.dumps() == plan.dumps()
    assert loaded.buffers == plan.buffers
    assert [type(step) for step in loaded.steps] == [EnginePlan, StepPlan, PoolPlan]
    assert [step.lanes for step in loaded.steps] == [step.lanes for step in plan.steps]


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (["buffers"], [], "it must state 2 buffers before joins"),
        (["buffers", "sum.0"], ..., "it must state 2 buffers before joins"),
        (["buffers", "sum.2"], 1, "it must state 2 buffers before joins"),
        (["buffers", "sum.1"], -1, "buffer sum.1 must be 0…16777216 beats, not -1"),
        (["buffers", "sum.1"], 2**24 + 1, "buffer sum.1 must be 0…16777216 beats, not 16777217"),
        (["buffers", "sum.1"], 1.5, "'sum.1' of 'a join' must be an integer, not 1.5"),
        (["steps", 1, "lanes"], 3, "lanes of 'sum' must divide 2 channels, not 3"),
        (["steps", 1, "lanes"], "1", "'lanes' of 'sum' must be an integer, not '1'"),
        (
            ["steps", 2, "depth"],
            3,
            "the buffer of 'pool' must be a power of two of at least 16 words, not 3",
        ),
        (["steps", 2, "depth"], None, "'depth' of 'pool' must be an integer, not None"),
        (["steps", 2, "memory"], [], "'memory' of 'pool' must be a name, not []"),
        (
            ["steps", 1, "op"],
            "pool",
            "steps[1].op is 'pool', but the network and its folding give 'add'",
        ),
        (
            ["buffers", "sum.1"],
            0,
            "branches of this accelerator wait for each other for ever: make the buffers sum.0, "
            "sum.1 deeper",
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


def test_edited_prediction(network, plan, path):
    content = json.loads(path.read_text())
    content["predicted_cycles"]["latency"] = float("nan")
    path.write_text(json.dumps(content))
    with pytest.raises(FileFormatError) as error:
        load_plan(network, path)
    assert str(error.value) == (
        f"{path} is not a usable plan: predicted_cycles.latency is nan, but the network and its "
        f"folding give {plan.cycles.latency}; plan again"
    )


def test_board_is_kept(network, plan, path):
    save_plan(dataclasses.replace(plan, board="icebreaker"), path)
    assert load_plan(network, path).board == "icebreaker"
