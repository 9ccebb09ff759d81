"""Words that tell which way a passage speaks: for a drug, against it, or of its harm."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from kedrec.tools.text.cues.pattern import CuePattern
from kedrec.tools.text.tokens import sentence_spans

__all__ = [
    "Cue",
    "cue_of",
    "is_criterion",
    "praises",
    "quotable",
    "reads_well",
    "reports_harm",
    "sentences_of",
    "sets_out",
    "speaks_of_harm",
]

Cue = Literal["for", "against", "harm", "use", "silent"]
"""What a sentence says of a drug: that it works, that it does not, that it harms, that it is given, or none of it."""

_AGAINST = CuePattern(
    r"no (?:statistically |clinically )?(?:significant|apparent|clear|measurable|additional|overall) (?:\w+ )?"
    r"(?:difference|effect|benefit|improvement|reduction|advantage|efficacy|change)s?"
    r"|no (?:benefit|effect|efficacy|advantage|evidence of (?:benefit|efficacy|effect))\b"
    r"|not (?:\w+ )?(?:effective|superior|efficacious|beneficial|recommended|better than)"
    r"|not (?:\w+ )?significantly (?:\w+ )?(?:different|better)"
    r"|(?:did|does|do|was|were|could) not (?:\w+ )?(?:improve|reduce|prevent|affect|benefit|respond|differ|show)"
    r"|(?:did|does|do|could) not (?:\w+ )?(?:decrease|prolong|alter)"
    r"|fail(?:ed|s|ure) to (?:\w+ )?(?:improve|reduce|prevent|show|demonstrate|meet|benefit|prolong)"
    r"|ineffective|lack(?:ed|s)? (?:of )?(?:efficacy|effect|benefit)|inferior to|contra-?indicated"
    r"|(?:trial|study) was (?:stopped|terminated|withdrawn)|futility|worse than|similar to placebo"
)
_TOLERANCE = CuePattern(
    r"contra-?indicated|fatal|\bdeaths?\b|safety|tolera(?:ted|bility)|discontinu(?:ed|ation)|overdose"
    r"|\bcaused by\b|\bcauses\b"
)
"""Words near harm that stand in a good result as well."""
_HARM = CuePattern(
    r"-induced\b|\binduced by\b|\badverse|side[- ]effects?|(?<!cyto)(?<!cyto-)\b\w*toxic(?:it|\b)|hypersensitivity|"
    r"serious infection"
    r"|exacerbat|\bwarning\b|\bworse(?:n(?:ed|ing))? (?:after|on|under)\b(?! placebo)"
)
"""Words of harm, whatever the disease."""
_ILLNESSES = tuple(
    (CuePattern(harm), re.compile(disease, re.IGNORECASE))
    for harm, disease in (
        (r"vasculitis", r"vasculiti|arteritis|angiitis|behcet|behçet|kawasaki|granulomatosis|purpura"),
        (r"\brash(?:es)?\b", r"rash|dermat|eczema|exanthema|urticaria|psoriasis|lupus|rosacea"),
        (
            r"cancer|malignan|lymphoma",
            r"cancer|malignan|carcinom|lymphom|tumou?r|neoplas|leuka?emi|sarcom|gliom|myelom|melanom|blastom|metasta",
        ),
        (r"\ballerg", r"allerg|hypersensitiv|anaphyla|asthma|rhinitis|urticaria|eczema|atopic"),
        (
            r"\binfections?\b",
            r"infect|virus|viral|bacteri|fung|sepsis|pneumoni|tubercul|malaria|hepatitis|herpes|syphilis|\bhiv\b|aids"
            r"|cystitis|influenza|covid|mycosis|candid|leprosy|cholera|parasit|bronchitis|otitis|meningitis|cellulitis",
        ),
    )
)
"""Illnesses that a drug may bring, each with the diseases in which the word tells of the disease and not of harm."""
_TREATED = re.compile(
    r"\b(?:patients|subjects|adults|children|people|treat\w*|therap\w+|approved|indicated|used|effective|efficacy|"
    r"activity"
    r"|management|diagnos\w+|types? of|variety of|such as|including|h[a]?ematolog\w+|advanced|metastatic|cells?|"
    r"other|for)"
    r"(?:[^\w.;]+(?!but\b|brought|caus|develop|induc|risk)\w+){0,4}[^\w.;]+$",
    re.IGNORECASE,
)
"""Stands before an illness that is treated, and was not brought about."""
_AVERTED = re.compile(
    r"(?:\bno\b|\bnot\b|without|reduc\w*|prevent\w*|fewer|lower\w*|decreas\w*|protect\w*|against|\btreat\w*)"
    r"(?:[^\w.;]+\w+){0,4}[^\w.;]+$",
    re.IGNORECASE,
)
"""Stands before a word of harm that did not come about."""
_FOR = CuePattern(
    r"\beffective(?:ly|ness)?\b|\befficacy\b|efficacious|\bsuperior\b|improv(?:ed|es|ement|ing)"
    r"|\breduc(?:ed|es|tion|ing)\b|decreas(?:ed|es)|\bbenefi(?:t|ts|cial)\b|remission|respon(?:se|ded|ders)|"
    r"\brelie(?:f|ved|ves)\b|\bcure[ds]?\b"
    r"|first[- ]line|treatment of choice|recommended|approved|standard (?:of care|treatment|therapy)|regrowth"
    r"|prolonged survival"
)
_USE = CuePattern(
    r"\btreated with\b|\btreatment (?:of|for|with)\b|\btherapy (?:of|for|with)\b|used (?:to treat|for|in)"
    r"|\bgiven for\b"
)
_CRITERION = CuePattern(
    r"(?:in|ex)clusion criteri|\beligib|\bmust (?:have|be|not)\b|\bwilling\b|\binformed consent\b|^\s*[*•]"
    r"|\bhistory of\b|\bpregnan(?:t|cy) (?:or|and) (?:lactat|breast)"
    r"|^(?:Has|Have|Had) (?:an? |any |had )?(?:known|history|active|prior)"
    r"|^(?:Current|Known|Any|Use of)\b.*\b(?:within|prior to)"
    r"|\b(?:known|history of|with) (?:hypersensitivity|allergy)|\bmedical history|\bchildbearing"
    r"|^(?:Subject|Patient|Participant)s? (?:who|must|should)\b"
)
"""Marks of a criterion of eligibility: whom a trial takes, not what it found."""
_SETTING_OUT = CuePattern(
    r"\b(?:aims?|aimed|objectives?|purpose|hypothes\w+|sought|background)\b"
    r"|^(?:Compare|Evaluate|Assess|Determine|Investigate|Examine|Describe)\b"
    r"|\bto (?:investigate|evaluate|assess|determine|examine|compare)\b|\bwe (?:review|discuss|summari[sz]e|describe)\b"
    r"|\bthis (?:\w+ )?(?:review|article|paper|study|chapter) (?:\w+ )?"
    r"(?:provides|summari[sz]es|discusses|describes|examines|evaluates|reviews|presents|focuses|highlights|explores)\b"
    r"|\b(?:is|are|was|were) (?:discussed|reviewed|summari[sz]ed|outlined)\b|\bappraises\b"
    r"|\bwere (?:randomi[sz]ed|randomly|enrolled|recruited|searched|included in)\b|\bthe main questions\b"
    r"|\bwill (?:be|examine|evaluate|assess|compare|test|study|investigate|determine|receive)\b"
    r"|\b(?:is|are|remains?) (?:un(?:known|clear)|not (?:fully|well|yet) \w+)|\bpaucity of|\blittle is known"
)
"""Marks of what somebody set out to do, not of what came of it."""
_LISTED = re.compile(
    r"(?: - .*){2}|\", |\\\\u[0-9a-f]{4}|\['|(?:in|ex)clusion criteri|&#|\(\s*\w\s*$"
    r"|^(?:OR|AND|Participant|Patients? (?:must|should|who|with))\b",
    re.IGNORECASE,
)
"""Marks of a list of criteria, of a table or of code."""
_DOUBLED = re.compile(r"\.(?:(?<=[?!]\.)|(?<=[^.]\.\.))(?!\.)")
_NOTE = "(A note on the record.)"
"""Stands before a text that is somebody's note, not the record's own."""
_QUOTE_LIMIT = 340
"""Long enough for the longest fact of the weigher: the check knows its counts only where its words stand whole."""


@lru_cache(maxsize=8192)
def cue_of(sentence: str, disease: str = "") -> Cue:
    """Which way a sentence speaks; a negated benefit counts before a plain one, and before harm.

    Args:
        sentence: A sentence.
        disease: Names of the disease asked about; without them no illness counts as harm.
    """
    if _AGAINST.search(sentence):
        return "against"
    if _FOR.search(sentence):
        return "for"
    if speaks_of_harm(sentence, disease):
        return "harm"
    return "use" if _USE.search(sentence) else "silent"


def speaks_of_harm(sentence: str, disease: str = "") -> bool:
    """Whether a sentence says anything about harm or tolerance, whatever else it says."""
    return _TOLERANCE.search(sentence) is not None or reports_harm(sentence, disease)


@lru_cache(maxsize=8192)
def reports_harm(sentence: str, disease: str = "") -> bool:
    """Whether a sentence reports harm that occurred.

    Args:
        sentence: A sentence.
        disease: Names of the disease asked about; its own illness is no harm, and without them none is.
    """
    illnesses = (harm for harm, kin in _ILLNESSES if disease and not kin.search(disease))
    other = (
        hit for harm in illnesses for hit in harm.finditer(sentence) if not _TREATED.search(sentence[: hit.start()])
    )
    return any(not _AVERTED.search(sentence[: hit.start()]) for hit in (*_HARM.finditer(sentence), *other))


def praises(sentence: str) -> bool:
    """Whether a sentence with a negative result in it reports a benefit as well."""
    return _FOR.search(_AGAINST.sub(" ", sentence)) is not None


def sentences_of(text: str) -> list[str]:
    """A text cut into sentences, empty ones, the mark of a note and doubled stops left out."""
    plain = _DOUBLED.sub("", _without_mark(text))
    return [plain[start:end] for start, end in sentence_spans(plain)]


def _without_mark(text: str) -> str:
    return text.replace(_NOTE, " ")


def reads_well(sentence: str) -> bool:
    """Whether a sentence can be quoted as it stands: no list or criterion, no piece of a table or of code."""
    starts = sentence[:1].isalnum() and sentence[:1] == sentence[:1].upper()
    return starts and _LISTED.search(sentence) is None and not is_criterion(sentence)


def is_criterion(sentence: str) -> bool:
    """Whether a sentence says whom a trial takes."""
    return _CRITERION.search(sentence) is not None


def sets_out(sentence: str) -> bool:
    """Whether a sentence says what somebody set out to do, and not the result."""
    return _SETTING_OUT.search(sentence) is not None


def quotable(text: str) -> str:
    """A text made fit to stand in one line between citation marks: no brackets or line breaks; not too long.

    Bars stay, as names may hold them: the text is the last column of its line.
    """
    flat = " ".join(_without_mark(text).replace("[", "(").replace("]", ")").split())
    if len(flat) <= _QUOTE_LIMIT:
        return flat
    return flat[:_QUOTE_LIMIT].rsplit(" ", 1)[0].rstrip(",;:(") + " …"
