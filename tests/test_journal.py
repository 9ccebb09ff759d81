"""The journal of a run: nothing that was acknowledged is lost."""

from __future__ import annotations

from contextlib import closing

import pytest

from kedrec.append_log import AppendLog, LineTail
from kedrec.atomic_file import write_whole
from kedrec.distill.runs.journal import Journal, ResultRow
from kedrec.errors import DamagedData


def row(name: str, choice: str | None = "Compound::1") -> ResultRow:
    return ResultRow(pair_id=name, choice=choice, abstained=None, error=None, trace_id=f"t-{name}")


def test_what_was_appended_is_there_when_opened_again(tmp_path):
    with Journal(tmp_path / "journal") as journal:
        journal.append([row("a")])
        journal.append([row("b")])
    with Journal(tmp_path / "journal") as again:
        assert again.rows == {"a": row("a"), "b": row("b")}


def test_lines_are_read_as_they_come_and_only_when_they_are_whole(tmp_path):
    tail = LineTail(tmp_path / "lines")
    assert tail.read() == []
    (tmp_path / "lines").write_bytes("é\n\nb\nto".encode())
    assert tail.read() == ["é".encode(), b"", b"b"]
    with closing(AppendLog(tmp_path / "lines")) as again:
        again.append(["c"], synced=False)
    assert tail.read() == [b"c"]
    assert tail.read() == []


def test_a_later_row_of_a_pair_stands_for_the_earlier(tmp_path):
    with Journal(tmp_path / "journal") as journal:
        journal.append([row("a", None)])
        journal.append([row("a")])
    with Journal(tmp_path / "journal") as again:
        assert again.rows["a"].choice == "Compound::1"


def test_a_torn_last_line_is_cut_off_at_every_place(tmp_path):
    path = tmp_path / "journal"
    with Journal(path) as journal:
        journal.append([row("a")])
        journal.append([row("b")])
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, len(whole)):
        path.write_bytes(whole[:end])
        with Journal(path) as journal:
            assert set(journal.rows) == {"a"}
            journal.append([row("c")])
        with Journal(path) as again:
            assert set(again.rows) == {"a", "c"}


def test_a_line_that_is_no_row_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(b'{"pair_id": 1}\n')
    with pytest.raises(DamagedData, match="line 1"):
        Journal(path)
    assert path.read_bytes() == b'{"pair_id": 1}\n'


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    write_whole(tmp_path / "file", ["old"])

    def lines():
        yield "new"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_whole(tmp_path / "file", lines())
    assert (tmp_path / "file").read_text() == "old"
