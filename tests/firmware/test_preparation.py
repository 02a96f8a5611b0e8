import subprocess

import numpy as np
import pytest

from threefold.errors import FileFormatError
from threefold.firmware import header
from threefold.network import ArgMax, Codes, Dense, Logits, Network
from threefold.plan import Folding, fold
from threefold.samples import Encoder, Preparation
from threefold.samples.arrays import Arrays
from threefold.samples.images import Images
from threefold.samples.table import Table

RANDOM = np.random.default_rng(0)
FLAGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
STRANGE = ("a", 'b"\\n', "*/ ??/ %d", "Größe µ", "\n\0", "")


def scaled(channels, codes):
    """An encoder of random offsets and gains, one of them 0."""
    gain = 10.0 ** RANDOM.uniform(-6, 6, channels)
    gain[0] = 0
    return Encoder(tuple(RANDOM.normal(0, 100, channels).tolist()), tuple(gain.tolist()), codes)


CASES = {
    "signed": Preparation(
        Table((*map("column {}".format, range(1, 8)), "kind"), "kind"),
        scaled(7, Codes.signed(8)),
        ("x", "y"),
    ),
    "few bits": Preparation(
        Table((*map("column {}".format, range(1, 8)), "kind"), "kind"),
        scaled(7, Codes.signed(3)),
        ("x", "y"),
    ),
    "pixels": Preparation(Images(2, 3, 3, True), Encoder.between(0, 255, 3, 5), ("x", "y")),
    "wide": Preparation(Arrays(1, 1, 4), scaled(4, Codes.unsigned(16)), ("x", "y")),
    "strange": Preparation(Table((*STRANGE, "kind"), "kind"), scaled(6, Codes(9)), STRANGE[::-1]),
}


def plan_of(made, /, **more):
    inputs, count = made.input, len(made.classes)
    weights = np.ones((count, inputs.size), int)
    ops = [("fc1", Dense(weights, inputs.shape)), ("logits", Logits([0] * count))]
    kept = {**made.provenance(), **more}
    network = Network.chain("own", inputs, [*ops, ("argmax", ArgMax())], kept)
    return fold(network, {"fc1": Folding(1, 1)})


def edges(encoder):
    """Values near those where codes change, for each channel, and far ones."""
    every = []
    for offset, gain in zip(encoder.offset, encoder.gain, strict=True):
        halves = encoder.codes.lo + np.arange(-3, min(encoder.codes.max_code, 300) + 3) + 0.5
        values = offset + halves / (gain or 1)
        near = [values]
        for direction in (-np.inf, np.inf):
            each = values
            for _ in range(3):
                each = np.nextafter(each, direction)
                near.append(each)
        far = [0.0, -0.0, 1e150, -1e150, 5e-324, offset]
        every.append(np.concatenate([*near, far, RANDOM.normal(offset, 100, 50)]))
    return np.array(every).T


MAIN = """\
#include <stdio.h>
#include "own.h"
#include "own.h"

int main(void)
{
    double values[OWN_INPUTS];
    CODE codes[OWN_INPUTS];

    while (fread(values, sizeof(values), 1, stdin) == 1) {
        own_codes(values, codes);
        fwrite(codes, sizeof(codes), 1, stdout);
    }
    return 0;
}
"""


def compiled(folder, text, main, flags):
    (folder / "own.h").write_text(text)
    (folder / "main.c").write_text(main)
    subprocess.run(["gcc", *FLAGS, *flags, "main.c", "-o", "main"], cwd=folder, check=True)
    return folder / "main"


