"""What a question wants is told by its words, and one named drug is never made a contest."""

import pytest
from world import BARI, METHO, build

from kedrec.agents.agent import Agent
from kedrec.agents.chat.conversation import Conversation
from kedrec.agents.chat.intents import intent_of
from kedrec.agents.chat.question_parser import understand
from kedrec.config import Settings

QUESTIONS = [
    ("Is baricitinib reasonable for alopecia areata?", 1, "assess"),
    ("Does methotrexate help in alopecia areata?", 1, "assess"),
    ("Would sulfasalazine be any good for alopecia areata?", 1, "assess"),
    ("baricitinib for alopecia areata", 1, "assess"),
    ("Can baricitinib be given to adults with alopecia areata?", 1, "assess"),
    ("Why is metformin first-line?", 1, "use"),
    ("What is baricitinib used for?", 1, "use"),
    ("Explain the use of methotrexate in rheumatoid arthritis.", 1, "use"),
    ("What is the role of colchicine in gout?", 1, "use"),
    ("Tell me about tofacitinib.", 1, "use"),
    ("Is baricitinib approved for alopecia areata?", 1, "use"),
    ("What are the indications of sulfasalazine?", 1, "use"),
    ("Why do people with psoriasis get methotrexate?", 1, "use"),
    ("What is the mechanism of imatinib?", 1, "mechanism"),
    ("How does baricitinib work in alopecia areata?", 1, "mechanism"),
    ("By which mechanism does colchicine help in gout?", 1, "mechanism"),
    ("What does imatinib inhibit?", 1, "mechanism"),
    ("Mode of action of allopurinol?", 1, "mechanism"),
    ("What are the targets of baricitinib?", 1, "mechanism"),
    ("Which receptor does montelukast block in asthma?", 1, "mechanism"),
    ("How might thalidomide act in myeloma?", 1, "mechanism"),
    ("Is propranolol dangerous in asthma?", 1, "safety"),
    ("How safe is methotrexate in alopecia areata?", 1, "safety"),
    ("What are the side effects of baricitinib in rheumatoid arthritis?", 1, "safety"),
    ("Should timolol be avoided in asthma?", 1, "safety"),
    ("Is ibuprofen contraindicated in heart failure?", 1, "safety"),
    ("Any harm from sulfasalazine in alopecia areata?", 1, "safety"),
    ("What risks does tofacitinib carry in ulcerative colitis?", 1, "safety"),
    ("Is amiodarone toxic in hypothyroidism?", 1, "safety"),
    ("How well is apremilast tolerated in psoriasis?", 1, "safety"),
    ("Does lithium cause hypothyroidism?", 1, "causes"),
    ("Can metoclopramide trigger parkinsonism?", 1, "causes"),
    ("Does ibuprofen worsen asthma?", 1, "causes"),
    ("Is hypokalemia caused by furosemide?", 1, "causes"),
    ("Could haloperidol provoke akathisia?", 1, "causes"),
    ("Can prednisone lead to osteoporosis?", 1, "causes"),
    ("Is enalapril to blame for the cough?", 1, "causes"),
    ("Is gout a side effect of hydrochlorothiazide?", 1, "causes"),
    ("Does isotretinoin make depression worse?", 1, "causes"),
    ("What is the evidence for baricitinib in alopecia areata?", 1, "evidence"),
    ("Are there trials of methotrexate in alopecia areata?", 1, "evidence"),
    ("What do studies say about sulfasalazine for alopecia areata?", 1, "evidence"),
    ("Is colchicine proven in pericarditis?", 1, "evidence"),
    ("Show me the data on ivermectin in covid-19.", 1, "evidence"),
    ("Has rituximab been tested in multiple sclerosis?", 1, "evidence"),
    ("What is used for rheumatoid arthritis?", 0, "list"),
    ("Which drugs help in alopecia areata?", 0, "list"),
    ("Best treatment for gout?", 0, "list"),
    ("What can be given for asthma?", 0, "list"),
    ("List treatments of hyperkalemia.", 0, "list"),
    ("Options for psoriasis?", 0, "list"),
    ("baricitinib or sulfasalazine for alopecia areata?", 2, "choose"),
    ("Why baricitinib rather than sulfasalazine for alopecia areata?", 2, "choose"),
    ("Which has fewer side effects in psoriasis, apremilast or methotrexate?", 2, "choose"),
    ("Compare low-dose methotrexate with ciclosporin in psoriasis.", 2, "choose"),
    ("Is there an alternative to methotrexate in rheumatoid arthritis?", 1, "choose"),
    ("What can be used instead of allopurinol in gout?", 1, "choose"),
    ("Is anything better than sulfasalazine for alopecia areata?", 1, "choose"),
    ("What dose of methotrexate is right for psoriasis?", 1, "out_of_scope"),
    ("How much ibuprofen for migraine?", 1, "out_of_scope"),
    ("What is the maximum dosage of paracetamol in fever?", 1, "out_of_scope"),
    ("How many mg of prednisone for asthma?", 1, "out_of_scope"),
    ("Do I have psoriasis?", 0, "out_of_scope"),
    ("My symptoms are fever and cough, what is it?", 0, "out_of_scope"),
    ("Should I take methotrexate or sulfasalazine?", 2, "out_of_scope"),
    ("Can I stop baricitinib?", 1, "out_of_scope"),
    ("My doctor gave metformin, is it good for diabetes?", 1, "out_of_scope"),
    ("I am taking lithium, may it cause hypothyroidism?", 1, "out_of_scope"),
    ("What causes gout?", 0, "out_of_scope"),
    ("Is it dangerous to give verapamil in heart failure?", 1, "safety"),
    ("Could amiodarone be the reason for the thyroid trouble?", 1, "causes"),
    ("What makes infliximab work in Crohn disease?", 1, "mechanism"),
    ("Which molecules does sorafenib hit in liver cancer?", 1, "mechanism"),
    ("When do clinicians reach for clozapine in schizophrenia?", 1, "use"),
    ("What speaks for dupilumab in eczema?", 1, "evidence"),
    ("Did randomised trials show that vitamin D prevents fractures?", 1, "evidence"),
    ("Is metformin okay in heart failure?", 1, "assess"),
    ("Does allopurinol do anything for gout?", 1, "assess"),
    ("What do doctors give for trigeminal neuralgia?", 0, "list"),
    ("Treatments of myasthenia gravis, please.", 0, "list"),
    ("ondansetron vs metoclopramide in nausea", 2, "choose"),
    ("Between lithium and valproate, what suits bipolar disorder?", 2, "choose"),
    ("What should be used if methotrexate fails in psoriasis?", 1, "choose"),
    ("Is there something else than warfarin for atrial fibrillation?", 1, "choose"),
    ("How many milligrams of aspirin after a heart attack?", 1, "out_of_scope"),
    ("Give me the dosing of vancomycin in sepsis", 1, "out_of_scope"),
    ("I have a headache, is ibuprofen ok?", 1, "out_of_scope"),
    ("May my daughter have codeine for cough?", 1, "out_of_scope"),
    ("Is this mole a melanoma?", 0, "out_of_scope"),
    ("Does clozapine give rise to neutropenia?", 1, "causes"),
    ("Is valproate linked to pancreatitis?", 1, "causes"),
    ("Can statins harm muscle in myopathy?", 1, "safety"),
    ("Name the adverse effects of isoniazid in tuberculosis.", 1, "safety"),
    ("How come levodopa helps in Parkinson disease?", 1, "mechanism"),
    ("What is levetiracetam good for?", 1, "use"),
    ("Who gets natalizumab in multiple sclerosis?", 1, "use"),
    ("Summarise the studies on ketamine in depression.", 1, "evidence"),
    ("Does smoking cessation need varenicline?", 1, "assess"),
    ("What can patients with gout be offered?", 0, "list"),
]


