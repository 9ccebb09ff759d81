"""Documents out of files as their publishers distribute them: PubMed, PubMed Central, ClinicalTrials.gov, and JSONL.

Files are read in place, in constant memory. A record that cannot be read costs only itself, and is named; a file that
is damaged or cut off is refused.
"""

from kedrec.tools.sources.detect_and_read import FORMATS, Format, Reading, ReadRecord, read, read_documents
from kedrec.tools.sources.record_types import Deleted, Dropped, Item, LeftOut, Rejected
from kedrec.tools.sources.trial_vocabulary import normal_phase, normal_status

__all__ = [
    "FORMATS", "Deleted", "Dropped", "Format", "Item", "LeftOut", "ReadRecord", "Reading", "Rejected", "normal_phase",
    "normal_status", "read", "read_documents",
]  # fmt: skip
