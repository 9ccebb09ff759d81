"""A fetched file is whole and the one on record, or it is not there: on a server that does everything wrong."""

import errno
import gzip
import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from file_server import serving

from kedrec.errors import Busy, DamagedData, InputError, UserError, WorkError
from kedrec.graphdb.drkg import download as downloading
from kedrec.graphdb.drkg.download import DownloadRetryPolicy
from kedrec.graphdb.drkg.fetch import Remote, fetch, place, records
from kedrec.graphdb.drkg.unpack import unpack
from kedrec.locks import writing

BYTES = random.Random(4).randbytes(700_000)
QUICK = DownloadRetryPolicy(stall=0.3, tries=3, pause=0.01)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "sources"


def bring(server, folder, name="file.bin", **options):
    return fetch(Remote(name, (server.address,)), folder, patience=QUICK, **options)


def assert_nothing_in_place(folder, name="file.bin"):
    assert not (folder / name).exists()


def test_a_file_comes_with_its_size_and_hash_on_record(folder):
    seen = []
    with serving(BYTES) as server:
        record = bring(server, folder, on_bytes=lambda *told: seen.append(told))
        assert bring(server, folder) == record
    assert (folder / "file.bin").read_bytes() == BYTES
    assert (record.size, record.sha256) == (len(BYTES), hashlib.sha256(BYTES).hexdigest())
    assert seen[-1] == ("file.bin", len(BYTES), len(BYTES))
    assert len(server.requests) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["file.bin", "lock", "manifest.json"]


@pytest.mark.parametrize("fault", ["cut:400000", "stall:400000", "cut:0", 500, 503, 429])
def test_a_passing_fault_is_waited_out_and_the_file_gone_on_with(folder, fault):
    with serving(BYTES, faults=[fault]) as server:
        bring(server, folder)
    assert (folder / "file.bin").read_bytes() == BYTES
    gone_on = str(fault).endswith(":400000")
    assert ("Range" in server.requests[1]) == gone_on
    if gone_on:
        assert server.requests[1]["If-Range"] == '"one"'


def test_a_server_that_keeps_failing_is_given_up_and_gone_on_with_later(folder):
    with serving(BYTES, faults=["cut:300000", 500, 500, 500]) as server:
        with pytest.raises(WorkError, match=r"500.*given up after 3 tries; 300,000 bytes are kept"):
            bring(server, folder)
        assert_nothing_in_place(folder)
        bring(server, folder)
        assert server.requests[-1]["Range"] == "bytes=300000-"
    assert (folder / "file.bin").read_bytes() == BYTES


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_told_at_once(folder, status):
    with serving(BYTES, faults=[status] * 9) as server, pytest.raises(WorkError, match=str(status)):
        bring(server, folder)
    assert len(server.requests) == 1
    assert_nothing_in_place(folder)


def test_the_next_address_is_asked_where_one_does_not_offer_the_file(folder):
    page = serving(b"<!DOCTYPE html><title>Sign in</title>")
    with serving(BYTES, faults=[404]) as gone, page as sign_in, serving(BYTES) as there:
        addresses = (gone.address, sign_in.address, there.address)
        assert fetch(Remote("file.bin", addresses), folder, patience=QUICK).address == there.address
    assert (folder / "file.bin").read_bytes() == BYTES


def test_a_server_without_ranges_gives_the_file_from_the_start(folder):
    with serving(BYTES, ranges=False, faults=["cut:300000"]) as server:
        bring(server, folder)
    assert (folder / "file.bin").read_bytes() == BYTES


@pytest.mark.parametrize("checks_if_range", [True, False])
@pytest.mark.parametrize("longer", [0, 1000, -500_000])
def test_a_file_that_changes_between_two_tries_is_never_pieced_together(folder, checks_if_range, longer):
    new = random.Random(5).randbytes(len(BYTES) + longer)
    with serving(BYTES, checks_if_range=checks_if_range, faults=["cut:300000", 500, 500, 500]) as server:
        with pytest.raises(WorkError):
            bring(server, folder)
        server.content, server.etag = new, '"two"'
        bring(server, folder)
    assert (folder / "file.bin").read_bytes() == new


@pytest.mark.parametrize(
    ("etag", "modified"), [('W/"weak"', ""), ("", ""), ('W/"weak"', "Mon, 23 Nov 2026 08:00:00 GMT")]
)
def test_only_what_the_server_vouches_for_is_gone_on_with(folder, etag, modified):
    with serving(BYTES, etag=etag, modified=modified, faults=["cut:300000"]) as server:
        bring(server, folder)
    assert server.requests[1].get("If-Range", "") == modified
    assert (folder / "file.bin").read_bytes() == BYTES


