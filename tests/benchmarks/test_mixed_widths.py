import dataclasses
import json
from pathlib import Path

import mixed_widths as benchmark
import numpy as np
import pytest
from mixed_widths import ROWS, Row, Trials

from threefold.network import Conv
from threefold.quant import build, digit_maps, export

RECORD = Path(__file__).parents[2] / "benchmarks" / "mixed_widths.json"
TRIALS = Trials("lenet-digits", digit_maps(), None)


@pytest.mark.parametrize("name", ROWS)
def test_a_narrower_network_has_as_much_as_the_ternary_one(name):
    row, whole = ROWS[name], build(benchmark.CASES["lenet-digits"], TRIALS.dataset)
    config = TRIALS.config(row)
    if not row.equal:
        assert config.widths == (16, 32)
        return
    cost = benchmark.COSTS[row.equal]
    assert 0.9 * cost(whole) < cost(build(config, TRIALS.dataset)) <= 1.02 * cost(whole)
    wider = dataclasses.replace(config, widths=[width + 2 for width in config.widths])
    assert cost(build(wider, TRIALS.dataset)) > 1.02 * cost(whole)


def test_bits_and_digits_are_those_of_the_network():
    row = Row({"weights": "int", "weight_bits": 3, "first": 8, "last": 5})
    model = build(dataclasses.replace(TRIALS.config(row), widths=(4, 6)), TRIALS.dataset)
    network = export(model, "mixed")
    convs = [node for node in network.nodes if isinstance(node.op, Conv)]
    assert [node.op.bits for node in convs] == [8, 3, 5]
    assert benchmark.bits(model) == sum(node.op.weights.size * node.op.bits for node in convs)
    pixels = [int(np.prod(network.types[node.name].shape[:2])) for node in convs]
    digits = [node.op.weights.size * node.op.digits for node in convs]
    assert benchmark.work(model) == int(np.dot(pixels, digits))


def test_cycles_are_those_of_the_digits_that_hold_a_weight():
    model = build(TRIALS.config(ROWS["2 bits"]), TRIALS.dataset)
    figures = benchmark.measure(model, TRIALS.dataset)
    first = 64 * 16 * 9  # products of conv1, whose arrays have one column
    assert figures["digits"] == benchmark.work(model)
    assert 0.8 < figures["cycles"] / ((figures["digits"] - first) / 4 + first / 2) <= 1


def test_a_run_that_is_kept_is_not_trained_again(monkeypatch, tmp_path):
    small = dataclasses.replace(benchmark.CASES["lenet-digits"], widths=(4, 6), epochs=1)
    monkeypatch.setitem(benchmark.CASES, "lenet-digits", small)
    trials = Trials("lenet-digits", TRIALS.dataset, tmp_path)
    row = ROWS["2 bits"]
    first = trials.run("2 bits", row, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "lenet-digits_2_bits_1.json",
        "lenet-digits_2_bits_1.pt",
    ]
    monkeypatch.setattr(benchmark, "train", lambda *_, **__: pytest.fail("trained"))
    assert trials.run("2 bits", row, 1) == first
    assert first["seed"] == 1


def test_means():
    runs = [{"accuracy": 0.9 + seed / 10, "bits": 8, "cycles": 10 + seed} for seed in (0, 1)]
    rows = [{"row": "2 bits", "widths": [4, 6], "equal": "", "runs": runs}]
    (found,) = benchmark.summary(rows)
    assert (found["widths"], found["bits"], found["cycles"]) == ("4-6", 8, 10.5)
    assert found["mean"] == pytest.approx(0.95)
    assert found["standard_deviation"] == pytest.approx(0.1 / 2**0.5)
    assert next(iter(benchmark.table("net", rows).columns[3].cells)) == "10"


def test_what_is_on_record_is_what_the_script_trains():
    networks = json.loads(RECORD.read_text())["networks"]
    assert list(networks) == sorted(benchmark.CASES)
    for rows in (each["rows"] for each in networks.values()):
        assert [row["row"] for row in rows] == list(ROWS)
        assert all([run["seed"] for run in row["runs"]] == [0, 1, 2] for row in rows)
    for row in networks["lenet-digits"]["rows"]:
        assert row["widths"] == list(TRIALS.config(ROWS[row["row"]]).widths)
