import dataclasses
import json
import re

import pytest

from threefold.errors import TrainingError
from threefold.quant import NETWORKS, PRESETS, Stage, TrainConfig, mlp


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("epochs", 0, "epochs must be at least 1, not 0"),
        ("batch", 0, "batch must be at least 1, not 0"),
        ("threads", 0, "threads must be at least 1, not 0"),
        ("widths", (8, 0), "widths must be 1…65536, not 0"),
        ("widths", (8, 10**11), "widths must be 1…65536, not 100000000000"),
        ("bits", 9, "bits must be 1…8, not 9"),
        ("rate", float("nan"), "rate must be positive, not nan"),
        ("weight_decay", -1.0, r"weight_decay must be at least 0, not -1\.0"),
        ("first", 9, "first must be 2…8, not 9"),
        ("last", 1, "last must be 2…8, not 1"),
        ("weight_bits", 2.5, r"weight_bits must be a whole number, not 2\.5"),
        (
            "weight_bits",
            3,
            "weight_bits are those of weights 'int', not of 'statistical'; leave them out",
        ),
        ("scale_decay", float("inf"), "scale_decay must be at least 0, not inf"),
        (
            "tight",
            True,
            "the tight derivative is that of bipolar activations, not of unsigned",
        ),
        ("smoothing", 1.0, r"smoothing must be at least 0 and below 1, not 1\.0"),
        ("distill", 1.5, r"distill must be 0…1, not 1\.5"),
        ("sandwich", -1, "sandwich must be at least 0, not -1"),
        ("seed", -1, "seed must be 0…2147483647, not -1"),
        ("epochs", 1.5, r"epochs must be a whole number, not 1\.5"),
        ("epochs", None, "epochs must be a whole number, not None"),
        ("bits", "two", "bits must be a whole number, not 'two'"),
        ("seed", True, "seed must be a whole number, not True"),
        ("rate", "fast", "rate must be a number, not 'fast'"),
        ("widths", (8, 2.5), r"widths must be 1…65536, not 2\.5"),
        ("compiled", "yes", "compiled must be True or False, not 'yes'"),
        ("dynamic", ("half",), r"ratios must be above 0 and at most 1, not \('half', 'half'\)"),
        (
            "network",
            "vit",
            "network must be one of lenet, mlp, .*, not 'vit'",
        ),
        ("schedule", "warm", "schedule must be one of cosine, step, published, not 'warm'"),
        ("optimizer", "lion", "optimizer must be one of adamw, sgd, not 'lion'"),
        ("device", "tpu", "device must be one of cpu, cuda, not 'tpu'"),
    ],
)
def test_values_out_of_range(field, value, message):
    with pytest.raises(TrainingError, match=f"^{message}$"):
        dataclasses.replace(PRESETS["digits"], **{field: value})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "epochs of a stage must be at least 1, not 0"),
        ({"epochs": 2, "bits": 9}, "bits of a stage must be 1…8, not 9"),
        ({"epochs": 2, "weight_bits": 9}, "weight_bits of a stage must be 2…8, not 9"),
        ({"epochs": 2, "rate": "slow"}, "rate of a stage must be a number, not 'slow'"),
    ],
)
def test_stages_out_of_range(values, message):
    with pytest.raises(TrainingError, match=f"^{message}$"):
        Stage(**values)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [("cosine", [1, 0.75, 0.25]), ("step", [1, 0.1, 0.01])],
)
def test_schedules(schedule, rates):
    config = TrainConfig("digits", (), 2, epochs=3, rate=1.0, schedule=schedule)
    assert [config.rate_at(epoch) for epoch in range(3)] == pytest.approx(rates)


def test_values_come_back_from_plain_json():
    config = PRESETS["digits"]
    assert TrainConfig(**config.to_dict()) == config
    assert "mlp of widths 64-64, 2-bit activations" in config.recipe


def test_widths_left_out_are_those_of_the_published_network():
    config = TrainConfig("cifar10", None, 4, epochs=1, network="resnet20")
    assert config == TrainConfig("cifar10", (16, 32, 64), 4, epochs=1, network="resnet20")
    assert config.choices()["widths"] == [16, 32, 64]
    assert TrainConfig("digits", (), 2, epochs=1).widths == ()
    with pytest.raises(TrainingError, match=r"^network must be one of .*, not 'vit'$"):
        TrainConfig("cifar10", None, 4, epochs=1, network="vit")


def test_a_recipe_says_what_is_unusual():
    config = dataclasses.replace(
        PRESETS["digits"], activations="bipolar", two_pass=True, scale_decay=1e-4, tight=True
    )
    words = ", thresholds in a pass of their own, decay of scales 0.0001, tight derivative of the "
    assert config.recipe.endswith(f"{words}sign; last epoch")
    assert config.twin.two_pass


