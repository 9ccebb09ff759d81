"""`kedrec graph fetch | names`: DRKG and the vocabularies that name its ids, from where they are published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from kedrec.cli.terminal.bars import byte_bar, counting_bar
from kedrec.cli.terminal.console import Json, emit_json, say, settings

if TYPE_CHECKING:
    from kedrec.graphdb.drkg.download import DownloadRetryPolicy
    from kedrec.graphdb.drkg.fetch import FileRecord
    from kedrec.graphdb.drkg.sources import DataSource
    from kedrec.graphdb.names.build_table import NamesReport, Vocabularies

__all__ = ["as_fetched", "fetch", "names"]

DRKG = [Path("drkg")]
"""What stands for the fetched graph where files of a graph are named."""

VocabularyFile = Annotated[
    list[Path] | None, typer.Option(help="A file of this vocabulary in place of the fetched one; may be repeated.")
]


def fetch(
    sources: Annotated[list[str], typer.Argument(help="drkg, drugbank, mesh, genes, do, hetionet, or all.")],
    local: Annotated[
        list[Path] | None, typer.Option("--from", help="Take this file of yours; once for each file of the source.")
    ] = None,
    address: Annotated[
        list[str] | None,
        typer.Option(help="Fetch from this address (KEDREC_DRKG_ADDRESS for drkg); once for each file of the source."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Fetch again and keep it even if it differs.")] = False,
    json: Json = False,
) -> int:
    """Type:  kedrec graph fetch drkg.

    Fetch DRKG, or a vocabulary that names its ids, into the home. Run the same command to resume a fetch that was
    stopped. Sizes and hashes are kept on record, and a file that differs from its record is an error.
    """
    wanted = _wanted(sources, local, address)
    done = [result for source in wanted for result in _bring(source, local, again=again)]
    failed = [result for result in done if "error" in result]
    if json:
        emit_json({"files": done})
    if any(source.name == "drkg" for source in wanted) and not failed:
        files = unpacked_drkg()
        say(f"unpacked: {', '.join(path.name for path in files)} in {_folder() / 'drkg' / 'files'}")
    if not failed:
        say("Next: kedrec graph load drkg")
    return 1 if failed else 0


def names(
    files: Annotated[
        list[Path] | None, typer.Argument(help="DRKG files whose ids are named; the fetched DRKG where none is given.")
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="The names file to write.")] = Path("names.tsv"),
    drugbank: VocabularyFile = None,
    mesh: VocabularyFile = None,
    genes: VocabularyFile = None,
    do: VocabularyFile = None,
    hetionet: VocabularyFile = None,
    json: Json = False,
) -> None:
    """Type:  kedrec graph names graph.tsv --drugbank vocabulary.csv --mesh d2025.bin --out names.tsv.

    Name the ids of a graph by the vocabularies given here, and by those that were fetched. Ids that none of them
    knows are left out. Then: kedrec graph load graph.tsv --names names.tsv
    """
    from dataclasses import replace

    from kedrec.graphdb.names.build_table import Vocabularies

    given = {"drugbank": drugbank, "mesh": mesh, "genes": genes, "do": do, "hetionet": hetionet}
    own = {name: tuple(paths) for name, paths in given.items() if paths}
    report = _write_names(
        [drkg_triples()] if not files or (files == DRKG and not DRKG[0].exists()) else files,
        replace(Vocabularies.fetched(_folder()), **own),
        out,
    )
    if json:
        emit_json({"out": str(out), **report.model_dump()})


class LoadInputs(NamedTuple):
    """What is loaded."""

    files: list[Path]
    """Triples."""
    names: Path | None
    """Names of their ids."""
    groups: Path | None
    """Which of their ids are one drug or disease."""


def as_fetched(files: list[Path], names_file: Path | None, groups: Path | None) -> LoadInputs:
    """Return the files to load: the fetched DRKG and a names file built for it where `drkg` is all that is named.

    What is missing is fetched first. A vocabulary that cannot be fetched is reported and left out.
    """
    if files != DRKG or DRKG[0].exists():
        return LoadInputs(files, names_file, groups)
    from kedrec.graphdb.drkg.download import DownloadRetryPolicy
    from kedrec.graphdb.drkg.sources import VOCABULARIES
    from kedrec.graphdb.names.build_table import Vocabularies, groups_beside

    results = _bring(_source("drkg"))
    from kedrec.errors import WorkError

    if any("error" in result for result in results):
        raise WorkError("DRKG could not be fetched, so nothing was loaded")
    triples = drkg_triples()
    if names_file is None:
        for source in VOCABULARIES:
            _bring(source, patience=DownloadRetryPolicy(tries=2))
        names_file = _folder() / "names.tsv"
        _write_names([triples], Vocabularies.fetched(_folder()), names_file)
        groups = groups or groups_beside(names_file)
    return LoadInputs([triples], names_file, groups)


def unpacked_drkg() -> list[Path]:
    """The files of the fetched DRKG, unpacked where that was not done yet.

    Raises:
        NotReady: DRKG was not fetched.
        DamagedData: its archive is damaged.
    """
    from kedrec.errors import NotReady
    from kedrec.graphdb.drkg.fetch import records
    from kedrec.graphdb.drkg.sources import source_called
    from kedrec.graphdb.drkg.unpack import unpack
    from kedrec.locks import writing

    folder, name = _folder() / "drkg", source_called("drkg").files[0].name
    record = records(folder).get(name)
    if record is None:
        raise NotReady("DRKG was not fetched yet. Fetch it: kedrec graph fetch drkg")
    with writing(folder), byte_bar() as told:
        return unpack(folder / name, record.sha256, folder / "files", lambda *share: told("unpacking", *share))


def drkg_triples() -> Path:
    """The file of triples of the fetched DRKG.

    Raises:
        NotReady: DRKG was not fetched.
        DamagedData: its archive is damaged, or holds no such file.
    """
    from kedrec.errors import DamagedData

    found = [path for path in unpacked_drkg() if path.name == "drkg.tsv"]
    if not found:
        raise DamagedData("The fetched archive holds no drkg.tsv. Fetch another: kedrec graph fetch drkg --again")
    return found[0]


def _folder() -> Path:
    return settings().home / "sources"


def _source(name: str) -> DataSource:
    from kedrec.graphdb.drkg.sources import at_addresses, source_called

    source, address = source_called(name), settings().drkg_address
    return at_addresses(source, [address]) if address and name == "drkg" else source


def _wanted(names: Sequence[str], local: Sequence[Path] | None, addresses: list[str] | None) -> list[DataSource]:
    from kedrec.errors import UserError
    from kedrec.graphdb.drkg.sources import SOURCES, at_addresses

    if "all" in names:
        names = list(SOURCES)
    wanted = [_source(name) for name in dict.fromkeys(names)]
    if (local or addresses) and (len(wanted) != 1 or (local and addresses)):
        raise UserError("--from or --address, not both, and with one source only")
    if local and len(local) > len(wanted[0].files):
        raise UserError(f"{wanted[0].name} has {len(wanted[0].files)} files; --from names {len(local)}")
    return [at_addresses(wanted[0], addresses)] if addresses else wanted


def _bring(
    source: DataSource,
    local: Sequence[Path] | None = None,
    *,
    again: bool = False,
    patience: DownloadRetryPolicy | None = None,
) -> list[dict[str, Any]]:
    """Fetch the files of a source; what fails is reported and returned, the other files are fetched all the same."""
    from kedrec.errors import WorkError
    from kedrec.graphdb.drkg.fetch import fetch as fetch_file
    from kedrec.graphdb.drkg.fetch import place

    folder = _folder() / source.name
    say(f"{source.what} ({source.terms})")
    if local:
        pairs = list(zip(local, source.files, strict=False))
        return [_told(source, file.name, folder, place(path, file.name, folder)) for path, file in pairs]
    results = []
    for file in source.files:
        try:
            with byte_bar() as on_bytes:
                record = fetch_file(file, folder, again=again, patience=patience, on_bytes=on_bytes, on_note=say)
            results.append(_told(source, file.name, folder, record))
        except WorkError as error:
            say(f"kedrec: {error}. By hand: {source.page}, then kedrec graph fetch {source.name} --from FILE")
            results.append({"source": source.name, "name": file.name, "error": str(error)})
    return results


def _told(source: DataSource, name: str, folder: Path, record: FileRecord) -> dict[str, Any]:
    say(f"  {name}: {record.size:,} bytes, SHA-256 {record.sha256}")
    return {"source": source.name, "name": name, "path": str(folder / name), **record.model_dump()}


def _write_names(files: list[Path], vocabularies: Vocabularies, out: Path) -> NamesReport:
    from kedrec.graphdb.drkg.files import read_triples
    from kedrec.graphdb.names.build_table import write_names

    ids = read_triples(files).ids
    with counting_bar("vocabularies") as bar:
        report = write_names(ids, vocabularies, out, lambda _, done, total: bar(done, total))
    given = ", ".join(f"{count:,} by {name}" for name, count in report.sources.items() if count)
    say(f"{report.named:,} of {report.entities:,} entities named ({given or 'no vocabulary'}) in {out}")
    return report
