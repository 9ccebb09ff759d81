"""Files that do not fit are refused with their line, and nothing changes; kills and rivals leave the graph whole."""

import bz2
import gzip
import json
import lzma
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from graph_stores import TARGET, TREATS, write_tsv

from kedrec.cli import main
from kedrec.errors import Busy, DamagedData, InputError, NotReady, UserError
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore
from kedrec.graphdb.snapshots import new_version

LOAD = """
import sys
from pathlib import Path
from kedrec.graphdb.embedded.build import load_graph
load_graph([Path(sys.argv[1])], None, Path(sys.argv[2]), lambda stage, *_: print(stage, flush=True))
"""
GOOD = f"Compound::DB1\t{TARGET}\tGene::1\n"
BAD_LINES = {
    "two columns": "Compound::DB1\tX",
    "four columns": GOOD.strip() + "\tz",
    "blank line": "",
    "blank head": f"Compound::\t{TARGET}\tGene::2",
    "blank tail": f"Compound::DB1\t{TARGET}\tDisease::",
    "tail of a space": f"Compound::DB1\t{TARGET}\tGene:: ",
    "no head": f"\t{TARGET}\tGene::2",
    "empty relation": "Compound::DB2\t\tGene::2",
    "relation of spaces": "Compound::DB2\t  \tGene::2",
    "no kind": f"DB1\t{TARGET}\tGene::2",
    "single colon": f"Compound:DB1\t{TARGET}\tGene::2",
    "unknown kind": f"Potato::1\t{TARGET}\tGene::2",
    "kind in lower case": f"compound::1\t{TARGET}\tGene::2",
    "unknown kind of tail": f"Compound::1\t{TARGET}\tGen::2",
    "spaces for tabs": f"Compound::DB1 {TARGET} Gene::2",
    "spaces around": f"Compound::DB1 \t{TARGET}\tGene::2",
    "NUL": f"Compound::DB\x001\t{TARGET}\tGene::2",
    "escape": f"Compound::DB\x1b1\t{TARGET}\tGene::2",
    "C1 control": f"Compound::DB\x851\t{TARGET}\tGene::2",
    "carriage return": f"Compound::DB1\r\t{TARGET}\tGene::2",
}


def refused(path, line, words=".", names=False, folder=None):
    folder = folder or path.parent / "graph"
    files = ([write_tsv(path.parent / "ok.tsv", [GOOD.strip().split("\t")])], path) if names else ([path], None)
    with pytest.raises(InputError, match=words) as caught:
        load_graph(*files, folder)
    assert caught.value.line == line
    assert str(path) in str(caught.value)
    assert not list(folder.glob("*building*"))


@pytest.mark.parametrize("fault", BAD_LINES)
@pytest.mark.parametrize("packed", [False, True])
def test_a_bad_line_is_refused_with_its_number(tmp_path, fault, packed):
    content = (GOOD * 3 + BAD_LINES[fault] + "\n" + GOOD).encode()
    path = tmp_path / ("bad.tsv.gz" if packed else "bad.tsv")
    path.write_bytes(gzip.compress(content) if packed else content)
    refused(path, 4)


