import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from threefold.errors import DataError, FileFormatError
from threefold.network import ArgMax, Dense, Logits, Network
from threefold.samples import fresh, preparation_of, prepare

RANDOM = np.random.default_rng(0)
ROWS = [(*RANDOM.normal(0, 1, 2).round(3), name) for name in ("b", "a", "c") for _ in range(10)]


def write(path, rows=ROWS):
    path.write_text("x,y,kind\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return path


def network_of(prepared, **provenance):
    made = prepared.preparation
    count = len(made.classes)
    ops = [
        ("fc1", Dense(np.ones((count, made.input.size), int), made.input.shape)),
        ("logits", Logits([0] * count)),
        ("argmax", ArgMax()),
    ]
    kept = {**made.provenance(), "data": prepared.record, **provenance}
    return Network.chain("own", made.input, ops, kept)


def test_rows_are_split_scaled_and_named(tmp_path):
    made = prepare(write(tmp_path / "a.csv"), held_out=0.3, seed=5)
    assert made.preparation.classes == ("a", "b", "c")
    assert [len(labels) for _, labels in (made.train, made.test)] == [21, 9]
    assert np.bincount(made.test[1]).tolist() == [3, 3, 3]
    assert made.record["split"] == {"held_out": 0.3, "seed": 5}
    assert (made.record["train"], made.record["test"]) == (21, 9)
    codes, labels = made.preparation.read(tmp_path / "a.csv")
    assert labels.tolist() == [1] * 10 + [0] * 10 + [2] * 10
    both = np.concatenate([made.train[0], made.test[0]])
    assert sorted(map(bytes, both)) == sorted(map(bytes, codes))


def test_nothing_is_learned_from_what_is_held_out(tmp_path):
    made = prepare(write(tmp_path / "a.csv"))
    _, _, format = (*made.test, made.preparation.format)
    values = format.read(tmp_path / "a.csv").values[:, 0, 0]
    codes, _ = made.preparation.read(tmp_path / "a.csv")
    trained = {bytes(code) for code in made.train[0]}
    mask = [bytes(code) in trained for code in codes]
    assert made.preparation.encoder.offset == pytest.approx(values[mask].mean(axis=0))


def test_test_data_of_their_own(tmp_path):
    test = write(tmp_path / "b.csv", ROWS[::7])
    made = prepare(write(tmp_path / "a.csv"), test=test)
    assert (len(made.train[1]), len(made.test[1])) == (30, 5)
    assert made.record["test_file"] == "b.csv"
    assert "split" not in made.record


def test_the_network_keeps_it(tmp_path):
    made = prepare(write(tmp_path / "a.csv"), bits=5)
    kept = preparation_of(network_of(made))
    assert kept == made.preparation
    assert kept.input.codes.bits == 5
    assert preparation_of(replace(network_of(made), provenance={})) is None


def test_what_was_held_out_is_what_is_fresh(tmp_path):
    path = write(tmp_path / "a.csv")
    made = prepare(path, seed=3)
    network = network_of(made)
    codes, labels, note = fresh(network, made.preparation, path)
    assert note == f"the network was trained with {path}; taken are the 6 samples held out"
    assert np.array_equal(codes, made.test[0])
    assert np.array_equal(labels, made.test[1])
    other = write(tmp_path / "b.csv", ROWS[1:])
    codes, labels, note = fresh(network, made.preparation, other)
    assert (len(codes), note) == (29, "")


def test_nothing_of_training_data_is_fresh_if_all_was_used(tmp_path):
    path = write(tmp_path / "a.csv")
    made = prepare(path, test=write(tmp_path / "b.csv", ROWS[1:]))
    codes, _, note = fresh(network_of(made), made.preparation, path)
    assert note == f"the network was trained with {path}, so this tells little"
    assert len(codes) == 30


def test_what_arrays_hold_out_themselves_is_fresh(tmp_path):
    values, labels = RANDOM.normal(0, 1, (9, 2)), np.arange(9) % 3
    path = tmp_path / "a.npz"
    np.savez(path, x_train=values[:6], y_train=labels[:6], x_test=values[6:], y_test=labels[6:])
    made = prepare(path)
    codes, labels, note = fresh(network_of(made), made.preparation, path)
    assert note == f"the network was trained with {path}; taken are the 3 samples held out"
    assert np.array_equal(codes, made.test[0])
    assert labels.tolist() == [0, 1, 2]


def test_folders_are_known_again(tmp_path):
    for name in "ab":
        (tmp_path / "in" / name).mkdir(parents=True)
        for number in range(5):
            pixels = RANDOM.integers(0, 256, (4, 4), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "in" / name / f"{number}.png")
    made = prepare(tmp_path / "in")
    network = network_of(made)
    (tmp_path / "in" / "a" / ".DS_Store").write_bytes(b"of a file manager")
    assert fresh(network, made.preparation, tmp_path / "in")[2].endswith("2 samples held out")
    (tmp_path / "in" / "b" / "4.png").unlink()
    assert fresh(network, made.preparation, tmp_path / "in")[2] == ""


def test_channels_that_never_change_are_told(tmp_path):
    rows = [(x, 7, name) for x, _, name in ROWS]
    assert prepare(write(tmp_path / "a.csv", rows)).constant == (1,)
    message = "a.csv has no feature that changes, so nothing is learned"
    with pytest.raises(DataError, match=f"^{message}$"):
        prepare(write(tmp_path / "a.csv", [(7, 7, name) for *_, name in ROWS]))


REFUSED = {
    "nothing there": ("@no.csv", {}, "there is no file or folder @no.csv"),
    "unknown": (
        "@a.pdf",
        {},
        "@a.pdf is no data to train with; give a table such as rows.csv, a folder with a folder of "
        "images for each class, or arrays in an .npz file",
    ),
    "size of a table": ("@a.csv", {"size": "2x2"}, "--size does not apply to @a.csv; leave it "
                        "out"),
    "label of images": ("@in", {"label": "x"}, "--label does not apply to @in; leave it "
                        "out"),
    "images of no class": (
        "@in",
        {},
        "@in has images without a class; put them into a folder for each class",
    ),
    "two ways to hold out": (
        "@a.csv",
        {"test": "@a.csv", "held_out": 0.1},
        "--held-out is a share of --data, but there are samples for test already",
    ),
    "test of another kind": (
        "@a.csv",
        {"test": "@in"},
        "@in is not of the format of @a.csv: tables",
    ),
    "no test": ("@a.csv", {"test": "@no.csv"}, "there is no file or folder @no.csv"),
    "test without classes": (
        "@a.csv",
        {"test": "@plain.csv"},
        "@plain.csv does not tell the classes of samples to test with; a column 'kind' is expected",
    ),
    "bits": ("@a.csv", {"bits": 9}, "input codes of features have 2…8 bits, not 9"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(tmp_path, case):
    write(tmp_path / "a.csv")
    (tmp_path / "plain.csv").write_text("x,y\n1,2\n")
    (tmp_path / "a.pdf").touch()
    (tmp_path / "in").mkdir()
    Image.new("L", (4, 4)).save(tmp_path / "in" / "a.png")
    path, options, message = REFUSED[case]

    def placed(text):
        return text.replace("@", f"{tmp_path}/") if isinstance(text, str) else text

    options = {key: placed(value) for key, value in options.items()}
    with pytest.raises(DataError, match=f"^{re.escape(placed(message))}$"):
        prepare(placed(path), **options)


def test_other_files_than_the_network_reads(tmp_path):
    made = prepare(write(tmp_path / "a.csv"))
    message = f"{tmp_path} is not of the format that the network was trained with: tables"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        made.preparation.read(tmp_path)


@pytest.mark.parametrize(
    ("provenance", "message"),
    [
        ({"preparation": 3}, "it has format, offset and gain"),
        ({"preparation": {"format": {}, "offset": [], "gain": 1}}, "offset must be"),
        ({"gain": [1, "2"]}, "gain must be finite numbers, one for each channel"),
        ({"offset": [1]}, "1 offsets need as many gains, at least 0, not (1.0, 2.0)"),
        ({"offset": [1], "gain": [2]}, "1 gains do not go with 2 channels"),
        ({"format": {"kind": ["table"]}}, "its format is none of arrays, images, table"),
        ({"format": {"kind": "sound"}}, "its format is none of arrays, images, table"),
        (
            {"format": {"kind": "table"}},
            "format 'table' has columns, drop, label, named",
        ),
        (
            {"format": {"kind": "arrays", "height": 2, "width": 1, "channels": 2}},
            "it is for 2×1×2 codes 0…255 = -128…127 and 3 classes",
        ),
        ({"classes": []}, "it is for 1×1×2 codes 0…255 = -128…127 and 0 classes"),
    ],
)
def test_nothing_is_believed_of_a_file(tmp_path, provenance, message):
    made = prepare(write(tmp_path / "a.csv"))
    kept = made.preparation.provenance()
    kept["preparation"] |= {"gain": [1, 2]}
    if "preparation" in provenance or "classes" in provenance:
        kept |= provenance
    else:
        kept["preparation"] |= provenance
    if message == "offset must be":
        message = "gain must be finite numbers, one for each channel"
        kept["preparation"] = {"format": {}, "offset": [], "gain": 1}
    whole = f"the preparation of samples in network 'own' is not usable: {message}"
    with pytest.raises(FileFormatError, match=f"^{re.escape(whole)}$"):
        preparation_of(network_of(made, **kept))


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", 3], ["a", "b", "a"], "abc", {"a": 1}])
def test_names_that_are_not_those_of_the_classes(tmp_path, names):
    made = prepare(write(tmp_path / "a.csv"))
    message = f"network 'own' must name its 3 classes, each in another way, not {names}"
    with pytest.raises(FileFormatError, match=f"^{re.escape(message)}$"):
        preparation_of(network_of(made, classes=names))
