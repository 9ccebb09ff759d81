"""The record of what a message wants, and what is said to what cannot be answered."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kedrec.records import Record

__all__ = ["ABOUT_ONE", "OUT_OF_SCOPE", "SAID", "TOPICS", "Beyond", "Intent", "Wanted"]

Intent = Literal[
    "choose", "assess", "use", "mechanism", "safety", "causes", "evidence", "list",
    "again", "explain", "citation", "help", "thanks", "restart", "out_of_scope",
]  # fmt: skip
Beyond = Literal["dose", "own", "diagnosis", "cause", "illness", "price", "other"]


class Wanted(Record):
    """Tell what the user's message wants. Call it once for every message."""

    intent: Intent = Field(
        default="choose",
        description="choose: which of several drugs, or what is better than a drug; assess: whether one drug is "
        "reasonable or helps; use: what one drug is for, why or where it is used; mechanism: how it works; safety: "
        "harm, side effects, pregnancy, children, interactions, of one drug or several; causes: whether a drug brings "
        "about or worsens a disease; evidence: trials and studies of a drug; list: what is used for a disease; again: "
        "the last comparison with or without a drug, or for another disease; explain: why the last answer; citation: "
        "show a source such as [P9]; help: a greeting, or what can be asked; thanks; restart: forget the "
        "conversation; out_of_scope: doses, diagnosis, what one patient should take, prices, anything else.",
    )
    beyond: Beyond | None = Field(
        default=None,
        description="Where it is out of scope, why: dose, own (what the user or someone close should take), diagnosis, "
        "cause (what causes a disease, with no drug named), illness (about a disease itself), price, other.",
    )
    about: tuple[str, ...] = Field(
        default=(),
        description="Side effects or groups of people that are asked about: infections, pregnancy, children.",
    )
    keys: tuple[str, ...] = Field(default=(), description="Evidence keys that are to be shown: P9.")
    personal: bool = Field(
        default=False, description="Whether it is about the user's own treatment, or that of one close."
    )
    plain: bool = Field(default=False, description="Whether plain words are asked for.")
    corrects: bool = Field(default=False, description="Whether it corrects what was said before: no, I meant ….")
    together: bool = Field(default=False, description="Whether it is about drugs taken together.")


ABOUT_ONE: tuple[Intent, ...] = ("assess", "use", "mechanism", "safety", "causes", "evidence")
"""Intents that are about the one drug that is named, and no contest."""
TOPICS: dict[Intent, tuple[str, ...]] = {
    "use": ("current_use", "clinical_evidence", "mechanism"),
    "mechanism": ("mechanism", "shared_targets"),
    "safety": ("safety", "against"),
    "causes": ("safety", "against"),
    "evidence": ("clinical_evidence", "against"),
}
"""Intent -> the domain questions that answer it, the first first."""

EXAMPLES = "“infliximab or etanercept for Crohn disease?”, “is propranolol safe in asthma?”, “how does imatinib work?”"
OUT_OF_SCOPE: dict[Beyond, str] = {
    "dose": "Doses and how a drug is given are beyond me: please take them from the label or a pharmacist. I can lay "
    "out the evidence for or against a drug in a disease.",
    "own": "What you or someone close to you should take is for a doctor or pharmacist who knows the case; please ask "
    "them before changing anything. I can lay out what studies say of a drug in a disease.",
    "diagnosis": "I cannot tell what an illness is; please see a doctor, and at once if it is severe. I can lay out "
    "the evidence about drugs for a disease that is known.",
    "cause": "What causes a disease I can say only of a drug: name it, and I look for whether it does.",
    "illness": "About a disease itself, its signs or its course, I have nothing. I can say which drugs are used for "
    "it, and what speaks for and against each.",
    "price": "Prices, insurance and where a drug can be had are beyond me; a pharmacist knows. I can lay out what "
    "studies say of it in a disease.",
    "other": f"I found no disease and no drug in that. I can answer questions such as {EXAMPLES}.",
}
"""What is said, kindly, to what cannot be answered."""
SAID: dict[Intent, str] = {
    "help": "I look up what a knowledge graph, articles and trials say about drugs for diseases, and cite it. You can "
    "ask which of several drugs suits a disease, what is used for it, what a drug is for, how it works, whether it is "
    f"safe or causes something, and which trials there are: {EXAMPLES}. Then ask on: “why?”, “show me P1”, “what about "
    "in pregnancy?”, “without methotrexate”.",
    "thanks": "You are welcome. Ask on, or begin with another disease; “start over” forgets this one.",
    "restart": "A new conversation: what was said before is forgotten. Which disease, and which drugs?",
}
"""What is said where nothing is looked up."""