DYNAMIC = dataclasses.replace(PRESETS["digits"], dynamic=(0.5, (0.25, 1), 0.125))


def test_dynamic_widths_have_names_and_numbers():
    assert DYNAMIC.narrower == {"w50": (32, 32), "w25_100": (16, 64), "w12p5": (8, 8)}
    odd = dataclasses.replace(DYNAMIC, widths=(5, 3), dynamic=(0.5, 0.001))
    assert odd.narrower == {"w50": (3, 2), "w0p1": (1, 1)}
    assert ", dynamic widths w50 w25_100 w12p5 with 1 at random" in DYNAMIC.recipe
    assert "dynamic" not in PRESETS["digits"].recipe


def test_dynamic_widths_tell_trainings_apart_and_come_back_from_json():
    values = json.loads(json.dumps(DYNAMIC.to_dict()))
    assert values["dynamic"] == [0.5, [0.25, 1], 0.125]
    assert TrainConfig(**values) == DYNAMIC
    assert DYNAMIC.choices()["dynamic"] == values["dynamic"]
    assert "dynamic" not in PRESETS["digits"].choices()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"dynamic": ((0.5,),)},
            "a dynamic width has one ratio, or 2 as there are widths, not 1",
        ),
        (
            {"dynamic": (0.5,), "widths": ()},
            "a dynamic width has one ratio, or 0 as there are widths, not 0",
        ),
        (
            {"dynamic": (0.0,)},
            "ratios must be above 0 and at most 1, not (0.0, 0.0)",
        ),
        (
            {"dynamic": ((0.5, 1.5),)},
            "ratios must be above 0 and at most 1, not (0.5, 1.5)",
        ),
        (
            {"dynamic": (0.5, 0.5)},
            "dynamic widths must differ and be narrower than the network, not (0.5, 0.5)",
        ),
        (
            {"dynamic": (1.0,)},
            "dynamic widths must differ and be narrower than the network, not (1.0,)",
        ),
        (
            {"dynamic": ((1 / 3,) * 6,), "widths": (8,) * 6},
            "names of dynamic widths have at most 32 letters, not "
            "w33p33_33p33_33p33_33p33_33p33_33p33; use round percentages",
        ),
        ({"sandwich": -1}, "sandwich must be at least 0, not -1"),
    ],
)
def test_dynamic_widths_that_are_not_possible(changes, message):
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        dataclasses.replace(PRESETS["digits"], **changes)


def test_a_configuration_for_a_model_of_ones_own():
    config = TrainConfig(epochs=3)
    assert config.choices() == {"dataset": "own", "widths": [64, 64], "bits": 4, "epochs": 3}


def test_networks_of_ones_own(monkeypatch):
    monkeypatch.setitem(NETWORKS, "mine", mlp)
    assert TrainConfig(network="mine").widths == ()


MIXED = dataclasses.replace(
    PRESETS["digits"],
    weights="clip",
    first=8,
    last=7,
    stages=(Stage(3), Stage(2, "int", 3, weight_bits=5), Stage(1, "int")),
)


def test_widths_of_weights_are_those_of_the_training_and_of_its_stages():
    first, second, third, last = MIXED.trainings
    assert (first.first, first.last, first.weight_bits) == (None, None, None)
    assert (second.first, second.last, second.weight_bits) == (8, 7, 5)
    assert (third.first, third.last, third.weight_bits) == (8, 7, None)
    assert last is MIXED
    assert (MIXED.twin.first, MIXED.twin.last) == (None, None)
    assert MIXED.recipe.startswith(
        "clip weights (8 bits in the first layer, 7 bits in the last layer), mlp of widths 64-64, "
    )
    assert ", after 2 epochs int of 5 bits with 3 bits, after 1 epochs int of 4" in MIXED.recipe
    three = dataclasses.replace(PRESETS["digits"], weights="int", weight_bits=3)
    assert three.recipe.startswith("int weights of 3 bits, mlp")
    assert three.trainings == [three]
    assert three.twin.weight_bits is None


def test_widths_of_weights_come_back_from_json_and_tell_trainings_apart():
    assert TrainConfig(**json.loads(json.dumps(MIXED.to_dict()))) == MIXED
    assert (MIXED.choices()["first"], MIXED.choices()["last"]) == (8, 7)
    assert not {"first", "last", "weight_bits"} & set(PRESETS["digits"].choices())
    message = "weight_bits are those of weights 'int', not of 'float'; leave them out"
    with pytest.raises(TrainingError, match=f"^{message}$"):
        dataclasses.replace(MIXED, stages=(Stage(1, weight_bits=3),))
