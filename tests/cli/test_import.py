import shlex
import sys

import numpy as np
import pytest

from threefold.cli import main
from threefold.data import load_images, save_images
from threefold.network import ArgMax, Logits, load, values
from threefold.network.file import digest
from threefold.plan import load_plan
from threefold.sim import golden

from ..importer.graphs import Graph

WEIGHTS = np.random.default_rng(5).integers(-1, 2, (4, 1, 3, 3))
LAST = np.random.default_rng(6).integers(-1, 2, (16, 3))
MODEL = "My Net-2.onnx"


def example(weights=WEIGHTS, end=None):
    graph = Graph("N", 1, 6, 6).conv(weights, 0.5).norm(*[[0.5, 1, 1.5, -1]] * 3, [1] * 4)
    graph.quant(0.25, bits=2).node("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).node("Flatten")
    return graph.matmul(LAST, 0.25).op("Add", [0.1, 0.2, 0.3])


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A model, and images with and without labels."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / MODEL).write_bytes(example().model().SerializeToString())
    images = np.random.default_rng(0).integers(0, 256, (20, 6, 6, 1))
    save_images(tmp_path / "images.npz", images)
    save_images(tmp_path / "labelled.npz", images, np.zeros(20, int))
    return tmp_path


def run(capsys, line):
    status = main(["import", *shlex.split(line)])
    out, err = capsys.readouterr()
    return status, out, err


def refused(capsys, place, line, message, status=2):
    before = sorted(path.name for path in place.iterdir())
    found, out, err = run(capsys, f"{line} -q")
    assert (found, out) == (status, "")
    assert err == f"threefold: error: {message}\n"
    assert sorted(path.name for path in place.iterdir()) == before


def lines_of(out):
    return dict(line.split(maxsplit=1) for line in out.splitlines())


def test_products(place, capsys):
    status, out, _ = run(capsys, f"'{MODEL}' --random 30")
    assert status == 0
    folder = place / "out" / "my_net_2"
    assert {path.name for path in folder.iterdir()} == {"network.tern", "test.npz"}
    network = load(folder / "network.tern")
    assert network.name == "my_net_2"
    assert isinstance(network.output.op, ArgMax)
    images, labels = load_images(folder / "test.npz")
    assert (images.shape, labels) == ((30, 6, 6, 1), None)
    lines = lines_of(out)
    assert lines["differ"] == "0"
    assert lines["input"] == "6×6×1 codes 0…255, times 1/255"
    assert lines["network"] == "out/my_net_2/network.tern"
    provenance = network.provenance
    assert provenance["source"]["file"] == MODEL
    assert provenance["compared"]["images"] == 30
    assert provenance["compared"]["differ"] == 0


def test_the_same_file_gives_the_same_bytes(place, capsys):
    for folder in ("a", "b"):
        assert run(capsys, f"'{MODEL}' --random 5 -o {folder} -q")[0] == 0
    for name in ("network.tern", "test.npz"):
        assert (place / "a" / name).read_bytes() == (place / "b" / name).read_bytes()


def test_images_with_labels_give_an_accuracy(place, capsys):
    status, out, _ = run(capsys, f"'{MODEL}' --images labelled.npz --random 5 -o made")
    assert status == 0
    network = load(place / "made" / "network.tern")
    images, labels = load_images(place / "made" / "test.npz")
    assert len(images) == len(labels) == 20
    share = golden.accuracy(network, images, labels)
    assert lines_of(out)["accuracy"] == f"{share:.2%} of 20 labelled images"
    assert network.provenance["accuracy"]["integer"] == share
    assert network.provenance["compared"]["images"] == 25


def test_images_without_labels(place, capsys):
    status, out, _ = run(capsys, f"'{MODEL}' --images images.npz --random 5 -o made")
    assert status == 0
    assert "accuracy" not in out
    assert len(load_images(place / "made" / "test.npz")[0]) == 20


def test_logits(place, capsys):
    assert run(capsys, f"'{MODEL}' --logits --random 5 -o made")[0] == 0
    assert isinstance(load(place / "made" / "network.tern").output.op, Logits)


def test_what_the_input_means(place, capsys):
    options = "--input-scale 1/8 --input-type int4"
    status, out, _ = run(capsys, f"'{MODEL}' {options} --random 5 -o made")
    assert status == 0
    assert lines_of(out)["input"] == "6×6×1 codes 0…15 = -8…7, times 1/8"
    assert load(place / "made" / "network.tern").provenance["input"]["scale"] == "1/8"


def test_a_scale_alone_leaves_the_codes_of_the_input_quantizer(place, capsys):
    graph = Graph("N", 1, 6, 6).quant(0.5, bits=4, signed=1).conv(WEIGHTS, 0.5).quant(0.25)
    (place / "signed.onnx").write_bytes(graph.model().SerializeToString())
    for options, expected in [
        ("", "6×6×1 codes 0…15 = -8…7, times 1/2"),
        ("--input-scale 1/4", "6×6×1 codes 0…15 = -8…7, times 1/4"),
        ("--input-scale 1/255 --input-type uint8", "6×6×1 codes 0…255, times 1/255"),
    ]:
        status, out, _ = run(capsys, f"signed.onnx {options} --random 5 -o made")
        assert (status, lines_of(out)["input"]) == (0, expected)


def test_ternarize_tells_the_damage(place, capsys):
    weights = np.random.default_rng(0).normal(size=(4, 1, 3, 3))
    (place / "real.onnx").write_bytes(example(weights).model().SerializeToString())
    message = (
        "Conv 'Conv_0': weights of filter 0 are not whole multiples, up to 255, of one scale; "
        "train it with weights of at most 8 bits, or import with --ternarize"
    )
    refused(capsys, place, "real.onnx", message)
    status, out, _ = run(capsys, "real.onnx --ternarize --images labelled.npz -o made")
    assert status == 0
    lines = lines_of(out)
    assert lines["ternarized"] == "Conv_0"
    assert lines["damage"].endswith("% of the classes changed")
    assert lines["before"].endswith("of 20 labelled images")
    assert load(place / "made" / "network.tern").provenance["source"]["ternarized"] is True


def test_a_network_that_disagrees_is_written_by_force_alone(place, capsys, monkeypatch):
    search = values.search

    def wrong(*arguments):
        levels, falling = search(*arguments)
        return levels + 100, falling

    monkeypatch.setattr(values, "search", wrong)
    status, out, err = run(capsys, f"'{MODEL}' --random 10 -q")
    assert (status, out) == (1, "")
    assert err.startswith("threefold: error: '")
    assert " of the source: image " in err
    assert err.endswith(" values differ; nothing is written without --force\n")
    assert len(err.splitlines()) == 1
    assert not (place / "out").exists()
    status, out, _ = run(capsys, f"'{MODEL}' --random 10 --force -o made")
    assert status == 0
    assert " differs from " in lines_of(out)["differ"]
    assert load(place / "made" / "network.tern").provenance["compared"]["differ"] > 0


def test_a_missing_qonnx(place, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "qonnx", None)
    message = "importing needs qonnx: pip install 'threefold[import]'"
    refused(capsys, place, f"'{MODEL}'", message, status=1)


def test_bad_options(place, capsys):
    refused(capsys, place, f"'{MODEL}' --random 0", "--random must be 1 to 65536, not 0")
    message = "the scale of the input must be positive"
    for scale in ("-1", "0", "-1e5000"):
        refused(capsys, place, f"'{MODEL}' --input-scale={scale}", message)
    message = "the scale of the input must be within single precision, 2⁻¹⁰⁰ to 2¹⁰⁰"
    for scale in ("1e-400", "1e5000"):
        refused(capsys, place, f"'{MODEL}' --input-scale {scale}", message)
    for option in (
        "--input-type uint17",
        "--input-type int1",
        "--input-type float",
        "--input-scale x",
        "--input-scale 1/0",
    ):
        status, out, err = run(capsys, f"'{MODEL}' {option}")
        assert (status, out) == (2, "")
        assert "usage" in err
    assert not (place / "out").exists()


def test_bad_images(place, capsys):
    save_images(place / "small.npz", np.zeros((3, 5, 5, 1), int))
    message = (
        "network 'my_net_2' takes images of 6×6×1 (height × width × channels), not an array of "
        "shape (3, 5, 5, 1)"
    )
    refused(capsys, place, f"'{MODEL}' --images small.npz", message)
    message = "cannot read missing.npz: No such file or directory"
    refused(capsys, place, f"'{MODEL}' --images missing.npz", message)


def test_labels_need_classes(place, capsys):
    graph = Graph("N", 1, 6, 6).conv(WEIGHTS, 0.5).quant(0.25, bits=2)
    (place / "map.onnx").write_bytes(graph.model().SerializeToString())
    assert run(capsys, "map.onnx --images images.npz -o made -q")[0] == 0
    message = "labelled.npz has labels, but map.onnx gives no classes; leave them out"
    refused(capsys, place, "map.onnx --images labelled.npz", message)


def test_bad_models(place, capsys):
    (place / "bad.onnx").write_bytes((place / MODEL).read_bytes()[:100])
    refused(capsys, place, "bad.onnx", "bad.onnx is not an ONNX file, or a truncated one")
    message = "cannot read missing.onnx: No such file or directory"
    refused(capsys, place, "missing.onnx", message)


def test_a_trained_network_is_not_overwritten(place, capsys):
    (place / "made").mkdir()
    (place / "made" / "train.json").write_text("{}")
    message = "made holds a network that was trained; choose another with -o"
    refused(capsys, place, f"'{MODEL}' -o made", message)


def test_another_network_is_kept(place, capsys):
    assert run(capsys, f"'{MODEL}' --random 5 -o made -q")[0] == 0
    first = load(place / "made" / "network.tern")
    (place / "made" / "plan.json").write_text("{}")
    assert run(capsys, f"'{MODEL}' --random 5 -o made -q")[0] == 0
    assert (place / "made" / "plan.json").exists()
    (place / MODEL).write_bytes(example(-WEIGHTS).model().SerializeToString())
    status, _, err = run(capsys, f"'{MODEL}' --random 5 -o made")
    before = f"made/before-{digest(first)[:8]}"
    note = f"plan and products of the network before, my_net_2, are now in {before}"
    assert (status, err.splitlines()[-1]) == (0, note)
    assert not (place / "made" / "plan.json").exists()
    assert load(place / before / "network.tern") == first


@pytest.mark.parametrize("weights", [WEIGHTS, -WEIGHTS])
def test_a_network_that_computes_the_same_keeps_its_plan(place, capsys, weights):
    same = weights is WEIGHTS
    assert run(capsys, f"'{MODEL}' --random 5 -o made -q")[0] == 0
    options = ["--board", "ulx3s_12f", "--interval", "5000"]
    assert main(["plan", "made/network.tern", *options, "-o", "made", "-q"]) == 0
    network = load(place / "made" / "network.tern")
    decisions = load_plan(network, place / "made" / "plan.json").decisions()
    kept = place / "made" / f"before-{digest(network)[:8]}"
    (place / MODEL).write_bytes(example(weights).model().SerializeToString())
    status, _, err = run(capsys, f"'{MODEL}' --images labelled.npz --random 5 -o made")
    assert status == 0
    message = "the plan stays, since both networks compute the same; build anew from it"
    assert (err.splitlines()[-1] == message) == same
    assert load_plan(network, kept / "plan.json").decisions() == decisions
    assert (place / "made" / "plan.json").exists() == same
    if same:
        made = load(place / "made" / "network.tern")
        assert load_plan(made, place / "made" / "plan.json").decisions() == decisions


@pytest.mark.parametrize(
    ("file", "name"),
    [("a.onnx", "a"), ("9lives.onnx", "net_9lives"), ("ÄÖ.onnx", "net"), ("A--B.onnx", "a_b")],
)
def test_networks_are_named_after_their_files(place, capsys, file, name):
    (place / file).write_bytes((place / MODEL).read_bytes())
    assert run(capsys, f"{file} --random 2 -q")[0] == 0
    assert load(place / "out" / name / "network.tern").name == name


def test_images_of_the_user_stay_as_they_are(place, capsys):
    (place / "out").mkdir()
    kept = place / "out" / "test.npz"
    kept.write_bytes((place / "images.npz").read_bytes())
    status, _, err = run(capsys, f"'{MODEL}' --images out/test.npz --random 5 -o out -q")
    assert (status, err) == (0, "")
    assert kept.read_bytes() == (place / "images.npz").read_bytes()
    run(capsys, f"'{MODEL}' --images images.npz --random 5 -o other -q")
    images, labels = load_images(place / "other" / "test.npz")
    assert (len(images), labels) == (20, None)


def test_a_type_of_the_input_alone_says_too_little(place, capsys):
    message = "--input-type needs --input-scale, the real number of one step"
    refused(capsys, place, f"'{MODEL}' --input-type uint4", message)


def test_a_file_of_the_user_is_not_written_over(place, capsys):
    kept = (place / "images.npz").rename(place / "test.npz").read_bytes()
    message = (
        "test.npz holds test images that are not random, and an import without --images would "
        "replace them; compare on them with --images test.npz, or choose another folder with -o"
    )
    refused(capsys, place, f"'{MODEL}' -o .", message)
    other = (
        "test.npz is there without a network, and labelled.npz would replace it; compare on it "
        "with --images test.npz, or choose another folder with -o"
    )
    refused(capsys, place, f"'{MODEL}' --images labelled.npz -o .", other)
    assert run(capsys, f"'{MODEL}' --images test.npz --random 5 -o .")[0] == 0
    refused(capsys, place, f"'{MODEL}' -o .", message)
    assert (place / "test.npz").read_bytes() == kept


def test_other_images_replace_those_before_which_are_kept(place, capsys):
    line = f"'{MODEL}' --random 5 -o made --images"
    assert run(capsys, f"{line} images.npz -q")[0] == 0
    first = load(place / "made" / "network.tern")
    before = (place / "made" / "test.npz").read_bytes()
    save_images(place / "small.npz", np.zeros((3, 5, 5, 1), int))
    message = (
        "network 'my_net_2' takes images of 6×6×1 (height × width × channels), not an array of "
        "shape (3, 5, 5, 1)"
    )
    refused(capsys, place / "made", f"{line} small.npz", message)
    status, _, err = run(capsys, f"{line} labelled.npz")
    kept = f"made/before-{digest(first)[:8]}"
    note = f"the network before, my_net_2, is now in {kept}"
    assert (status, err.splitlines()[-1]) == (0, note)
    assert (place / kept / "test.npz").read_bytes() == before
    assert load_images(place / "made" / "test.npz")[1] is not None


def test_images_of_the_same_name_are_kept_too(place, capsys):
    line = f"'{MODEL}' --random 5 -o made --images images.npz"
    assert run(capsys, f"{line} -q")[0] == 0
    network = load(place / "made" / "network.tern")
    before = (place / "made" / "test.npz").read_bytes()
    save_images(place / "images.npz", np.zeros((20, 6, 6, 1), int))
    status, _, err = run(capsys, line)
    kept = f"made/before-{digest(network)[:8]}"
    note = f"the test images before are now in {kept}"
    assert (status, err.splitlines()[-1]) == (0, note)
    assert load(place / "made" / "network.tern") == network
    assert (place / kept / "test.npz").read_bytes() == before
    assert not load_images(place / "made" / "test.npz")[0].any()


def test_labels_are_classes(place, capsys):
    images, _ = load_images(place / "images.npz")
    save_images(place / "high.npz", images, np.arange(20) % 4)
    message = f"high.npz has label 3, and {MODEL} classes 0…2"
    refused(capsys, place, f"'{MODEL}' --images high.npz", message)


def test_codes_of_a_quantizer_are_not_taken_for_pixels_unseen(place, capsys):
    graph = Graph("N", 1, 6, 6).quant(0.5, bits=4, signed=1).conv(WEIGHTS, 0.5).quant(0.25)
    (place / "signed.onnx").write_bytes(graph.model().SerializeToString())
    hint = "for pixels 0…255 of 0…1 say --input-scale 1/255 --input-type uint8"
    assert hint in run(capsys, "signed.onnx --random 5 -o made")[1]
    assert hint not in run(capsys, f"'{MODEL}' --random 5 -o other")[1]
    options = "--input-scale 1/255 --input-type uint8"
    assert hint not in run(capsys, f"signed.onnx {options} --random 5 -o made")[1]


@pytest.mark.parametrize(("steps", "hinted"), [(255, False), (254, True)])
def test_pixels_of_a_quantizer_need_no_hint(place, capsys, steps, hinted):
    graph = Graph("N", 1, 6, 6).quant(1 / steps, bits=8).conv(WEIGHTS, 0.5).quant(0.25)
    (place / "pixels.onnx").write_bytes(graph.model().SerializeToString())
    status, out, _ = run(capsys, "pixels.onnx --random 5 -o made")
    assert (status, lines_of(out)["input"]) == (0, f"6×6×1 codes 0…255, times 1/{steps}")
    assert ("note" in lines_of(out)) == hinted


def test_scales_are_told_as_people_write_them(place, capsys):
    for scale, shown in (("1/255", "1/255"), ("0.0078125", "1/128"), ("0.0123456789", "0.0123457")):
        status, out, _ = run(capsys, f"'{MODEL}' --input-scale {scale} --random 5 -o made")
        assert (status, lines_of(out)["input"]) == (0, f"6×6×1 codes 0…255, times {shown}")