def packed(form):
    """An archive that holds a good file."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in").mkdir()
        (Path(folder) / "in" / "good.tsv").write_text(GOOD)
        return Path(shutil.make_archive(f"{folder}/out", form, f"{folder}/in")).read_bytes()


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", None, "empty"),
        (b"\n\n", None, "empty"),
        (b"<!DOCTYPE html>\n<html></html>\n", 1, "web page"),
        (GOOD.encode() + "Compound::DBé\tr\tGene::2\n".encode("latin-1"), 2, "UTF-8"),
        (GOOD.encode("utf-16"), None, "UTF-16"),
        (GOOD.encode("utf-16-le"), None, "UTF-16"),
        (GOOD.encode("utf-16-be"), None, "UTF-16"),
        (bz2.compress(GOOD.encode()), None, "bzip2; unpack"),
        (lzma.compress(GOOD.encode()), None, "xz; unpack"),
        (gzip.compress(gzip.compress(GOOD.encode())), None, "gzipped twice"),
        (packed("zip"), None, "zip archive; unpack"),
        (packed("tar"), None, "tar archive; unpack"),
        (gzip.compress(packed("tar")), None, "tar archive; unpack"),
    ],
)
def test_a_file_of_another_sort_is_refused(tmp_path, content, line, words):
    path = tmp_path / "bad.tsv"
    path.write_bytes(content)
    refused(path, line, words)


def test_gzip_that_is_cut_off_damaged_or_none_is_refused(tmp_path):
    whole = gzip.compress("".join(f"Compound::{n}\t{TARGET}\tGene::{n}\n" for n in range(3000)).encode())
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    for content in (
        whole[:-20],
        whole[: len(whole) // 2],
        whole[:12],
        bytes(damaged),
        whole + b"rubbish",
        GOOD.encode(),
    ):
        path = tmp_path / "bad.tsv.gz"
        path.write_bytes(content)
        refused(path, None, "gzip")


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path):
    refused(tmp_path / "nowhere.tsv", None, "no such file")
    (tmp_path / "folder.tsv").mkdir()
    refused(tmp_path / "folder.tsv", None, "folder")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("Gene::1\tGEN1", "2 columns"),
        ("Gene::1\tGEN1\ta\tb", "4 columns"),
        ("Gene1\tGEN1\t", "no entity id"),
        ("Potato::1\tspud\t", "unknown kind"),
        ("Gene::0\tanother name\t", "earlier line"),
    ],
)
def test_a_bad_line_of_names_is_refused_with_its_number(tmp_path, row, words):
    path = tmp_path / "names.tsv"
    path.write_text(f"id\tname\tsynonyms\nGene::0\tGEN0\t\n{row}\n", "utf-8")
    refused(path, 3, words, names=True)


def test_a_failed_load_leaves_the_former_graph_as_it_was(tmp_path):
    good = write_tsv(tmp_path / "good.tsv", [GOOD.strip().split("\t")])
    load_graph([good], None, tmp_path / "graph")
    before = {path: path.read_bytes() for path in (tmp_path / "graph").rglob("*") if path.is_file()}
    bad = tmp_path / "bad.tsv"
    bad.write_text(GOOD + "x\n", "utf-8")
    with pytest.raises(InputError):
        load_graph([good, bad], None, tmp_path / "graph")
    assert {path: path.read_bytes() for path in (tmp_path / "graph").rglob("*") if path.is_file()} == before


def test_windows_line_ends_a_byte_order_mark_and_a_missing_last_line_end_are_accepted(tmp_path):
    path = tmp_path / "windows.tsv"
    path.write_bytes(b"\xef\xbb\xbf" + (GOOD + GOOD.replace("Gene::1", "Gene::2")).replace("\n", "\r\n").encode()[:-2])
    load_graph([path], None, tmp_path / "graph")
    assert EmbeddedStore.open(tmp_path / "graph").ids == ["Compound::DB1", "Gene::1", "Gene::2"]


def test_duplicates_are_kept_once_and_counted_over_all_files(tmp_path):
    one = write_tsv(
        tmp_path / "one.tsv", [("Compound::1", TREATS, "Disease::1"), ("Compound::1", TREATS, "Disease::1")]
    )
    two = write_tsv(
        tmp_path / "two.tsv", [("Compound::1", TREATS, "Disease::1"), ("Compound::2", TREATS, "Disease::1")]
    )
    report = load_graph([one, two], None, tmp_path / "graph")
    assert (report.triples, report.duplicates) == (2, 2)
    with pytest.raises(InputError, match="twice"):
        load_graph([one, one], None, tmp_path / "graph")


def test_the_order_of_files_changes_nothing(tmp_path):
    one = write_tsv(tmp_path / "one.tsv", [("Compound::2", TREATS, "Disease::1")])
    two = write_tsv(tmp_path / "two.tsv", [("Compound::1", TREATS, "Disease::1"), ("Gene::1", "GNBR::x", "Gene::2")])
    reports = [load_graph(files, None, tmp_path / "graph") for files in ([one, two], [two, one])]
    assert reports[0].model_dump(exclude={"seconds"}) == reports[1].model_dump(exclude={"seconds"})


def test_drkgs_odd_relations_and_joined_genes_are_kept_as_they_are(tmp_path):
    rows = [
        ("Gene::1;2", "bioarx::HumGenHumGen:Gene:Gene", "Gene::3"),
        ("Disease::SARS-CoV2 E", "bioarx::x", "Gene::3"),
    ]
    load_graph([write_tsv(tmp_path / "odd.tsv", rows)], None, tmp_path / "graph")
    store = EmbeddedStore.open(tmp_path / "graph")
    assert store.get("Gene::1;2").kind == "Gene"
    assert store.direct("Gene::3", "Gene::1;2")[0].source == "bioarx"
    assert store.get("Disease::SARS-CoV2 E")


def test_a_new_load_takes_the_place_of_the_former_graph_and_removes_it(tmp_path):
    for n in (1, 2, 3):
        load_graph(
            [write_tsv(tmp_path / "t.tsv", [(f"Compound::{n}", TREATS, "Disease::1")])], None, tmp_path / "graph"
        )
    assert EmbeddedStore.open(tmp_path / "graph").ids == ["Compound::3", "Disease::1"]
    assert len(list((tmp_path / "graph").glob("version-*"))) == 1


def test_who_has_the_former_graph_open_keeps_reading_it(tmp_path):
    load_graph([write_tsv(tmp_path / "t.tsv", [("Compound::1", TREATS, "Disease::1")])], None, tmp_path / "graph")
    reader = EmbeddedStore.open(tmp_path / "graph")
    load_graph([write_tsv(tmp_path / "t.tsv", [("Compound::2", TREATS, "Disease::1")])], None, tmp_path / "graph")
    assert reader.direct("Compound::1", "Disease::1")
    assert reader.search("Compound::1").entity


def test_two_homes_never_touch_each_other(tmp_path):
    for n in (1, 2):
        load_graph(
            [write_tsv(tmp_path / "t.tsv", [(f"Compound::{n}", TREATS, "Disease::1")])], None, tmp_path / f"home{n}"
        )
    assert EmbeddedStore.open(tmp_path / "home1").ids[0] == "Compound::1"
    assert EmbeddedStore.open(tmp_path / "home2").ids[0] == "Compound::2"


def test_a_second_load_at_the_same_time_is_refused(tmp_path):
    triples = write_tsv(tmp_path / "t.tsv", [("Compound::1", TREATS, "Disease::1")])
    with pytest.raises(RuntimeError, match="enough"), new_version(tmp_path / "graph"):
        with pytest.raises(Busy, match="another process"):
            load_graph([triples], None, tmp_path / "graph")
        raise RuntimeError("enough")
    load_graph([triples], None, tmp_path / "graph")


def test_no_graph_and_a_damaged_graph_are_two_things(tmp_path):
    with pytest.raises(NotReady, match="kedrec graph load"):
        EmbeddedStore.open(tmp_path / "graph")
    load_graph([write_tsv(tmp_path / "t.tsv", [("Compound::1", TREATS, "Disease::1")])], None, tmp_path / "graph")
    next((tmp_path / "graph").glob("version-*/near.npy")).write_bytes(b"rubbish")
    with pytest.raises(DamagedData) as caught:
        EmbeddedStore.open(tmp_path / "graph")
    assert str(caught.value).count("is damaged (") == str(caught.value).count("Load it again") == 1
    next((tmp_path / "graph").glob("version-*/manifest.json")).write_text("{")
    with pytest.raises(DamagedData) as caught:
        EmbeddedStore.open(tmp_path / "graph")
    assert str(caught.value).count("is damaged (") == str(caught.value).count("Load it again") == 1


def test_a_disk_that_takes_only_a_part_is_told_of_and_the_former_graph_stays(tmp_path):
    folder, graph = tmp_path / "t.tsv", tmp_path / "graph"
    load_graph([write_tsv(folder, [("Compound::1", TARGET, "Gene::1")])], None, graph)
    write_tsv(folder, [(f"Compound::{n % 97}", TARGET, f"Gene::{n}") for n in range(40_000)])
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n{LOAD}"
    done = subprocess.run([sys.executable, "-c", limited, folder, graph], capture_output=True, text=True, check=False)
    assert done.returncode and "WorkError" in done.stderr and "make room" in done.stderr
    assert EmbeddedStore.open(graph).stats().triples == 1
    assert not [path.name for path in graph.iterdir() if path.name.startswith(".building")]


def test_no_file_at_all_is_refused(tmp_path):
    with pytest.raises(UserError, match="at least one"):
        load_graph([], None, tmp_path / "graph")


def test_a_killed_load_leaves_the_former_graph_and_is_cleaned_up(tmp_path):
    folder = tmp_path / "graph"
    load_graph([write_tsv(tmp_path / "old.tsv", [("Compound::old", TREATS, "Disease::1")])], None, folder)
    rows = [(f"Compound::{n % 700}", TREATS, f"Disease::{n}") for n in range(60_000)]
    new = write_tsv(tmp_path / "new.tsv", rows)
    chance = random.Random(7)
    for stage in ("reading triples", "linking", "indexing names", "writing", "writing"):
        child = subprocess.Popen([sys.executable, "-c", LOAD, str(new), str(folder)], stdout=subprocess.PIPE, text=True)
        while child.stdout.readline().strip() not in (stage, ""):
            pass
        time.sleep(chance.uniform(0, 0.01))
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert len(EmbeddedStore.open(folder).heads) in (1, 60_000)
    load_graph([new], None, folder)
    assert sorted(path.name.split("-")[0] for path in folder.iterdir()) == ["CURRENT", "lock", "version"]


def run(capsys, *argv):
    with pytest.raises(SystemExit) as done:
        main(["graph", *map(str, argv)])
    out, err = capsys.readouterr()
    return done.value.code, out, err


def test_the_command_line_loads_shows_and_keeps_its_forms(tmp_path, capsys):
    triples = write_tsv(tmp_path / "t.tsv", [("Compound::1", TREATS, "Disease::1"), ("Compound::2", TARGET, "Gene::1")])
    names = write_tsv(tmp_path / "n.tsv", [("Compound::1", "Alphadrug", "Alfa"), ("Compound::2", "Betadrug", "Alfa")])
    code, out, err = run(capsys, "load", triples, "--names", names)
    assert (code, out) == (0, "") and "4 entities and 2 triples" in err
    code, out, _ = run(capsys, "info", "--json")
    assert set(json.loads(out)) == {"entities", "triples", "kinds", "relations", "source_sha256", "names"}
    code, out, _ = run(capsys, "show", "alphadrug", "--json")
    entity = {"id": "Compound::1", "kind": "Compound", "name": "Alphadrug"}
    assert (code, json.loads(out)) == (0, {"match": "folded", "entity": entity, "alternatives": []})
    code, out, _ = run(capsys, "show", "Alfa", "--json")
    assert (code, json.loads(out)["match"], json.loads(out)["entity"]) == (2, "ambiguous", None)
    assert [found["id"] for found in json.loads(out)["alternatives"]] == ["Compound::1", "Compound::2"]
    code, out, _ = run(capsys, "show", "alfadrugg", "--json")
    assert (code, json.loads(out)["match"], json.loads(out)["alternatives"][0]["id"]) == (2, "none", "Compound::1")
    assert run(capsys, "show", "Alphadrug")[0] == 0
    code, out, _ = run(capsys, "path", "Alphadrug", "Disease::1", "--json")
    assert code == 0 and len(json.loads(out)["paths"]) == 1
    for argv in (("path", "Alfa", "Betadrug"), ("path", "nothing", "Betadrug"), ("show", "nothing")):
        code, out, err = run(capsys, *argv)
        assert code == 2 and out == "" and err.count("\n") == 1


def test_the_command_line_refuses_a_bad_file_in_one_line(tmp_path, capsys):
    bad = tmp_path / "bad.tsv"
    bad.write_text(GOOD + "x\n", "utf-8")
    code, out, err = run(capsys, "load", bad)
    assert code == 2 and out == "" and err.count("\n") == 1 and "line 2" in err
    assert run(capsys, "info")[0] == 2


@pytest.mark.real
def test_the_real_slice_loads_and_has_its_known_size(real_data, tmp_path):
    kg = Path(real_data) / "kg"
    report = load_graph([kg / "drkg_slice.tsv.gz"], kg / "entity_names.tsv.gz", tmp_path / "graph")
    assert (report.entities, report.triples, len(report.relations)) == (36_829, 170_303, 29)