def test_an_answer_that_could_be_cut_off_unseen_is_refused(folder):
    with serving(BYTES, says_length=False) as server, pytest.raises(WorkError, match="how long"):
        bring(server, folder)
    assert_nothing_in_place(folder)


def test_a_range_beyond_the_end_starts_over(folder):
    with serving(BYTES, faults=["cut:300000", 416]) as server:
        bring(server, folder)
    assert (folder / "file.bin").read_bytes() == BYTES


def test_a_corrupted_archive_never_gets_its_name_and_comes_whole_the_next_time(folder):
    good = gzip.compress(BYTES)
    bad = bytearray(good)
    bad[350_000] ^= 1
    with serving(bytes(bad)) as server:
        with pytest.raises(WorkError, match="damaged"):
            bring(server, folder, "file.gz")
        assert_nothing_in_place(folder, "file.gz")
        server.content = good
        bring(server, folder, "file.gz")
    assert gzip.decompress((folder / "file.gz").read_bytes()) == BYTES


@pytest.mark.parametrize("content", [b"", b"plain", b"<html>Please sign in</html>", gzip.compress(BYTES)[:5000]])
def test_what_is_not_the_file_is_refused(folder, content):
    with serving(content) as server, pytest.raises(WorkError, match=r"file\.gz could not be fetched"):
        bring(server, folder, "file.gz")
    assert_nothing_in_place(folder, "file.gz")


def test_a_size_other_than_the_published_one_is_refused(folder):
    with serving(BYTES) as server, pytest.raises(WorkError, match="700,000 bytes where 5 are published"):
        fetch(Remote("file.bin", (server.address,), size=5), folder, patience=QUICK)
    assert_nothing_in_place(folder)


def test_another_file_than_the_one_on_record_is_an_error_until_it_is_asked_for(folder):
    with serving(BYTES) as server:
        bring(server, folder)
        (folder / "file.bin").unlink()
        server.content = bytes(reversed(BYTES))
        with pytest.raises(DamagedData, match=r"not what it was.*--again"):
            bring(server, folder)
        assert_nothing_in_place(folder)
        bring(server, folder, again=True)
        assert (folder / "file.bin").read_bytes() == server.content
        assert records(folder)["file.bin"].sha256 == hashlib.sha256(server.content).hexdigest()


def test_a_fetched_file_that_was_changed_since_is_an_error(folder):
    with serving(BYTES) as server:
        bring(server, folder)
        (folder / "file.bin").write_bytes(BYTES[:-1] + b"?")
        with pytest.raises(DamagedData, match="not the file on record"):
            bring(server, folder)
        bring(server, folder, again=True)
    assert (folder / "file.bin").read_bytes() == BYTES


def test_while_it_is_fetched_again_the_old_file_stays(folder):
    with serving(BYTES, faults=[None, "cut:1000", 500, 500, 500]) as server:
        bring(server, folder)
        with pytest.raises(WorkError):
            bring(server, folder, again=True)
        assert (folder / "file.bin").read_bytes() == BYTES
        assert bring(server, folder).size == len(BYTES)


def test_a_file_put_there_by_hand_is_taken_in_only_whole(folder):
    folder.mkdir()
    (folder / "file.gz").write_bytes(gzip.compress(BYTES)[:-9])
    with serving(b"") as server:
        with pytest.raises(DamagedData):
            bring(server, folder, "file.gz")
        (folder / "file.gz").write_bytes(gzip.compress(BYTES))
        assert bring(server, folder, "file.gz") == records(folder)["file.gz"]
    assert server.requests == []


def test_a_local_file_takes_the_place_of_a_download(folder, tmp_path):
    archive = tmp_path / "download.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("names.csv", "a,b\n" * 1000)
    record = place(archive, "names", folder)
    assert (folder / "names").read_bytes() == archive.read_bytes() and record.address == str(archive)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(archive.read_bytes()[:-30])
    for path in (broken, tmp_path / "missing", tmp_path):
        with pytest.raises(InputError):
            place(path, "names", folder)
    assert (folder / "names").read_bytes() == archive.read_bytes()


@pytest.mark.parametrize(
    "address", ["ftp://127.0.0.1/file", "file:///etc/passwd", "drkg", "http://[::1", "http://a:b/"]
)
def test_what_is_no_address_is_the_users_mistake(folder, address):
    with pytest.raises(UserError, match="no address"):
        fetch(Remote("file.bin", (address,)), folder, patience=QUICK)


