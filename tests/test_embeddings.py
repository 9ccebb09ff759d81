"""Embeddings are written whole, read strictly, and DRKG's own published files are read as they are."""

import json

import numpy as np
import pytest

from kedrec.errors import DamagedData, InputError, UserError
from kedrec.graphdb.embeddings.files import read_embeddings, write_embeddings

IDS = ["Compound::DB00107", "Disease::DOID:2841", "Gene::1;2"]
VECTORS = np.arange(12, dtype=np.float32).reshape(3, 4)


def published(folder, rows="", vectors=VECTORS, name="DRKG_TransE_l2_entity.npy"):
    """DRKG's own layout; its `entities.tsv` need not be in the order of the rows."""
    folder.mkdir(exist_ok=True)
    np.save(folder / name, vectors)
    np.save(folder / "DRKG_TransE_l2_relation.npy", np.ones((2, 4), np.float32))
    rows = rows or "Gene::1;2\t2\nCompound::DB00107\t0\nDisease::DOID:2841\t1\n"
    (folder / "entities.tsv").write_text(rows, "utf-8")
    return folder


def test_what_is_written_is_read_back(tmp_path):
    sha256 = write_embeddings(tmp_path / "new" / "folder", IDS, VECTORS, {"made_by": "a test"})
    found = read_embeddings(tmp_path / "new" / "folder")
    assert found.ids == tuple(IDS)
    assert found.vectors.dtype == np.float32
    assert np.array_equal(found.vectors, VECTORS)
    assert found.sha256 == sha256
    assert found.rows(["Gene::1;2", "Gene::3", "Compound::DB00107"]).tolist() == [2, -1, 0]


def test_only_the_three_files_are_left_and_the_manifest_says_what_they_are(tmp_path):
    sha256 = write_embeddings(tmp_path, IDS, VECTORS, {"made_by": "a test"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["entities.npy", "entities.tsv", "manifest.json"]
    told = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert told == {"made_by": "a test", "sha256": sha256, "entities": 3, "dimension": 4}


def test_same_vectors_give_the_same_bytes(tmp_path):
    first, second = (write_embeddings(tmp_path / name, IDS, VECTORS, {}) for name in "ab")
    assert first == second
    assert (tmp_path / "a/entities.npy").read_bytes() == (tmp_path / "b/entities.npy").read_bytes()


@pytest.mark.parametrize("named", ["", "DRKG_TransE_l2_entity.npy"])
def test_the_files_drkg_publishes_are_read_by_folder_or_by_name(tmp_path, named):
    found = read_embeddings(published(tmp_path / "embed") / named)
    assert found.ids == tuple(IDS)
    assert np.array_equal(found.vectors, VECTORS)


def test_wider_floats_are_narrowed(tmp_path):
    found = read_embeddings(published(tmp_path / "embed", vectors=VECTORS.astype(np.float64)))
    assert found.vectors.dtype == np.float32


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("Gene::1;2\t2\nCompound::DB00107\t0\n", "2 ids for 3 rows"),
        ("Gene::1;2\t3\nCompound::DB00107\t0\nDisease::DOID:2841\t1\n", "line 1: '3' is no row"),
        ("Gene::1;2\t2\nCompound::DB00107\t0\nDisease::DOID:2841\t0\n", "line 3: .* stands there twice"),
        ("Gene::1;2\t2\nGene::1;2\t0\nDisease::DOID:2841\t1\n", "line 2: .* stands there twice"),
        ("Gene::1;2\t-1\nCompound::DB00107\t0\nDisease::DOID:2841\t1\n", "'-1' is no row"),
        ("\t2\nCompound::DB00107\t0\nDisease::DOID:2841\t1\n", "every row needs an id"),
        ("Gene::1;2 2\n", "columns must be separated by tabs"),
    ],
)
def test_ids_that_do_not_fit_the_rows_are_refused(tmp_path, rows, says):
    with pytest.raises(InputError, match=says):
        read_embeddings(published(tmp_path / "embed", rows))


@pytest.mark.parametrize(
    ("vectors", "says"),
    [
        (VECTORS[0], "expected floats of shape"),
        (VECTORS.astype(int), "expected floats of shape"),
        (np.zeros((0, 4), np.float32), "expected floats of shape"),
        (np.where(VECTORS == 5, np.nan, VECTORS), "1 rows hold values that are not finite; the first is row 1"),
        (np.array([[object()]]), "is no NumPy array"),
    ],
)
def test_arrays_that_are_no_vectors_are_refused(tmp_path, vectors, says):
    with pytest.raises(InputError, match=says):
        read_embeddings(published(tmp_path / "embed", vectors=vectors))


def test_missing_cut_and_several_files_are_told(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_embeddings(tmp_path / "nothing.npy")
    with pytest.raises(InputError, match="found nothing"):
        read_embeddings(tmp_path)
    folder = published(tmp_path / "embed")
    whole = (folder / "DRKG_TransE_l2_entity.npy").read_bytes()
    (folder / "cut_entity.npy").write_bytes(whole[:-3])
    with pytest.raises(InputError, match=r"found DRKG_TransE_l2_entity\.npy, cut_entity\.npy"):
        read_embeddings(folder)
    with pytest.raises(InputError, match="is no NumPy array"):
        read_embeddings(folder / "cut_entity.npy")
    (folder / "entities.tsv").unlink()
    with pytest.raises(InputError, match="there is no such file"):
        read_embeddings(folder / "DRKG_TransE_l2_entity.npy")


def test_new_vectors_are_never_read_with_old_ids(tmp_path):
    write_embeddings(tmp_path, IDS, VECTORS, {})
    np.save(tmp_path / "entities.npy", VECTORS + 1)
    with pytest.raises(DamagedData, match="are not those of"):
        read_embeddings(tmp_path)


@pytest.mark.parametrize(
    ("ids", "vectors"),
    [(IDS[:2], VECTORS), ([IDS[0]] * 3, VECTORS), (IDS, VECTORS[:, 0]), (IDS, np.where(VECTORS == 5, np.inf, VECTORS))],
)
def test_what_does_not_fit_is_not_written(tmp_path, ids, vectors):
    with pytest.raises(UserError):
        write_embeddings(tmp_path / "out", ids, vectors, {})
    assert not (tmp_path / "out").exists()
