"""Patterns of each intent, matched against a message in which names are replaced by DRUG and ILL."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kedrec.agents.chat.groups_and_harms import GROUPS, HARMS

__all__ = ["CLASSES", "CUES"]

CLASSES = (
    r"\b(?:statins?|nsaids?|ssris?|snris?|maois?|beta ?blockers?|(?:\w+ )?inhibitors?|(?:\w+ )?agonists?"
    r"|(?:\w+ )?antagonists?|(?:cortico|gluco\w+)?steroids?|glucocorticoids?|antibiotics?|antidepressants?"
    r"|antipsychotics?|neuroleptics?|biologics?|biologicals?|diuretics?|thiazides?|opioids?|opiates?|benzodiazepines?"
    r"|triptans?|bisphosphonates?|anticoagulants?|blood thinners?|doacs?|noacs?|sul(?:f|ph)onylureas?|gliptins?"
    r"|glitazones?|gliflozins?|antihistamines?|anti ?epileptics?|anticonvulsants?|(?:\w+ )?blockers?"
    r"|monoclonal antibodies|ppis?"
    r"|sartans?|arbs|antivirals?|antifungals?|painkillers?|immunosuppressants?|dmards?|insulins|probiotics?)\b"
)
"""Classes of drugs."""

_PERSONS = (
    r"(?:an? |the )?(?:\w+ )?(?:people|patients?|someone|somebody|anyone|anybody|those|persons?|women|woman|men|man"
    r"|asthmatics?|diabetics?|epileptics?|smokers?|sufferers?|ILL)"
)
"""Who might be given a drug."""
_HARM = (
    r"\b(?:un)?saf(?:e|er|est|ety|ely)\b|\bdanger\w*|\bharm\w*|\brisk(?:s|y|ier)?\b|\w*toxic\w*|\bside ?effects?\b"
    r"|\badvers\w*|\bcontra ?indicat\w*|\btolera\w+|\bavoid\w*|\bhazard\w*|\b(?:bad|worse) for\b"
    r"|\bwarnings?\b|\bblack ?box"
    r"|\b(?:problems?|trouble|troublesome|issues?)\b|\bshould not\b|\bmust not\b|\bnot (?:to )?be (?:given"
    r"|used|taken)\b"
    r"|\b(?:pre)?caution\w*|\binteract\w*|\bcomplications?\b|\bwatch out\b|\bgo wrong\b|\bbeware\b|\bdownsides?\b"
    r"|\bdrawbacks?\b|\boverdos\w+|\bfatal\b|\bkill\w*|\bwithdrawn\b|\bserious\b|\bunwanted\b"
    r"|\bill effects?\b|\bworr(?:y|ied|ying)"
    r"|\baffects?\b|(?<!therapeutic )(?<!desired )(?<!intended )(?<!beneficial )(?<!side )(?<!any )\beffects? (?:of"
    r"|on)\b|\bwithdrawals?\b|\baddict\w*|\bhabit forming\b|\bdependen(?:ce|cy)\b|\binterfer\w*"
    r"|\babsorption\b"
    r"|\bmix(?:es|ed|ing)?\b|\bwhat happens\b|\blong term\b|\bcompatible\b|\bfoods?\b|\beat(?:ing)?\b"
    r"|\b(?:take|taking|drink|have) (?:\w+ ){1,3}with DRUG\b"
    r"|\b(?:take|took|use|give|start) .*DRUG .*\b(?:if|when) (?:(?:you|i|one|someone|he|she|they|people"
    r"|patients) )?(?:have|has|having|are|is|suffer\w*)\b|\bif (?:\w+ ){1,3}allergic\b|\bpoison\w*"
    r"|\bsymptoms\b|\bsafeguards?\b|\bmonitor\w*|\bconcerns?\b|\bwithstand|\bnever\b|\bnot (?:to )?(?:get|receive|have"
    r"|take|use|mix|combine)\b|\bnot (?:allowed|permitted|advised|recommended)\b|\bforbidden\b"
    r"|\bred flags?\b|\bwatch (?:out )?for\b|\bclash\w*|\bgood idea (?:if|when)\b|\bbad idea\b"
    r"|\bnot (?:so )?(?:good|advisable|wise|ideal) (?:in|for|with)\b"
    r"|\bbad (?:in|with)\b|\bgrape ?fruit\w*|\bcoffee\b|\bvigilan\w+|\blook out for\b|\bhurts?\b|\bdamag\w+"
    r"|\b(?:alright|allowed|acceptable|permitted|permissible|wise) (?:in|during|with|for people with) ILL\b"
    rf"|\b(?:can|may|could|should|is it \w+ for) {_PERSONS}(?: (?:with|who ha(?:ve|s)|having|suffering from))?"
    r"(?: an?| the)?(?: ILL)? (?:\w+ )?(?:take|have|use|get|receive|tolerate|be on|swallow|be put on|to take) DRUG\b"
    r"|\btogether\b|\b(?:used|taken) with (?:other|any)\b|\bfeel (?:when|on|while|after)\b"
)
_PATIENTS = "|".join(f"(?:{group.asked})" for group in GROUPS.values())
_CAUSAL = (
    r"\bILL an? (?:\w+ )?effect of\b|"
    r"\bcaus(?:e|es|ed|ing|al|ally|ation)\b|\bgiv(?:e|es|ing) (?:rise to|(?:you|people|patients|one|us|me) ILL)"
    r"|\b(?:link|linked|links|connection|relation\w*|association|correlat\w+)\b.{0,20}\b(?:between|to|with)\b"
    r"|\bassociated with\b|\bDRUG ?(?:and|with|in)? ?(?:induced|related|associated)\b|\binduc(?:e|es|ed|ing)\b"
    r"|\btrigger\w*|\bprovok\w+|\bprecipitat\w+|\b(?:leads?|led|leading) to\b|\bbr(?:ing|ings|ought"
    r"|inging) (?:on|about)\b"
    r"|\bworsen\w*|\baggravat\w+|\bexacerbat\w+|\bmak(?:e|es|ing) (?:\w+ ){0,3}wors(?:e|t|en)\b"
    r"|\bILL (?:\w+ )?worse\b"
    r"|\bresponsible\b|\bto blame\b|\bblam\w+|\bculprit\b|\bresult(?:s|ing)? (?:in|from)\b|\bside effect of\b"
    r"|\bILL (?:is |be |are )?(?:as )?an? (?:\w+ )?side effect\b|\bas an? (?:\w+ )?side effect\b"
    r"|\bILL (?:is |be |are )?(?:one of |among )(?:the |its )?(?:\w+ )?side effects?\b|\bcomplication of\b"
    r"|\b(?:reason|explanation) (?:for|of|behind)\b.{0,20}\bILL\b|\bDRUG explain ILL\b|\bproduc(?:e|es|ing) ILL\b"
    rf"|\b(?:ILL|{HARMS})(?: (?!prevent|treat|help|reliev|improv|control|cur|reduc|manag)\w+){{0,3}} (?:due to"
    rf"|because of|from|after|on|under|by) (?:the |taking |using "
    rf"|long use of )?DRUG\b"
    r"|\b(?:due to|because of|brought on by|com(?:e|es|ing) from|stems? from|down to) (?:the |taking |using )?DRUG\b"
    r"|\bmak(?:e|es|ing) (?:you|people|one|patients|me|us) \b|\bdevelop\w* ILL\b|\bgets? ILL (?:from|on)\b"
    r"|\b(?:increas\w+|rais\w+|elevat\w+|higher|more) (?:the )?(?:risks?|rates?|chance|odds"
    r"|likelihood) (?:of|for) (?:\w+ )?ILL\b"
    r"|\bDRUG (?:\w+ )?(?:rais\w+|increas\w+|elevat\w+)\b"
    r"|\bwhy (?:am|do|is|are) (?:i|my|he|she|his|her)\b.*\b(?:taking|on|with|after|from) DRUG\b"
    r"|\bis it the (?:drug|medicine|pill)\b|\bmyth\b|\bdrug induced\b|\bprone to\b|\bpredispos\w+"
    r"|\bside effect\b.*\bILL\b|\brelated\W*$|\b(?:is|are|be) \w*related\b|\btied to\b|\ba (?:known )?thing with\b"
    r"|\bbehind (?:it|this|that|my|the|his|her|ILL)\b|\bDRUG be behind\b|\bknown for ILL\b"
    r"|\bDRUG (?:\w+ ){0,3}makes? ILL\b|\bILL (?:more|less) likely\b|\bpromot\w+ ILL\b|\battribut\w+ to\b"
    r"|\bsince (?!when)(?:\w+ ){0,3}DRUG\b|\bto do with DRUG\b|\b(?:get|got|getting"
    r"|gotten) ILL (?:\w+ ){0,2}(?:from|on|after"
    r"|since)\b|\bDRUG (?:\w+ )?(?:the )?(?:reason|cause)\b|\bturn\w* out to be DRUG\b|\bpin\w* on DRUG\b"
    r"|\bfor(?:ms|ming)? of ILL by DRUG\b|\bend up with ILL\b"
)
_MECHANISM = (
    r"\b(?:il|dpp|glp|jak|cox|pde|sglt|ppar|p2y) ?\d+\b|\bactions? of DRUG\b|"
    r"\bmechanis\w+\b|\bmodes? of action\b|\bhow come DRUG\b|\bwhat makes DRUG\b.*\b(?:work|effective)\b|\bmolec\w+"
    r"|\bbiolog(?:y|ically|ical)\b|\bbiochem\w+|\bcellular\b|\bpharmaco(?:log\w+|dynamic\w*|kinetic\w*)|\btarget(?:s"
    r"|ed|ing)?\b|\bpathways?\b|\breceptors?\b|\benzymes?\b|\bproteins?\b|\bgenes?\b|\bcytokines?\b|\bkinases?\b"
    r"|\bchannels?\b|\bneurotransmitters?\b|\b(?:bind|binds|inhibit|inhibits|inhibited|blocks?|blocked"
    r"|antagoni[sz]es?|hits?|modulates?)\b|\bacts?\b|\bacting\b|\bworks? how\b|\bhow DRUG (?!is|was|has|goes"
    r"|compares?|ranks?|fares?|performs?)(?:\w+ly )?(?:\w+s|works?|acts?|helps?|does|reduces?|lowers?|relieves?"
    r"|treats?|stops?|kills?|affects?)\b|\bhow it works\b|\bwhat (?:kind|type|sort|class|family|group)s? of (?:drug"
    r"|medicine|medication|agent|thing|substance)s? (?:is|are)\b|\b(?:what|which) (?:\w+ )?class (?:is|does|of)\b"
    r"|\bbelongs? to\b|\bis DRUG an? (?:\w+ ){0,3}(?:inhibitor|blocker|antagonist|agonist|anti \w+|antibod\w+"
    r"|antidepressant|steroid|diuretic|antibiotic|opioid|modulator|nsaid)\b|\bwhat (?:is it that |exactly "
    r"|else )?(?:does |do )?(?:DRUG|it|they) (?:\w+ )?do(?:es)?\b(?! for)|\bmetaboli[sz]\w+|\bhalf life\b|\bexcret\w+"
    r"|\b(?:by|through) (?:what|which) means\b|\bin (?:what|which) way\b|\bthe way (?:it|they|DRUG) (?:acts?"
    r"|works?)\b|\bwhy (?:does|do|would|is it that) (?:DRUG|it|they) (?:\w+ )?(?:help|work|make|lower|reduce|relieve"
    r"|act|improve|stop)s?\b|\bhow (?:exactly |precisely |actually |on earth )?(?:does|do|would|is|might|could|can"
    r"|did) (?:\w+ )?(?:DRUG|it|they|that|this|both)(?: and DRUG| or DRUG)?(?: \w+){0,3} (?:work|act|help|lower"
    r"|reduce|do|affect|function|make|relieve|prevent|treat|improve|calm|effect|influence|interfere|slow|stop|raise"
    r"|suppress|control|cure|thin|ease|operate|achieve|change|kill)\w*\b|\bhow (?:does|do|is) (?:DRUG|it) (?:exactly "
    r"|actually )?(?:in|against)\b"
)
_EVIDENCE = (
    r"\bevidence\b|\bspeaks? for\b|\bsummari[sz]\w+|\btrials?\b|\bstud(?:y|ies|ied)\b|\bpro(?:of|ve|ves|ved|ven"
    r"|ving)\b|\bdata\b|\bliterature\b|\bpublications?\b|\bpublished\b|\brcts?\b|\bresearch\w*|\bsupports?\b"
    r"|\bshown?\b|\bpapers?\b|\bphase (?:\d|i{1,3}|iv)\b|\bbacked\b|\bback (?:up )?DRUG\b|\bproofs\b|\bpublish\w*"
    r"|\bclinicaltrials\b|\btested\b|\bfindings\b|\bmeta ?analys\w+|\binvestigat\w+|\bknown about\b|\bcite\b"
    r"|\bcase (?:reports?|series)\b|\breferences\b|\barticles?\b|\bsystematic review\w*|\bdocumented\b|\bscien\w+"
    r"|\btrialled\b|\bpubmed\b|\bstatistics\b"
)
_USE = (
    r"\bwhy\b|\b(?:which|what) patients\b"
    r"|\bwhat (?:kind|sort|type)s? of (?:patient|person|people|case)s?\b|\bwhat is (?:that|this|it)\b"
    r"|\bwhere (?:does|do|is|would) DRUG (?:fit|stand|sit|come)\b|\breach for\b|\bgood for\b"
    r"|\bwho (?:\w+ )?(?:gets?|should|is|are|receives?|needs?|qualifies|benefits?)\b"
    r"|\bwhen (?:do|does|is|are|should|would|to|can)\b|\bsince when\b|\bused?\b(?! \w* ?(?:instead|together))"
    r"|\buses\b|\bindicat\w+|\brole\b|\bexplain\b|\bfirst (?:line|choice)\b|\bplace\b|\bposition of\b"
    r"|\btell me (?:\w+ )?(?:about|more)\b|\bapprov\w+|\b(?:prescri\w+|given|taken|meant|intended|employed)\b"
    r"|\bwhat (?:is|are) DRUG\b|\bwhat DRUG is\b|\bdescribe\b|\blicen[sc]\w+|\bauthori[sz]\w+|\blabel\w*\b|\bfda\b"
    r"|\bema\b|\bnice\b|\bon the market\b|\bstandard\b|\bguidelines?\b|\bpurpose\b|\b(?:what"
    r"|which) (?:\w+ )?(?:conditions?|diseases?|illness(?:es)?|disorders?|ailments?|problems?|indications?)\b"
    r"|\bwhat (?:does|do|can|is|are) (?:DRUG|it)\b.*\b(?:treat|help with|cure|for)\b|\binfo\w* (?:on|about)\b"
    r"|\boverview\b|\bgive me (?:\w+ )?on DRUG\b|\brationale\b|\bwho takes?\b|\b(?:therapeutic|desired"
    r"|intended) (?:effects?|uses?)\b|\bis DRUG an? (?:\w+ ){0,3}(?:drug|medicine|medication|pill|supplement|vaccine"
    r"|hormone)\b"
)
_ASSESS = (
    r"^(?:and |but |so |please |hi |hello )*(?:can|could|may|might|should|would|is it (?:\w+ )?(?:to"
    r"|that))\b.*\b(?:be (?:used|given|tried|recommended|considered|of use|offered)|use|give|try|help|add|consider"
    r"|recommend)\b|\buseful\w*\b|\bany effects? on\b|\b(?:any|a) (?:role|place|point|room|sense|chance)\b"
    r"|\bof (?:any |\w+ )?use in\b|\bof any use\b|\bany use\b|\bhelp(?:s|ful)?\b|\beffective\w*\b|\befficac\w+"
    r"|\bhow (?:well|good|useful|much)\b|\bworth\b|\bwork(?:s|ed)? (?:in|for|against|on|with)\b|\bgood (?:choice|idea"
    r"|option|for)\b|\breasonable\b|\bsensible\b|\bappropriate\b|\bdo anything\b|\bany good\b|\bjustified\b"
    r"|\bbenefi\w+|\bmake sense\b|\bpre?vent\w*|\bimprov\w+|\brecommended\b|\breduc\w+|\blower\w*|\byes or no\b"
    r"|\bneeds?\b"
)
_CONTEST = (
    r"\balternatives?\b|\binstead\b(?!$)|\b(?:what|which|who) .*\binstead\b|\bsubstitut\w+|\breplac\w+"
    r"|\bother (?:drugs?|options?|medicines?|treatments?|choices?|than|agents?|therap\w+)\b|\banother (?:drug"
    r"|medicine|medication|treatment|option)\b|\b(?:the same as|similar to|equivalent to|comparable to)\b"
    r"|\bbesides\b(?! ILL)"
    r"|\brather than\b|\bversus\b|\bcompar(?:e|es|ed|ing|able|ison)\b|\bwhat else\b|\bsomething (?:else|better"
    r"|safer)\b|\bany(?:thing|one|body)? (?:else|better|other|safer|superior)\b|\b(?:better|superior|safer|stronger"
    r"|preferable|more effective) (?:\w+ )?(?:than|to|option|drugs?|choice|treatments?|medicines?|agents?|alternative"
    r"|candidates?)\b(?! (?:placebo|nothing))|\bbest (?:\w+ )?(?:drugs?|treatments?|options?|choice|medicines?"
    r"|agents?|therap\w+|one)\b|\bbeats?\b|\bout(?:perform|do|class|shin|match)\w*|\bnext (?:step|line|option|move)\b"
    r"|\bDRUG (?:resistant|refractory)\b|\bwhich (?:drugs?|treatments?|other|one|medicines?|agents?)\b|\b(?:fail(?:s"
    r"|ed)?|not tolerated|intoleran\w+|did not (?:work|help)|does not (?:work|help|control)|no longer works?"
    r"|stopped (?:working|helping)|(?:did|does|doing) (?:badly|poorly) on|no longer enough)"
    r"\b.*\b(?:what|which|where|next|now|then|options?|alternatives?)\b|\b(?:what|which|next"
    r"|options?) .*\b(?:after|if|when|once) DRUG (?:\w+ )?(?:fail\w*|does not|did not|stops?)\b|\b(?:fail\w*"
    r"|intoleran\w+|not tolerated|refractory to)\b.*\b(?:next|instead|then what|now what)\b|\bswitch (?:to|from)\b"
    r"|\b(?:what|which)\b.*\bfollow DRUG\b"
)
_PREFERS = (
    r"\b(?:better|best|prefer\w*|choos\w*|choice|choosing|recommend\w*|superior|pick|wins?|winner|favou?r\w*|decide"
    r"|rank|outperform\w*|beats?|works? (?:better|best)|more effective|inferior|top|rather|instead|over|which (?:one"
    r"|drug)|first)\b"
)
_TOGETHER = (
    r"\binteract\w*|\bclash\w*|\btogether\b|\b(?:combin\w+|mix\w*)\b|\bco ?(?:administ\w+|prescri\w+|medicat\w+)\b"
    r"|\bconcomitant\w*|\bconcurrent\w*|\binterfer\w*|\babsorption\b|\bsimultaneous\w*|\bat the same time\b"
    r"|\balongside\b|\bon top of\b|\badd(?:ed|ing)? (?:DRUG )?to\b|\bboth at once\b|\bwhile (?:on|taking)\b|\b(?:ok"
    r"|okay|safe\w*|fine|allowed|harmful|dangerous|alright|compatible)\b.{0,20}\bDRUG (?:with|and|plus|&) DRUG"
    r"|\bDRUG (?:ok|okay|safe|fine|allowed|compatible) with DRUG|\bDRUG (?:with|plus|and|&|\+) DRUG:? .*\b(?:problem"
    r"|ok|okay|safe|danger\w*|harm\w*|allowed)\b|\bgo with\b|\b(?:when|if) (?:\w+ ){0,2}?(?:tak\w+|us\w+|drink\w*"
    r"|talking) (?:\w+ )?DRUG\b|\bDRUG (?:when|while|if)\b|\b(?:take|taking|taken|use|used|given|give|start|starting"
    r"|drink|swallow) (?:\w+ )?DRUG (?:with|plus|before|after|and) (?:\w+ )?DRUG\b|\bcompatible\b"
)
CUES: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "harm": _HARM, "patients": rf"\b(?:{_PATIENTS})\b", "harms": rf"\b(?:{HARMS})\b", "causal": _CAUSAL,
        "mechanism": _MECHANISM, "evidence": _EVIDENCE, "use": _USE, "assess": _ASSESS, "contest": _CONTEST,
        "prefers": _PREFERS, "together": _TOGETHER, "classes": CLASSES,
    }.items()
}  # fmt: skip
"""Name -> its wordings."""