def test_no_server_at_all_is_told(folder):
    with serving(BYTES) as server:
        address = server.address
    with pytest.raises(WorkError, match=r"connection failed.*given up after 3 tries"):
        fetch(Remote("file.bin", (address,)), folder, patience=QUICK)


def test_without_a_network_it_is_given_up_at_once(folder):
    began = time.monotonic()
    with pytest.raises(WorkError, match="cannot be reached from here") as caught:
        fetch(
            Remote("file.bin", ("https://no-such-host.invalid/file",)),
            folder,
            patience=DownloadRetryPolicy(tries=5, pause=5),
        )
    assert time.monotonic() - began < 5 and "\n" not in str(caught.value)
    assert_nothing_in_place(folder)


def test_a_damaged_manifest_is_told_and_not_overwritten(folder):
    folder.mkdir()
    (folder / "manifest.json").write_text('{"files": {"file.bin": {"size": "much"}}}')
    with serving(BYTES) as server, pytest.raises(DamagedData, match="remove it"):
        bring(server, folder)
    assert "much" in (folder / "manifest.json").read_text()


def test_garbled_notes_of_a_part_start_it_over(folder):
    folder.mkdir()
    (folder / "file.bin.part").write_bytes(b"x" * 1000)
    (folder / "file.bin.part.json").write_text("{")
    with serving(BYTES) as server:
        bring(server, folder)
    assert (folder / "file.bin").read_bytes() == BYTES


def test_a_full_disk_is_told_and_what_came_is_kept(folder, monkeypatch):
    with serving(BYTES) as server:
        monkeypatch.setattr(downloading.shutil, "disk_usage", lambda _: DiskFull)
        with pytest.raises(WorkError, match="room"):
            bring(server, folder)
        monkeypatch.undo()
        monkeypatch.setattr(downloading._Transfer, "_append", fail_after_some)
        with pytest.raises(WorkError, match=r"No space left on device; 1,000 bytes are kept"):
            bring(server, folder)
        monkeypatch.undo()
        bring(server, folder)
        assert server.requests[-1]["Range"] == "bytes=1000-"
    assert (folder / "file.bin").read_bytes() == BYTES


class DiskFull:
    free = 10


def fail_after_some(self, answer, total):
    with self.part.open("ab") as out:
        out.write(next(answer.iter_raw(1000))[:1000])
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with serving(BYTES) as server, pytest.raises(OSError, match="directory"):
        bring(server, tmp_path / "file" / "sources")


def test_one_process_fetches_at_a_time(folder):
    with serving(BYTES) as server, writing(folder):
        child = subprocess.run(
            [sys.executable, "-c", FETCH, server.address, str(folder)], capture_output=True, text=True, check=False
        )
        assert "Busy" in child.stderr
        with pytest.raises(Busy):
            place(Path(__file__), "file.bin", folder)
    assert_nothing_in_place(folder)


FETCH = """
import sys
from pathlib import Path
from kedrec.graphdb.drkg.fetch import Remote, fetch
from kedrec.graphdb.drkg.download import DownloadRetryPolicy
fetch(Remote("file.bin", (sys.argv[1],)), Path(sys.argv[2]), patience=DownloadRetryPolicy(stall=20))
"""


def test_a_fetch_killed_in_the_middle_is_gone_on_with(folder):
    with serving(BYTES, faults=["stall:262144"]) as server:
        child = subprocess.Popen([sys.executable, "-c", FETCH, server.address, str(folder)])
        part = folder / "file.bin.part"
        deadline = time.monotonic() + 20
        while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert_nothing_in_place(folder)
        had = part.stat().st_size
        assert had > 0
        bring(server, folder)
        assert server.requests[-1]["Range"] == f"bytes={had}-"
    assert (folder / "file.bin").read_bytes() == BYTES


def test_a_fetch_killed_before_the_last_step_needs_no_network(folder):
    with serving(BYTES) as server:
        bring(server, folder)
    (folder / "file.bin").rename(folder / "file.bin.part")
    assert bring(server, folder).size == len(BYTES)
    assert (folder / "file.bin").read_bytes() == BYTES


def tar(path, *members, **traits):
    """Write an archive of (name, bytes or TarInfo) members."""
    with tarfile.open(path, "w:gz", **traits) as out:
        for name, content in members:
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
            out.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return path