@pytest.mark.parametrize("flags", ["-std=c99", "-O3 -march=native -ffp-contract=fast"])
@pytest.mark.parametrize("case", CASES)
def test_codes_in_c_are_those_in_python(tmp_path, case, flags):
    made = CASES[case]
    encoder, dtype = made.encoder, np.uint8 if made.encoder.codes.bits <= 8 else np.uint16
    values = edges(encoder)
    pixels = made.input.size // encoder.channels
    values = values[: len(values) // pixels * pixels]
    main = MAIN.replace("CODE", "unsigned char" if dtype == np.uint8 else "unsigned short")
    program = compiled(tmp_path, header(plan_of(made)), main, flags.split())
    done = subprocess.run([program], input=values.tobytes(), capture_output=True, check=True)
    codes = np.frombuffer(done.stdout, dtype).reshape(values.shape)
    assert np.array_equal(codes, encoder.encode(values))
    changing = codes[:, np.array(encoder.gain) > 0]
    assert set(range(min(encoder.codes.max_code, 300) + 1)) <= set(changing.ravel())


def test_codes_where_an_int_has_16_bits(tmp_path):
    made = CASES["wide"]
    top = (65536 - RANDOM.uniform(0, 65536, (200, 4))) / (np.array(made.encoder.gain) + 1e-300)
    values = made.encoder.offset + top
    main = MAIN.replace("CODE", "unsigned short").replace(
        '#include "own.h"\n', '#define int short\n#include "own.h"\n#undef int\n', 1
    )
    program = compiled(tmp_path, header(plan_of(made)), main, ["-std=c99"])
    done = subprocess.run([program], input=values.tobytes(), capture_output=True, check=True)
    codes = np.frombuffer(done.stdout, np.uint16).reshape(values.shape)
    assert np.array_equal(codes, made.encoder.encode(values))
    assert codes.max() > 60000


@pytest.mark.parametrize(
    ("name", "value", "needs"),
    [
        ("FLT_EVAL_METHOD", 2, "arithmetic in double precision"),
        ("FLT_EVAL_METHOD", -1, "arithmetic in double precision"),
        ("FLT_EVAL_METHOD", 128, "arithmetic in double precision"),
        ("DBL_MANT_DIG", 24, "doubles of 64 bits"),
    ],
)
def test_other_arithmetic_is_refused(tmp_path, name, value, needs):
    done = checked(tmp_path, name, value)
    assert done.returncode
    assert f"input codes need {needs}" in done.stderr


@pytest.mark.parametrize("method", [0, 1, 16, 64])
def test_doubles_that_are_computed_as_such_are_taken(tmp_path, method):
    """Method 16 is that of a compiler for processors with arithmetic in half precision."""
    assert not checked(tmp_path, "FLT_EVAL_METHOD", method).returncode


def checked(folder, name, value):
    """A compiler's opinion of a header, where a macro of float.h has another value."""
    other = f"#include <float.h>\n#undef {name}\n#define {name} {value}\n"
    text = header(plan_of(CASES["signed"])).replace("#include <float.h>\n", other)
    (folder / "own.h").write_text(text)
    command = ["gcc", "-fsyntax-only", "-x", "c", "own.h"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_what_is_no_number_has_code_0(tmp_path):
    text = header(plan_of(CASES["signed"]))
    main = MAIN.replace("CODE", "unsigned char")
    program = compiled(tmp_path, text, main, ["-std=c99"])
    values = np.array([np.nan, np.inf, -np.inf] + [np.nan] * 4)
    done = subprocess.run([program], input=values.tobytes(), capture_output=True, check=True)
    assert [*done.stdout] == [0, 255, 0, 0, 0, 0, 0]


def test_names_are_those_of_the_network(tmp_path):
    made = CASES["strange"]
    main = """\
#include <stdio.h>
#include <string.h>
#include "own.h"

int main(void)
{
    int i;

    for (i = 0; i < OWN_CLASSES; i++)
        printf("%s|", OWN_CLASS_NAMES[i]);
    for (i = 0; i < OWN_INPUTS; i++)
        printf("%s|", OWN_FEATURE_NAMES[i]);
    return 0;
}
"""
    program = compiled(tmp_path, header(plan_of(made)), main, ["-std=c99"])
    done = subprocess.run([program], capture_output=True, check=True).stdout
    names = [*made.classes, *STRANGE]
    assert done.decode().split("|")[:-1] == [name.partition("\0")[0] for name in names]


def test_names_of_classes_alone():
    text = header(plan_of(CASES["signed"], preparation=None))
    assert "OWN_CLASS_NAMES" in text
    assert "double" not in text
    assert "OWN_CLASS_NAMES" not in header(plan_of(CASES["signed"], preparation=None, classes=[]))


@pytest.mark.parametrize(
    ("case", "words"),
    [("signed", "features of a row"), ("pixels", "pixels of 8 bits, red, green and blue")],
)
def test_headers_say_what_values_are(case, words):
    assert f"Values are {words};" in header(plan_of(CASES[case]))


def test_damaged_preparations_are_refused():
    message = "the preparation of samples in network 'own' is not usable: it has format, offset and"
    with pytest.raises(FileFormatError, match=f"^{message} gain$"):
        header(plan_of(CASES["signed"], preparation=1))
