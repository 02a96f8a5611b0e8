import dataclasses
import hashlib
import json

import numpy as np
import pytest

from threefold.errors import BuildError, FileFormatError, PlanError
from threefold.network import Codes, Dense, Logits, Network, Tensor, Threshold, load, save
from threefold.plan import Folding, fold, load_plan, save_plan
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
    assert [engine.schedule.tiles for engine in loaded.engines] == [
        engine.schedule.tiles for engine in plan.engines
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
            "the schema of plan.json is None, but this version of Threefold reads 1",
        ),
        (
            '{"schema": 2}',
            "the schema of plan.json is 2, but this version of Threefold reads 1",
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
        (["engines"], ..., "it must list 2 engines"),
        (["engines"], {}, "it must list 2 engines"),
        (["engines"], [{}], "it must list 2 engines"),
        (["engines", 0], None, "the engine of 'fc1' is not where it should be"),
        (["engines", 1, "name"], "fc1", "the engine of 'fc2' is not where it should be"),
        (["engines", 0, "pe"], "2", "'pe' of 'fc1' must be an integer, not '2'"),
        (["engines", 0, "pe"], True, "'pe' of 'fc1' must be an integer, not True"),
        (["engines", 0, "simd"], 3.0, "'simd' of 'fc1' must be an integer, not 3.0"),
        (["engines", 0, "lanes"], None, "'lanes' of 'fc1' must be an integer, not None"),
        (["engines", 0, "banks"], [], "'banks' of 'fc1' must be an integer, not []"),
        (
            ["engines", 0, "banks"],
            "x" * 99,
            f"'banks' of 'fc1' must be an integer, not '{'x' * 38}…",
        ),
        (
            ["engines", 0, "pe"],
            3,
            "PE count of 'fc1' must divide 8 rows, not 3; divisors are 1, 2, 4, 8",
        ),
        (
            ["engines", 0, "simd"],
            0,
            "SIMD width of 'fc1' must divide 12 columns, not 0; divisors are 1, 2, 3, 4, 6, 12",
        ),
        (["engines", 0, "lanes"], -1, "output lanes of 'fc1' must divide 2 PEs, not -1"),
        (["engines", 0, "banks"], 1, "'fc1' needs at least 2 banks, not 1"),
        (["engines", 0, "banks"], 10**9, "'fc1' may have at most 64 banks, not 1000000000"),
        (
            ["engines", 0, "tiles"],
            1,
            "engines[0].tiles is 1, but the network and its folding give 12",
        ),
        (
            ["engines", 0, "pe"],
            4,
            "engines[0].tiles is 12, but the network and its folding give 6",
        ),
        (["engines", 1, "rows"], ..., "engines[1].rows is missing"),
        (["engines", 1, "colour"], "red", "'engines[1].colour' means nothing"),
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
