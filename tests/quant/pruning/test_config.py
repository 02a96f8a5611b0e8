import dataclasses
import json
import re

import pytest

from threefold.errors import TrainingError
from threefold.quant import PRESETS, Pruning, Stage, TrainConfig

FULL = Pruning(
    tile=(8, 4),
    tiles={"fc1": (2, 16), "conv1": (4, 1)},
    whole_kernel=True,
    fraction=0.75,
    scope="network",
    collapse=0.1,
    penalty=1e-3,
    clip=None,
    start=2,
    end=9,
    stage=2,
    first=True,
    last=True,
)


@pytest.mark.parametrize("pruning", [Pruning(), FULL])
def test_values_come_back_from_plain_json(pruning):
    assert Pruning(**json.loads(json.dumps(pruning.to_dict()))) == pruning
    stages = (Stage(1), Stage(12)) if pruning.stage else ()
    config = dataclasses.replace(PRESETS["digits"], stages=stages, pruning=pruning)
    for values in (config.to_dict(), config.choices()):
        values = {**PRESETS["digits"].to_dict(), **json.loads(json.dumps(values))}
        assert TrainConfig(**values) == config
    assert hash(config) == hash(TrainConfig(**config.to_dict()))


def test_a_configuration_without_pruning_is_told_by_the_same_values_as_ever():
    assert "pruning" not in PRESETS["digits"].choices()
    assert PRESETS["digits"].to_dict()["pruning"] is None


def test_the_recipe_tells():
    stages = (Stage(1), Stage(12))
    config = dataclasses.replace(PRESETS["digits"], stages=stages, pruning=FULL)
    assert (
        "75% of tiles 8×4, conv1 4×1, fc1 2×16 of whole kernels pruned by network, "
        "group lasso 0.001, in stage 2, after 1 epochs" in config.recipe
    )
    assert Pruning().recipe == (
        "50% of tiles 4×4 of one kernel position pruned by layer, group lasso 0.0025 clipped at 0.7"
    )


def test_the_part_grows_along_a_cubic():
    pruning = Pruning(fraction=0.8, start=2, end=6)
    parts = [pruning.part(done, 10) for done in range(11)]
    assert parts[:3] == [0, 0, 0]
    assert parts[3] == pytest.approx(0.8 * (1 - 0.75**3))
    assert parts[4] == pytest.approx(0.8 * (1 - 0.5**3))
    assert parts[6:] == [0.8] * 5
    assert parts == sorted(parts)


@pytest.mark.parametrize(
    ("start", "epochs", "until"), [(0, 60, 30), (0, 1, 1), (40, 60, 41), (0, 3, 1)]
)
def test_half_of_the_training_unless_told(start, epochs, until):
    assert Pruning(start=start).until(epochs) == until


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tile": (4, 0)}, "a tile is two positive integers, PE and SIMD, not (4, 0)"),
        ({"tile": (4,)}, "a tile is two positive integers, PE and SIMD, not (4,)"),
        (
            {"tiles": {"fc1": (1, 2, 3)}},
            "a tile is two positive integers, PE and SIMD, not (1, 2, 3)",
        ),
        ({"fraction": 1.0}, "fraction of pruning must be at least 0 and below 1, not 1.0"),
        ({"fraction": "half"}, "fraction of pruning must be a number, not 'half'"),
        ({"collapse": -0.5}, "collapse of pruning must be at least 0 and below 1, not -0.5"),
        ({"penalty": float("nan")}, "penalty of pruning must be at least 0, not nan"),
        ({"penalty": None}, "penalty of pruning must be a number, not None"),
        ({"clip": 0.0}, "clip of pruning must be positive, not 0.0"),
        ({"whole_kernel": 1}, "whole_kernel of pruning must be True or False, not 1"),
        ({"scope": "all"}, "the scope of pruning must be one of layer, network, not 'all'"),
        (
            {"start": 3, "end": 3},
            "pruning must end after epoch 3 where it starts, not 3",
        ),
        ({"stage": 0}, "stage of pruning must be at least 1, not 0"),
        ({"start": -1}, "start of pruning must be at least 0, not -1"),
    ],
)
def test_values_out_of_range(values, message):
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        Pruning(**values)


def test_pruning_in_a_stage_that_is_not_there():
    message = "pruning happens in stage 2, but there are 1; leave it out for the training itself"
    with pytest.raises(TrainingError, match=f"^{message}$"):
        dataclasses.replace(PRESETS["digits"], stages=(Stage(2),), pruning=Pruning(stage=2))


def test_pruning_that_outlasts_training():
    message = "pruning ends after 61 epochs; train for as many, not 60"
    with pytest.raises(TrainingError, match=f"^{message}$"):
        dataclasses.replace(PRESETS["digits"], pruning=Pruning(end=61))
