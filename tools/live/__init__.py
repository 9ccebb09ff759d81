"""Literature from its sources as they are today: NCBI's E-utilities and the API of ClinicalTrials.gov.

Each host is asked at its pace, its answers are kept with their time, and no failure of a host ever looks like "nothing
found". What comes goes into the library through the same door as files.
"""

from kedrec.tools.live.fetcher import Fetcher, LiveReport
from kedrec.tools.live.on_demand import OnDemand
from kedrec.tools.live.pair_download import SourceReport, WantedLiterature, lacking
from kedrec.tools.live.query_terms import DateSpan

__all__ = ["DateSpan", "Fetcher", "LiveReport", "OnDemand", "SourceReport", "WantedLiterature", "lacking"]
