import dataclasses

import pytest
import torch

from threefold.errors import TrainingError
from threefold.quant import Stage, TrainConfig, build, train, train_stages
from threefold.quant.training.stages import checkpoint_names


@pytest.fixture(scope="module")
def staged(brief):
    stages = (Stage(2), Stage(1, "statistical", 4, rate=0.005))
    return dataclasses.replace(brief, epochs=2, stages=stages, distill=0.5)


def test_trainings_of_the_stages(staged):
    first, second, last = staged.trainings
    assert (first.weights, first.epochs, first.distill, first.stages) == ("float", 2, 0, ())
    assert (second.weights, second.bits, second.rate) == ("statistical", 4, 0.005)
    assert (second.distill, second.stages) == (0.5, staged.stages[:1])
    assert last is staged
    assert staged.total_epochs == staged.twin.total_epochs == 5
    assert staged.twin.stages == ()
    assert "after 2 epochs float, after 1 epochs statistical with 4 bits" in staged.recipe


def test_stages_come_back_from_plain_json(staged):
    assert TrainConfig(**staged.to_dict()) == staged


def test_every_stage_starts_from_the_one_before(dataset, staged):
    model, losses = train_stages(dataset, staged)
    assert len(losses) == 5
    alone = build(staged, dataset)
    teacher = build(staged.twin, dataset)
    assert train(alone, dataset, staged, teacher=teacher)[0] > losses[3]
    assert not torch.equal(model.layers[0].weight, alone.layers[0].weight)


def test_an_interruption_in_any_stage_changes_nothing(dataset, staged, tmp_path):
    whole, losses = train_stages(dataset, staged)
    for epochs in (1, 3, 4):
        folder = tmp_path / str(epochs)
        folder.mkdir()

        def stop(done, loss, epochs=epochs):
            if done == epochs:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train_stages(dataset, staged, folder=folder, on_epoch=stop)
        resumed, again = train_stages(dataset, staged, folder=folder)
        assert again == losses
        for key, value in whole.state_dict().items():
            assert torch.equal(value, resumed.state_dict()[key]), key
        assert sorted(path.name for path in folder.iterdir()) == sorted(checkpoint_names(staged))


def test_distillation_needs_a_teacher(dataset, staged):
    message = r"^distill 0\.5 needs a teacher; put a float stage in front$"
    with pytest.raises(TrainingError, match=message):
        train_stages(dataset, dataclasses.replace(staged, stages=()))


def test_the_share_of_the_teacher_decides(dataset, brief):
    teacher = build(brief.twin, dataset)
    train(teacher, dataset, brief.twin)
    losses = []
    for share in (0.0, 1.0):
        config = dataclasses.replace(brief, epochs=1, distill=share)
        losses += train(build(config, dataset), dataset, config, teacher=teacher)
    assert losses[0] != losses[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs of a stage must be at least 1, not 0"),
        ({"bits": 9}, r"bits of a stage must be 1…8, not 9"),
        ({"weights": "quinary"}, "weights must be one of .+, not 'quinary'"),
    ],
)
def test_impossible_stages(brief, changes, message):
    with pytest.raises(TrainingError, match=f"^{message}$"):
        dataclasses.replace(brief, stages=(Stage(**{"epochs": 1, **changes}),))


def test_a_stage_has_a_recipe_of_its_own(brief):
    stage = Stage(2, rate=0.5, weight_decay=0.25, schedule="step")
    config = dataclasses.replace(brief, stages=(stage, Stage(1)), weight_decay=0.125)
    first, second, last = config.trainings
    assert (first.rate, first.weight_decay, first.schedule) == (0.5, 0.25, "step")
    for each in (second, last):
        assert (each.rate, each.weight_decay, each.schedule) == (0.01, 0.125, "cosine")
    assert TrainConfig(**config.to_dict()) == config
    assert Stage(1).to_dict() == {"epochs": 1, "weights": "float", "bits": None, "rate": None}
    with pytest.raises(TrainingError, match=r"^schedule must be one of .*, not 'never'$"):
        dataclasses.replace(brief, stages=(Stage(1, schedule="never"),))


def test_steps_of_integer_weights_go_on_after_an_interruption(dataset, brief, tmp_path):
    stages = (Stage(1), Stage(2, "int", weight_bits=5))
    config = dataclasses.replace(brief, epochs=2, weights="int", weight_bits=3, stages=stages)
    whole, losses = train_stages(dataset, config)

    for epochs in (2, 4):

        def stop(done, loss, epochs=epochs):
            if done == epochs:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train_stages(dataset, config, folder=tmp_path, on_epoch=stop)
    resumed, again = train_stages(dataset, config, folder=tmp_path)
    assert again == losses
    state = resumed.state_dict()
    assert {"layers.0.quantizer.gain", "layers.0.quantizer.unit"} < set(state)
    assert state["layers.0.quantizer.gain"] != 1
    for key, value in whole.state_dict().items():
        assert torch.equal(value, state[key]), key
