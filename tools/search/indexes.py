"""The lexical indexes beside the library: one for each group, named in its manifest, rebuilt when passages change."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from kedrec.errors import DamagedData
from kedrec.tools.library.database import GROUPS, CorpusGroup, Library, LibraryWriter
from kedrec.tools.library.ingest import OnProgress
from kedrec.tools.search.bm25 import LEXICAL_VERSION, LexicalIndex

__all__ = ["Indexes"]

_BEHIND = "behind"
"""Entry of the manifest: groups whose index lacks what was added last."""


class Indexes:
    """The lexical indexes of a library.

    Args:
        library: The library.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._loaded: dict[CorpusGroup, tuple[str, LexicalIndex]] = {}

    @property
    def _folder(self) -> Path:
        return self._library.folder / "lexical"

    def build(self, writer: LibraryWriter, groups: set[CorpusGroup], on_progress: OnProgress | None) -> None:
        """Build the index of each group whose passages are not the ones it was built from, and name it.

        Args:
            writer: The transaction that brought the passages.
            groups: Groups that changed in it.
            on_progress: called with the progress.
        """
        for group in sorted(groups | _behind(writer)):
            if on_progress:
                on_progress(f"indexing {group}", 0, None)
            # The index is named by the hash of its content; empty if there is nothing to index.
            digest, known = hashlib.sha256(LEXICAL_VERSION.encode()), False
            for key, title, text in writer.texts(group):
                digest.update(f"{key}\0{title}\0{text}\0".encode())
                known = True
            name = f"{group}-{digest.hexdigest()[:16]}" if known else ""
            if name and not LexicalIndex.is_there(self._folder / name):
                self._folder.mkdir(exist_ok=True)
                LexicalIndex.build(writer.texts(group), self._folder / name)
            writer.note(f"lexical {group}", name)
        writer.note(_BEHIND, "")
        writer.note("content_sha256", writer.content_sha256())

    @staticmethod
    def put_off(writer: LibraryWriter, groups: set[CorpusGroup], on_progress: OnProgress | None) -> None:
        """Note that these groups changed and that their index does not know yet; as `build`."""
        writer.note(_BEHIND, " ".join(sorted(groups | _behind(writer))))
        writer.note("content_sha256", "")

    @property
    def behind(self) -> bool:
        """Whether there is something that was put off."""
        return bool(self._library.manifest(_BEHIND))

    def catch_up(self, on_progress: OnProgress | None) -> None:
        """Build what was put off and what is missing, and delete indexes that the manifest does not name."""
        missing = {group for group in GROUPS if self._is_lost(group)}
        if missing or self.behind:
            with self._library.write() as writer:
                self.build(writer, missing, on_progress)
        kept = {self._library.manifest(f"lexical {group}") for group in GROUPS}
        for stale in self._folder.glob("*"):
            if stale.name not in kept:
                shutil.rmtree(stale, ignore_errors=True)

    def _is_lost(self, group: CorpusGroup) -> bool:
        """Whether the index that the manifest names is not there, or is one of an earlier form."""
        name = self._library.manifest(f"lexical {group}")
        return bool(name) and not LexicalIndex.is_there(self._folder / name)

    def load(self, group: CorpusGroup) -> tuple[str, LexicalIndex] | None:
        """Return name and index of a group as the manifest names it, loaded once; None where it has no passages.

        Raises:
            DamagedData: the index is not there, or cannot be read.
        """
        name = self._library.manifest(f"lexical {group}")
        held = self._loaded.get(group)
        if not name or (held and held[0] == name):
            return held if name else None
        try:
            index = LexicalIndex.load(self._folder / name)
        except FileNotFoundError:
            raise DamagedData(f"{self._folder / name} is missing. Build it anew by adding any file again") from None
        self._loaded[group] = (name, index)
        return name, index


def _behind(writer: LibraryWriter) -> set[CorpusGroup]:
    """Return the groups whose index is behind."""
    return {group for group in GROUPS if group in writer.noted(_BEHIND).split()}
