"""Runs recorded with a scripted model over the tiny home, for whatever is done with traces afterwards."""

from langchain_core.messages import AIMessage
from world import decision, key_of

from kedrec.agents.agent import Agent, Query
from kedrec.agents.models.scripted import ScriptedChatModel
from kedrec.errors import ModelUnavailable

QUERY = Query(disease="alopecia areata", candidates=("Olumiant", "sulfasalazine"), setting="both", text="which?")


def good(messages):
    return decision(f"Baricitinib regrew hair in alopecia areata [{key_of('PMID:1')(messages)}]")


def uncited(messages):
    return decision("Baricitinib cures", "in 7 days [K1]")


LOOK = AIMessage("", tool_calls=[{"name": "neighbours", "args": {"entity": "JAK1"}, "id": "c", "type": "tool_call"}])
QUEUES = {
    "plain": ["enough", "", "", good],
    "tools and repair": [LOOK, LOOK, "enough", "mechanism | supports | It targets JAK1 [K1]", "", uncited, good],
    "struck out": ["enough", "", "", uncited, uncited, uncited],
    "model failed": ["enough", "", "", ModelUnavailable("busy: try later")],
    "abstained": ["enough", "", "", "CHOICE: NONE | no idea"],
}


def record(settings, name="plain", query=QUERY, **limits):
    model = ScriptedChatModel(queue=list(QUEUES[name]))
    with Agent.open(settings.model_copy(update=limits), model=model) as agent:
        return agent.run(query)
