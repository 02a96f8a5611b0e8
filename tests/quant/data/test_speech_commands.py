import re

import numpy as np
import pytest

from threefold.errors import DataError
from threefold.quant import load_dataset
from threefold.quant.data.speech_commands import _held_out

WORDS = ["down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes"]
CLASSES = np.array([*WORDS, "_silence_", "_unknown_"])
SPEAKERS = [f"{number:08x}" for number in range(20)]
CLIPS = [
    *((WORDS.index(w), f"{w}/{s}_nohash_{n}.wav") for w in WORDS for s in SPEAKERS for n in (0, 1)),
    *((10, f"_silence_/{number}.wav") for number in range(40)),
    *((11, f"_unknown_/two_words_{s}_nohash_0.wav.wav") for s in SPEAKERS),
]
ARRAYS = {
    "mfcc_f16": np.random.default_rng(0).normal(3, 2, (len(CLIPS), 49, 10)).astype(np.float16),
    "label": np.array([label for label, _ in CLIPS], np.uint8),
    "filename": np.array([file for _, file in CLIPS]),
    "classes": CLASSES,
}


def write(folder, **changes):
    path = folder / "speech_commands_v2_testset_mfcc.npz"
    np.savez(path, **(ARRAYS | changes))
    return path


def test_no_speaker_is_in_both_parts(tmp_path):
    write(tmp_path)
    dataset = load_dataset("speech_commands", tmp_path)
    held_out = np.array([_held_out(file) for _, file in CLIPS])
    assert np.array_equal(dataset.test_labels, ARRAYS["label"][held_out])
    assert np.array_equal(dataset.train_labels, ARRAYS["label"][~held_out])
    speakers = {
        part: {s for (_, f), out in zip(CLIPS, held_out, strict=True) for s in SPEAKERS
               if s in f and out == part}
        for part in (False, True)
    }  # fmt: skip
    assert not speakers[False] & speakers[True]
    assert len(speakers[False] | speakers[True]) == len(SPEAKERS)
    assert {10, 11} < set(dataset.train_labels)
    assert {10, 11} < set(dataset.test_labels)


def test_one_in_five_speakers_is_held_out_for_good():
    chosen = [_held_out(f"yes/{number:08x}_nohash_0.wav") for number in range(5000)]
    assert sum(chosen) == 995
    for place in ("no/{}_nohash_4.wav", "_unknown_/cat_{}_nohash_1.wav.wav", "{}_nohash_0.wav"):
        assert [_held_out(place.format(f"{number:08x}")) for number in range(5000)] == chosen


def test_codes_are_standardised_by_the_clips_to_train_with(tmp_path):
    held_out = np.array([_held_out(file) for _, file in CLIPS])
    features = ARRAYS["mfcc_f16"].copy()
    features[held_out] += 3
    write(tmp_path, mfcc_f16=features)
    dataset = load_dataset("speech_commands", tmp_path)
    assert str(dataset.input) == "49×10×1 codes 0…255 = -128…127"
    assert dataset.names == (*WORDS, "silence", "unknown")
    assert abs(dataset.train_images.mean() - 128) < 0.2
    assert abs(dataset.train_images.std() - 32) < 0.2
    assert 170 < dataset.test_images.mean() < 180


NOT_FEATURES = "does not hold 49×10 features, a label and a file name of each clip; get it again"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"mfcc_f16": ARRAYS["mfcc_f16"][:, :40]}, NOT_FEATURES),
        ({"mfcc_f16": ARRAYS["mfcc_f16"].astype(int)}, NOT_FEATURES),
        ({"filename": ARRAYS["filename"][1:]}, NOT_FEATURES),
        ({"label": ARRAYS["label"] * 1.0}, NOT_FEATURES),
        ({"mfcc_f16": ARRAYS["mfcc_f16"] * np.float16(np.nan)},
         "is damaged: a feature is not finite; get it again"),
        ({"filename": np.full(len(CLIPS), "yes/a_nohash_0.wav")},
         "has too few speakers to hold out one in five; get it again"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit(tmp_path, changes, problem):
    path = write(tmp_path, **changes)
    with pytest.raises(DataError, match=f"^{re.escape(f'{path} {problem}')}$"):
        load_dataset("speech_commands", tmp_path)


def test_a_label_that_is_no_class(tmp_path):
    write(tmp_path, label=ARRAYS["label"] + 1)
    message = "train labels of speech_commands are 1…12, not 0…11; get its files again"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load_dataset("speech_commands", tmp_path)


def test_a_file_that_is_missing(tmp_path):
    message = (
        f"speech_commands is read from files, but {tmp_path} has no "
        "speech_commands_v2_testset_mfcc.npz; get speech_commands_v2_testset_mfcc.npz from who "
        "made these features of "
        "http://download.tensorflow.org/data/speech_commands_test_set_v0.02.tar.gz, and give "
        "their folder as --data-dir FOLDER"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load_dataset("speech_commands", tmp_path)
