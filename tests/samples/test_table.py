import re

import numpy as np
import pytest

from threefold.errors import DataError
from threefold.samples.table import Table

NAMED = "age,weight,kind\n1,10.5,cat\n2,-3e1,dog\n3,0,cat\n"


@pytest.fixture
def write(tmp_path):
    def write(text, name="pets.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def learned(path, **options):
    format, train, test = Table.learn(path, **options)
    assert test is None
    return format, train.values[:, 0, 0].tolist(), train.labels


ROWS = [[1, 10.5], [2, -30], [3, 0]]
PETS = ("cat", "dog", "cat")


@pytest.mark.parametrize(
    "text",
    [
        NAMED,
        NAMED.replace(",", ";"),
        NAMED.replace(",", "\t"),
        NAMED.replace("\n", "\r\n"),
        NAMED.replace("\n", "\n\n"),
        NAMED.replace(",", " , "),
        NAMED.rstrip("\n"),
        re.sub(r"[^,\n]+", r'"\g<0>"', NAMED),
        b"\xef\xbb\xbf" + NAMED.encode(),
        NAMED.replace("\n", "\r"),
    ],
    ids=["comma", "semicolon", "tab", "CRLF", "empty", "spaces", "no end", "quoted", "BOM", "CR"],
)
def test_ways_to_write_the_same_table(write, text):
    format, rows, labels = learned(write(text))
    assert (rows, labels) == (ROWS, PETS)
    assert format == Table(("age", "weight", "kind"), "kind")
    assert format.shape == (1, 1, 2)


@pytest.mark.parametrize(
    ("options", "features", "label"),
    [
        ({}, ["age", "weight"], "kind"),
        ({"label": "kind"}, ["age", "weight"], "kind"),
        ({"label": "3"}, ["age", "weight"], "kind"),
        ({"label": "age", "drop": ["kind"]}, ["weight"], "age"),
        ({"drop": ["1"]}, ["weight"], "kind"),
    ],
)
def test_columns_are_chosen(write, options, features, label):
    format, _, labels = learned(write(NAMED), **options)
    assert (format.features, format.label) == (features, label)
    assert labels == (PETS if label == "kind" else ("1", "2", "3"))


@pytest.mark.parametrize("letter", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c"])
def test_what_ends_no_row(write, letter):
    text = NAMED.replace("dog", f"d{letter}g")
    assert learned(write(text))[1:] == (ROWS, ("cat", f"d{letter}g", "cat"))


def test_without_names(write):
    format, rows, labels = learned(write("1,10.5,cat\n2,-30,dog\n3,0,cat\n"))
    assert (rows, labels) == (ROWS, PETS)
    assert format == Table(("column 1", "column 2", "column 3"), "column 3", (), False)
    assert learned(write("cat,1\ndog,2\n"), label="1")[1:] == ([[1], [2]], ("cat", "dog"))


def test_names_that_are_numbers(write):
    text = "0,1,kind\n5,6,cat\n7,8,dog\n"
    assert learned(write(text), label="kind")[0].features == ["0", "1"]


def test_lines_within_quotes_are_counted(write):
    path = write('a,kind\n1,"x\ny"\n?,z\n')
    message = (
        f"{path} has no value in line 4, column 'a'; fill it in, leave the row out, or train "
        "without the column, by --drop"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        Table.learn(path)


LEAVE = "columns of text are not supported: encode it as numbers, or train without it, by --drop"
REFUSED = {
    "empty": ("", {}, "@ is empty"),
    "blank": ("\n \n", {}, "@ is empty"),
    "endless line": (
        "\n" + "a" * 200000,
        {},
        "@ is damaged in line 2: field larger than field limit (131072)",
    ),
    "number of a column": (
        NAMED,
        {"label": "9" * 70},
        f"@ has no column '{'9' * 59}; it has age, weight, kind",
    ),
    "one column": (
        "a\n1\n",
        {},
        "@ has one column only in line 1; columns are separated by commas, semicolons or tabs",
    ),
    "names only": ("a,b\n", {}, "@ has no row but the names of its columns"),
    "short row": ("a,b\n1,x\n1\n", {}, "@ has 1 columns in line 3, not 2 as in line 1"),
    "missing": (
        "a,b\n1,x\n,y\n",
        {},
        "@ has no value in line 3, column 'a'; fill it in, leave the row out, or train "
        "without the column, by --drop",
    ),
    "not available": (
        "a,b\nNA,x\n2,y\n",
        {},
        "@ has no value in line 2, column 'a'; fill it in, leave the row out, or train "
        "without the column, by --drop",
    ),
    "no class": (
        "a,b\n1,x\n2,\n",
        {},
        "@ has no class in line 3, column 'b'; fill it in, or leave the row out",
    ),
    "text": (
        "a,b\n1,x\nred,y\n",
        {},
        f"@ has 'red' in line 3, column 'a', which is no number; {LEAVE}",
    ),
    "underscore": (
        "a,b\n1,x\n1_0,y\n",
        {},
        f"@ has '1_0' in line 3, column 'a', which is no number; {LEAVE}",
    ),
    "decimal comma": (
        "a;b\n1;x\n1,5;y\n",
        {},
        "@ has '1,5' in line 3, column 'a', which is no number; write decimals with a point",
    ),
    "name that is a number": (
        "a,2019,b\n1,2,x\n",
        {},
        f"@ has 'a' in line 1, column 'column 1', which is no number; {LEAVE}, or, if it is a "
        "name, let no other name be a number",
    ),
    "infinite": (
        "a,b\n1,x\n1e999,y\n",
        {},
        "@ has 1e999 in line 3, column 'a'; values are at most 1e+150 either way",
    ),
    "two of a name": ("a,a,b\n1,2,x\n", {}, "@ has two columns 'a' in line 1; rename one"),
    "no name": (
        ",a,b\n0,1,x\n",
        {},
        "@ has no name for column 1 in line 1; name it, or remove it if it only counts rows",
    ),
    "no such name": ("a,b\n1,x\n", {"label": "c"}, "@ has no column 'c'; it has a, b"),
    "no such number": ("a,b\n1,x\n", {"label": "3"}, "@ has columns 1…2, not 3"),
    "number 0": ("a,b\n1,x\n", {"label": "0"}, "@ has columns 1…2, not 0"),
    "no names": (
        "1,x\n2,y\n",
        {"label": "kind"},
        "@ does not name its columns, as 'kind'; give a number, 1…2",
    ),
    "label dropped": (
        "a,b\n1,x\n",
        {"drop": ["b"]},
        "'b' cannot be both --label and left out by --drop",
    ),
    "nothing left": (
        "a,b\n1,x\n",
        {"drop": ["a"]},
        "@ has no column but the label and what --drop leaves out",
    ),
    "not UTF-8": (
        b"a,b\n1,x\n2,\xe4\n",
        {},
        "@ is not text in UTF-8 in line 3; save it as UTF-8",
    ),
    "open quote": ('a,b\n1,"x\n', {}, "@ is damaged in line 2: unexpected end of data"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(write, case):
    text, options, message = REFUSED[case]
    path = write(text)
    with pytest.raises(DataError, match=f"^{re.escape(message.replace('@', str(path)))}$"):
        Table.learn(path, **options)


PETS_FORMAT = Table(("age", "weight", "kind"), "kind")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (NAMED, PETS),
        ("kind,x,weight,age\ncat,9,10.5,1\ndog,9,-30,2\ncat,9,0,3\n", PETS),
        ("1,10.5,cat\n2,-30,dog\n3,0,cat\n", PETS),
        ("weight,age\n10.5,1\n-30,2\n0,3\n", None),
        ("1,10.5\n2,-30\n3,0\n", None),
    ],
    ids=["same", "other order", "no names", "no class", "neither"],
)
def test_other_files_are_read_by_name_or_place(write, text, labels):
    samples = PETS_FORMAT.read(write(text))
    assert samples.values[:, 0, 0].tolist() == ROWS
    assert samples.labels == labels


def test_files_with_names_where_there_were_none(write):
    format = Table(("column 1", "column 2", "column 3"), "column 3", (), False)
    assert format.read(write(NAMED)).labels == PETS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("age,kind\n1,cat\n", "@ has no column 'weight'"),
        (
            "1,2,3,4\n",
            "@ has 4 columns, not 3 as the network was trained with, or its 2 features alone",
        ),
    ],
)
def test_other_files_that_do_not_fit(write, text, message):
    path = write(text)
    with pytest.raises(DataError, match=f"^{re.escape(message.replace('@', str(path)))}$"):
        PETS_FORMAT.read(path)


def test_places_are_lines(write):
    path = write(NAMED)
    assert Table.learn(path).train.places[1] == f"line 3 of {path}"


def test_features_are_scaled_by_their_deviation(write):
    format, train, _ = Table.learn(write(NAMED))
    encoder = format.encoder(train.values, 8)
    assert encoder.offset[0] == 2
    assert encoder.gain[0] == pytest.approx(32 / np.std([1, 2, 3]))


def test_missing_file(tmp_path):
    message = f"cannot read {tmp_path / 'a.csv'}: No such file or directory"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        Table.learn(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"columns": "abc"}, "format 'table' has tuple, not 'abc'"),
        ({"columns": [1, "kind"]}, "format 'table' has str, not 1"),
        ({"label": 3}, "format 'table' has str, not 3"),
        ({"named": 1}, "format 'table' has bool, not 1"),
        ({"columns": ["a", "a"]}, "format 'table' needs columns of different names"),
        ({"columns": ["kind"]}, "format 'table' needs columns of different names"),
        ({"more": 1}, "format 'table' has columns, drop, label, named"),
    ],
)
def test_nothing_is_believed_of_a_file(content, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        Table.from_json({**PETS_FORMAT.to_json(), **content})


def test_json_and_back():
    content = {"kind": "table", "columns": ["a", "b"], "label": "b", "drop": [], "named": True}
    assert Table.from_json(content) == Table(("a", "b"), "b")
    assert Table.from_json(Table(("a", "b"), "b").to_json()) == Table(("a", "b"), "b")