def link(name, target, kind):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return name, info


GOOD = [("./drkg.tsv", b"a\tb\tc\n"), ("./embed/entities.tsv", b"x\n"), ("./._drkg.tsv", b"apple")]


def test_an_archive_is_unpacked_once_and_without_what_macos_adds(tmp_path):
    archive = tar(tmp_path / "a.tar.gz", *GOOD)
    files = unpack(archive, "hash", tmp_path / "files")
    assert [path.relative_to(tmp_path / "files").as_posix() for path in files] == ["drkg.tsv", "embed/entities.tsv"]
    archive.unlink()
    assert unpack(archive, "hash", tmp_path / "files") == files


def test_a_changed_or_lost_file_is_unpacked_anew_and_another_archive_replaces_all(tmp_path):
    archive, folder = tar(tmp_path / "a.tar.gz", *GOOD), tmp_path / "files"
    unpack(archive, "hash", folder)
    (folder / "drkg.tsv").write_text("cut")
    unpack(archive, "hash", folder)
    assert (folder / "drkg.tsv").read_bytes() == b"a\tb\tc\n"
    other = tar(tmp_path / "b.tar.gz", ("drkg.tsv", b"new\n"))
    assert [path.read_bytes() for path in unpack(other, "other", folder)] == [b"new\n"]


@pytest.mark.parametrize(
    ("member", "told"),
    [
        (("../out.txt", b"x"), "out of the folder"),
        (("embed/../../out.txt", b"x"), "out of the folder"),
        (("/tmp/kedrec-out.txt", b"x"), "out of the folder"),
        (link("soft", "/etc", tarfile.SYMTYPE), "link"),
        (link("hard", "../out.txt", tarfile.LNKTYPE), "link"),
        (link("pipe", "", tarfile.FIFOTYPE), "device"),
        (link("disk", "", tarfile.BLKTYPE), "device"),
        (("drkg.tsv", b"other"), "twice"),
        (("unpacked.json", b"{}"), "name of ours"),
        (("big", b"0" * 2_000_000), "over 1,000,000 bytes"),
    ],
)
def test_an_archive_that_reaches_out_is_refused_whole(tmp_path, member, told):
    inner = tmp_path / "inner"
    inner.mkdir()
    archive = tar(inner / "a.tar.gz", ("drkg.tsv", b"a\tb\tc\n"), member)
    with pytest.raises(DamagedData, match=told):
        unpack(archive, "hash", inner / "files", most_bytes=1_000_000)
    assert [path.name for path in inner.iterdir()] == ["a.tar.gz"]
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["inner"]


def test_a_bomb_stops_early(tmp_path):
    header = tarfile.TarInfo("big")
    header.size = 3 << 30
    packed = gzip.compress(header.tobuf() + b"\0" * (64 << 20), compresslevel=1)
    (tmp_path / "a.tar.gz").write_bytes(packed)
    with pytest.raises(DamagedData, match="over 20,000,000 bytes"):
        unpack(tmp_path / "a.tar.gz", "hash", tmp_path / "files", most_bytes=20_000_000)
    assert not (tmp_path / "files").exists()


@pytest.mark.parametrize("harm", ["cut gzip", "cut tar", "no gzip", "no tar", "flipped"])
def test_a_damaged_archive_unpacks_to_nothing(tmp_path, harm):
    content = random.Random(1).randbytes(200_000)
    whole = tar(tmp_path / "a.tar.gz", ("drkg.tsv", content)).read_bytes()
    flipped = bytearray(whole)
    flipped[-6] ^= 1
    bad = {
        "cut gzip": whole[:-5000],
        "cut tar": gzip.compress(gzip.decompress(whole)[:100_000]),
        "no gzip": content,
        "no tar": gzip.compress(content),
        "flipped": bytes(flipped),
    }[harm]
    (tmp_path / "a.tar.gz").write_bytes(bad)
    with pytest.raises(DamagedData, match="fetch it again"):
        unpack(tmp_path / "a.tar.gz", "hash", tmp_path / "files")
    assert not (tmp_path / "files").exists() and not list(tmp_path.glob(".*"))


def test_the_mark_of_an_unpacked_archive_names_every_file(tmp_path):
    unpack(tar(tmp_path / "a.tar.gz", *GOOD), "hash", tmp_path / "files")
    mark = json.loads((tmp_path / "files" / "unpacked.json").read_text())
    assert mark == {"archive_sha256": "hash", "files": {"drkg.tsv": 6, "embed/entities.tsv": 2}}