@pytest.mark.parametrize(("text", "drugs", "wanted"), QUESTIONS)
def test_a_question_is_told_by_its_words(text, drugs, wanted):
    assert intent_of(text, drugs, disease=True)[0] == wanted


@pytest.mark.parametrize(("text", "drugs", "wanted"), QUESTIONS)
def test_only_what_cannot_be_answered_is_declined_and_that_kindly(text, drugs, wanted):
    said = intent_of(text, drugs, disease=True)[1]
    assert bool(said) == (wanted == "out_of_scope")
    assert not said or ("I can" in said and len(said) < 300)


@pytest.fixture(scope="module")
def talk_settings(tmp_path_factory) -> Settings:
    return build(tmp_path_factory.mktemp("world") / "home")


@pytest.fixture
def agent(talk_settings):
    with Agent.open(talk_settings) as made:
        yield made


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Is methotrexate safe in alopecia areata?", "safety"),
        ("How does methotrexate work in alopecia areata?", "mechanism"),
        ("Does methotrexate cause alopecia areata?", "safety"),
        ("What is the evidence for methotrexate in alopecia areata?", "clinical_evidence"),
        ("Why is methotrexate used in alopecia areata?", "clinical_evidence"),
    ],
)
def test_a_question_about_one_drug_is_answered_about_it_alone(agent, text, key):
    reply = Conversation(agent, "both").reply(text)
    assert reply.kind == "topic"
    assert [drug.id for drug in reply.recommendation.candidates] == [METHO]
    assert key in {topic.answer.question.key for topic in reply.topics}


def test_a_drug_without_a_disease_is_looked_at_in_what_it_is_used_for(agent):
    reply = Conversation(agent, "both").reply("What is the mechanism of baricitinib?")
    assert reply.topics[0].answer.question.drug == BARI
    assert "No disease was named" in " ".join(reply.notes)


def test_what_is_out_of_scope_asks_nothing_and_changes_nothing(agent):
    talk = Conversation(agent, "both")
    talk.reply("baricitinib or sulfasalazine for alopecia areata?")
    before = talk.topic
    said = talk.reply("What dose of methotrexate should be given?")
    assert said.kind == "question"
    assert "pharmacist" in said.text
    assert talk.topic == before


def test_one_drug_never_becomes_a_contest(agent):
    for text, drugs, wanted in QUESTIONS:
        understood = understand(text, agent.resources.store)
        if drugs == 1 and len(understood.drugs) == 1 and wanted not in {"choose", "out_of_scope"}:
            assert understood.intent == wanted, text
