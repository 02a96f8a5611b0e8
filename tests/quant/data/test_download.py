import hashlib
import http.server
import io
import re
import tarfile
import threading

import pytest

from threefold.errors import DataError
from threefold.quant.data import SOURCES, download
from threefold.quant.data.files import Remote, Source

CONTENT = bytes(range(256)) * 9000


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves ``files``; what is cut off states its whole length."""

    files, cut = {}, set()

    def do_GET(self):
        name = self.path.strip("/")
        if name not in self.files:
            self.send_error(404)
            return
        content = self.files[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:-99] if name in self.cut else content)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    """Address of a server on this machine."""
    Handler.files, Handler.cut = {"a.bin": CONTENT, "b.bin": b"short"}, set()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def sha256(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def publish(monkeypatch):
    def publish(*remotes):
        files = tuple(file for remote in remotes for file in remote.files)
        source = Source((files,), "from somewhere", "CC0", remotes)
        monkeypatch.setitem(SOURCES, "sample", source)

    return publish


def refused(folder, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        download("sample", folder)
    assert not list(folder.glob(".*"))


def test_files_come_whole_and_in_order(tmp_path, server, publish):
    md5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
    publish(Remote(f"{server}a.bin", md5), Remote(f"{server}b.bin"))
    told = []
    folder = tmp_path / "new" / "folder"
    paths = download("sample", folder, lambda *state: told.append(state))
    assert paths == [folder / "a.bin", folder / "b.bin"]
    assert [path.read_bytes() for path in paths] == [CONTENT, b"short"]
    assert told == [
        *(("a.bin", min(done / len(CONTENT), 1.0)) for done in (1 << 20, 2 << 20, 3 << 20)),
        ("a.bin", 1.0),
        ("b.bin", 1.0),
        ("b.bin", 1.0),
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["a.bin", "b.bin"]


def test_files_that_are_there_stay_unless_they_are_wrong(tmp_path, server, publish):
    publish(Remote(f"{server}a.bin", sha256(CONTENT)), Remote(f"{server}b.bin"))
    (tmp_path / "a.bin").write_bytes(CONTENT)
    (tmp_path / "b.bin").write_bytes(b"mine")
    del Handler.files["a.bin"]
    download("sample", tmp_path)
    assert (tmp_path / "b.bin").read_bytes() == b"mine"
    Handler.files["a.bin"] = CONTENT
    (tmp_path / "a.bin").write_bytes(b"broken")
    download("sample", tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


ELSEWHERE = "get it elsewhere and give its folder as --data-dir FOLDER"


def test_a_file_that_is_another(tmp_path, server, publish):
    publish(Remote(f"{server}b.bin", sha256(CONTENT)))
    (tmp_path / "b.bin").write_bytes(b"old")
    kind, _, expected = sha256(CONTENT).partition(":")
    got = hashlib.sha256(b"short").hexdigest()
    refused(
        tmp_path,
        f"{server}b.bin has {kind} {got}, not {expected}; try again, or {ELSEWHERE}",
    )
    assert (tmp_path / "b.bin").read_bytes() == b"old"


def test_a_file_that_is_not_there(tmp_path, server, publish):
    publish(Remote(f"{server}c.bin"))
    refused(tmp_path, f"cannot get {server}c.bin: 404 Not Found; without a network, {ELSEWHERE}")


def test_a_line_that_breaks(tmp_path, server, publish):
    Handler.cut = {"a.bin"}
    publish(Remote(f"{server}a.bin"))
    came = f"{len(CONTENT) - 99:,} of {len(CONTENT):,} bytes came"
    refused(tmp_path, f"cannot get {server}a.bin: {came}; without a network, {ELSEWHERE}")
    assert not (tmp_path / "a.bin").exists()


def test_without_a_network(tmp_path, publish):
    publish(Remote("http://127.0.0.1:9/a.bin"))
    refused(
        tmp_path,
        "cannot get http://127.0.0.1:9/a.bin: Connection refused; without a network, " + ELSEWHERE,
    )


def test_an_interruption_leaves_nothing(tmp_path, server, publish):
    def stop(*state):
        raise KeyboardInterrupt

    publish(Remote(f"{server}a.bin"))
    with pytest.raises(KeyboardInterrupt):
        download("sample", tmp_path, stop)
    assert not list(tmp_path.iterdir())


def test_a_file_without_end(tmp_path, server, publish, monkeypatch):
    monkeypatch.setitem(download.__globals__, "_LIMIT", 1 << 20)
    publish(Remote(f"{server}a.bin"))
    refused(tmp_path, f"{server}a.bin has more than 1 MiB; see what is there")


def archive(**members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                info.type, info.linkname = content
                tar.addfile(info)
    return file.getvalue()


WANTED = ("set/one.bin", "set/two.bin")


def test_of_an_archive_only_what_is_wanted(tmp_path, server, publish):
    Handler.files["a.tar.gz"] = archive(
        **{
            "set/two.bin": b"2",
            "../evil": b"x",
            "/tmp/evil": b"x",
            "set/readme": b"x",
            "set/one.bin": b"1",
        }
    )
    publish(Remote(f"{server}a.tar.gz", sha256(Handler.files["a.tar.gz"]), WANTED))
    folder = tmp_path / "folder"
    paths = download("sample", folder)
    assert [path.read_bytes() for path in paths] == [b"1", b"2"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "one.bin", "two.bin"]
    Handler.files.clear()
    assert download("sample", folder) == paths


def test_an_archive_whose_members_are_links_or_missing(tmp_path, server, publish):
    link = tarfile.SYMTYPE, "/etc/hostname"
    Handler.files["a.tar.gz"] = archive(**{"set/one.bin": link, "one.bin": b"1"})
    publish(Remote(f"{server}a.tar.gz", "", WANTED))
    refused(tmp_path, f"{server}a.tar.gz has no set/one.bin, set/two.bin; see what is there")


def test_an_archive_that_is_none(tmp_path, server, publish):
    whole = archive(**dict.fromkeys(WANTED, CONTENT))
    publish(Remote(f"{server}a.tar.gz", "", WANTED))
    for content in (b"<html>", whole[: len(whole) // 2], whole[:-40]):
        Handler.files["a.tar.gz"] = content
        refused(tmp_path, f"{server}a.tar.gz is no complete tar archive; see what is there")
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("imagenet", "get it from https://image-net.org/download-images, a folder for each class "
         "in both"),
        ("digits", "there is cifar10, fashion_mnist, letter, magic, mnist, mnist8, pendigits"),
    ],
)  # fmt: skip
def test_what_cannot_be_downloaded(tmp_path, name, where):
    message = f"there is nothing to download for {name!r}; {where}"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        download(name, tmp_path)


@pytest.mark.parametrize("name", SOURCES)
def test_sources_state_what_there_is_to_know(name):
    source = SOURCES[name]
    assert source.licence
    assert source.origin.startswith("from ")
    if source.remotes:
        files = tuple(file for remote in source.remotes for file in remote.files)
        assert files == source.files[0]
    for remote in source.remotes:
        assert re.fullmatch(r"https?://\S+", remote.url)
        assert re.fullmatch(r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", remote.checksum)
