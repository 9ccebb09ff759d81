"""What the product of a gene is called in the clinic, by its symbol: `SLC6A4` is the serotonin transporter.

Families and their symbols are those of HGNC's gene groups (https://www.genenames.org/data/genegroup, CC0), as far as
drugs act on them; the names are those of the IUPHAR/BPS Guide to Pharmacology without numbers, which the symbol has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

__all__ = ["family_of", "is_bystander", "is_carrier", "telling_words"]

FAMILIES = {
    # Transmitters: receptors, transporters and enzymes.
    r"DRD\d": "dopamine receptor", r"SLC6A3": "dopamine transporter", r"SLC6A2": "norepinephrine transporter",
    r"SLC6A4": "serotonin transporter", r"SLC18A[12]": "vesicular monoamine transporter",
    r"HTR3[A-E]": "serotonin-gated ion channel", r"HTR[124567][A-F]?": "serotonin receptor",
    r"HRH\d": "histamine receptor",
    r"ADRA\d[A-D]": "alpha-adrenergic receptor", r"ADRB\d": "beta-adrenergic receptor",
    r"CHRM\d": "muscarinic acetylcholine receptor", r"CHRN[ABDEG]\d*": "nicotinic acetylcholine receptor",
    r"ACHE": "acetylcholinesterase", r"BCHE": "butyrylcholinesterase", r"MAO[AB]": "monoamine oxidase",
    r"COMT": "catechol-O-methyltransferase", r"DDC": "aromatic amino acid decarboxylase",
    r"TAAR1": "trace amine receptor", r"GABR[ABDEGP]\d?": "gamma-aminobutyric acid (GABA) receptor",
    r"GABBR\d": "metabotropic gamma-aminobutyric acid (GABA) receptor", r"ABAT": "GABA transaminase",
    r"SLC6A1": "GABA transporter", r"GRIN\d?[A-D]?\d?": "NMDA glutamate receptor", r"GRIA\d": "AMPA glutamate receptor",
    r"GRIK\d": "kainate glutamate receptor", r"GRM\d": "metabotropic glutamate receptor", r"GLRA\d": "glycine receptor",
    r"OPRM1": "mu opioid receptor", r"OPRD1": "delta opioid receptor", r"OPRK1": "kappa opioid receptor",
    r"CNR\d": "cannabinoid receptor", r"ADORA\d[AB]?": "adenosine receptor", r"MTNR1[AB]": "melatonin receptor",
    r"HCRTR\d": "orexin receptor", r"TACR\d": "neurokinin receptor", r"SIGMAR1": "sigma receptor",
    r"CALCRL": "calcitonin gene-related peptide receptor", r"SV2A": "synaptic vesicle protein",
    r"TRPV\d": "TRPV channel",
    # Ion channels and pumps.
    r"CACNA1[A-S]|CACN[BG]\d|CACNA2D\d": "voltage-gated calcium channel",
    r"SCN\d+[AB]": "voltage-gated sodium channel", r"SCNN1[ABDG]": "epithelial sodium channel",
    r"KCNJ\d+": "inward-rectifying potassium channel", r"KCN[A-Z]+\d+": "potassium channel",
    r"ABCC[89]": "sulfonylurea receptor", r"SLC12A1": "sodium-potassium-chloride cotransporter",
    r"SLC12A3": "sodium-chloride cotransporter", r"SLC5A2": "sodium-glucose cotransporter",
    r"ATP4[AB]": "gastric proton pump", r"ATP1A\d": "sodium-potassium pump", r"CFTR": "chloride channel",
    # Inflammation and immunity.
    r"PTGS\d": "cyclooxygenase", r"ALOX5": "lipoxygenase", r"ALOX5AP": "lipoxygenase-activating protein",
    r"CYSLTR\d": "leukotriene receptor", r"PTGER\d|PTGFR|PTGDR\d?": "prostaglandin receptor",
    r"PTGIR": "prostacyclin receptor", r"TBXA2R": "thromboxane receptor", r"TBXAS1": "thromboxane synthase",
    r"PLA2G\w+": "phospholipase", r"ANXA1": "annexin", r"TNF": "tumor necrosis factor",
    r"IL\d+[AB]?": "interleukin", r"IL\d+R[ABG]?\d?|IL\d+ST": "interleukin receptor",
    r"IFNAR\d|IFNGR\d": "interferon receptor", r"JAK\d|TYK2": "Janus kinase", r"PPP3[A-C]\w+": "calcineurin",
    r"PDE\d+[A-D]": "cyclic nucleotide phosphodiesterase", r"S1PR\d": "sphingosine phosphate receptor",
    r"FCGR\w+": "immunoglobulin G Fc receptor", r"C1Q[A-C]|C1[RS]|C[35]": "complement component",
    r"TLR\d+": "toll-like receptor", r"ITG[AB]\w+": "integrin", r"IMPDH\d": "inosine monophosphate dehydrogenase",
    r"DHODH": "dihydroorotate dehydrogenase", r"XDH": "xanthine oxidase",
    # Hormones.
    r"NR3C1": "glucocorticoid receptor", r"NR3C2": "mineralocorticoid receptor", r"PGR": "progesterone receptor",
    r"ESR\d": "estrogen receptor", r"AR": "androgen receptor", r"VDR": "vitamin D receptor",
    r"THR[AB]": "thyroid hormone receptor", r"RAR[ABG]": "retinoic acid receptor", r"RXR[ABG]": "retinoid receptor",
    r"PPAR[ADG]": "peroxisome proliferator-activated receptor", r"NR1I2": "pregnane X receptor",
    r"INSR": "insulin receptor", r"GLP1R": "glucagon-like peptide receptor", r"GCGR": "glucagon receptor",
    r"DPP4": "dipeptidyl peptidase", r"CASR": "calcium-sensing receptor", r"CALCR": "calcitonin receptor",
    r"PTH[12]R": "parathyroid hormone receptor", r"SSTR\d": "somatostatin receptor",
    r"GNRHR": "gonadotropin-releasing hormone receptor", r"LHCGR": "luteinizing hormone receptor",
    r"AVPR\w+": "vasopressin receptor", r"OXTR": "oxytocin receptor", r"CYP19A1": "aromatase",
    r"SRD5A\d": "steroid reductase", r"TNFSF11": "receptor activator of NF-kappa-B ligand",
    r"FDPS": "farnesyl diphosphate synthase", r"GGPS1": "geranylgeranyl diphosphate synthase",
    # Heart, vessels and blood.
    r"ACE": "angiotensin-converting enzyme", r"AGTR\d": "angiotensin II receptor", r"EDNR[AB]": "endothelin receptor",
    r"GUCY\w+": "guanylate cyclase", r"NPR\d": "natriuretic peptide receptor", r"NOS\d": "nitric oxide synthase",
    r"CA\d+[AB]?": "carbonic anhydrase", r"HMGCR": "HMG-CoA reductase", r"NPC1L1": "cholesterol transporter",
    r"HCAR\d": "nicotinic acid receptor", r"SERPINC1": "antithrombin", r"F2": "thrombin",
    r"F(?:5|7|8|9|10|11|12|13A1)": "coagulation factor", r"VKORC1": "vitamin K epoxide reductase",
    r"P2RY12": "platelet ADP receptor", r"PLG": "plasminogen",
    # Growth, division and infection.
    r"EGFR|ERBB\d": "epidermal growth factor receptor", r"VEGF[A-D]": "vascular endothelial growth factor",
    r"FLT[14]|KDR": "vascular endothelial growth factor receptor",
    r"PDGFR[AB]": "platelet-derived growth factor receptor",
    r"FGFR\d": "fibroblast growth factor receptor", r"BTK": "Bruton tyrosine kinase", r"ABL1": "ABL tyrosine kinase",
    r"ALK|MET|RET|ROS1|FLT3|KIT|NTRK\d|CSF1R|AXL|DDR\d": "receptor tyrosine kinase", r"MAP2K\d": "MAP kinase kinase",
    r"PIK3C[ABDG]": "phosphoinositide kinase", r"PDCD1": "programmed cell death receptor",
    r"TUB[ABDEG]\w*": "tubulin", r"TOP\d\w*": "DNA topoisomerase", r"POL[A-E]\d?": "DNA polymerase",
    r"TYMS": "thymidylate synthase", r"DHFR": "dihydrofolate reductase", r"RRM\d\w?": "ribonucleotide reductase",
    r"HDAC\d+": "histone deacetylase", r"DNMT\d\w?": "DNA methyltransferase", r"PARP\d": "poly(ADP-ribose) polymerase",
    r"ADA": "adenosine deaminase", r"PSM[AB]\d+": "proteasome subunit", r"SMO": "hedgehog pathway receptor Smoothened",
    r"SQLE": "squalene epoxidase", r"CYP51A1": "lanosterol demethylase",
}  # fmt: skip
"""Pattern of the whole symbol -> what its product is called."""


_BYSTANDERS = re.compile(r"KCNH2|ACE2")
"""What drugs act on beside what they are given for: the channel of a long QT, the door of a virus."""
_CARRIERS = re.compile(
    r"FCGR\w+|C1Q[A-C]|C1[RS]|ALB|ORM\d|SHBG|SERPINA6|ABC[BG]\d+|ABCC[1-6]|SLCO\w+|SLC22A(?!12$)\d+|SLC15A\d|SLC47A\d"
    r"|NR1I[23]|CYP[1-4][A-Z]\d+|UGT\w+|CES\d|NAT[12]|GST[A-Z]\d"
)
"""What carries, transports or breaks down drugs, or switches their breakdown on, and what binds the stem of every
antibody. SLC22A12, which takes up urate, is a target of its own."""


def is_carrier(symbol: str) -> bool:
    """Return whether a gene is never that by which a drug works, whatever DrugBank lists it as."""
    return _CARRIERS.fullmatch(symbol) is not None


def is_bystander(symbol: str) -> bool:
    """Return whether a gene is seldom that by which a drug works, though DrugBank has it among the targets of many."""
    return is_carrier(symbol) or _BYSTANDERS.fullmatch(symbol) is not None


@cache
def family_of(symbol: str) -> str:
    """What the product of a gene is called, without article; empty where it belongs to no family known here.

    Args:
        symbol: official symbol of a human gene.
    """
    return next((name for pattern, name in FAMILIES.items() if re.fullmatch(pattern, symbol)), "")


_WORK = (
    (r"glucocorticoid|corticosteroid|tumor necrosis|interleukin|Janus|annexin|complement|Fc receptor|sphingosine"
     r"|integrin|calcineurin", "inflamm immun"),
    (r"anti-inflammatory|cyclooxygenase|phospholipase|prostaglandin", "prostaglandin inflamm"),
    (r"lipoxygenase|leukotriene", "leukotriene inflamm bronchoconstriction"), (r"histamine", "mast"),
    (r"Janus|interferon", "cytokine"),
    (r"calcineurin|inosine monophosphate|dihydroorotate", "lymphocyte proliferation"),
    (r"topoisomerase|DNA polymerase|DNA methyl|histone|thymidylate|ribonucleotide|nucleoside|quinolone|alkylating"
     r"|platinum|nitrogen mustard|anthracycline", "dna replicat"),
    (r"topoisomerase|histone|thymidylate|ribonucleotide|alkylating|platinum|anthracycline|vinca|tubulin|microtubule"
     r"|tyrosine kinase", "proliferation apoptosis"),
    (r"dihydrofolate|folic", "folate nucleotide proliferation"), (r"dihydroorotate", "pyrimidine"),
    (r"tubulin|microtubule|vinca", "microtubule mitosis mitotic division"),
    (r"growth factor|phosphoinositide|MAP kinase", "proliferation angiogenesis"), (r"proteasome", "apoptosis"),
    (r"proton pump|H2 receptor", "acid"), (r"farnesyl|RANK|kappa-B ligand|parathyroid|diphosphonate", "resorption"),
    (r"calcitonin receptor|vitamin D|calcium-sensing", "calcium bone"),
    (r"HMG-CoA|cholesterol", "cholesterol ldl lipid"),
    (r"nicotinic acid receptor|proliferator-activated", "lipo triglycer"),
    (r"angiotensin|renin", "angiotensin vasoconstriction"),
    (r"adrenergic", "norepinephrine noradrenaline vasoconstriction"),
    (r"beta-?\d?-adrenergic|adrenergic beta|muscarinic", "broncho relax"), (r"norepinephrine", "noradrenaline"),
    (r"\w transporter|uptake inhibitor", "uptake"),
    (r"guanylate|natriuretic|nitric|nitrate|endothelin", "dilat nitric"), (r"phosphodiesterase", "cyclic inflamm"),
    (r"muscarinic", "acetylcholine contraction"), (r"integrin|ADP receptor|P2Y12", "aggregation"),
    (r"integrin", "adhesion migration"),
    (r"coagulation|thrombin|vitamin K", "coagulation clot"), (r"opioid", "pain"),
    (r"calcium channel", "calcium contraction dilat"), (r"sodium channel", "depolari action potential"),
    (r"(?:calcium|sodium|potassium) channel", "conduction repolari"),
    (r"chloride cotransporter|epithelial sodium|carbonic|thiazide|aldosterone|mineralocorticoid",
     "excretion reabsorption diuresis"),
    (r"insulin|glucagon|sulfonylurea|glucose|dipeptidyl", "insulin glucose"),
    (r"estrogen|progest|gonadotropin", "estrogen ovulation"),
    (r"GABA|benzodiazepine|barbiturate", "gamma-aminobutyric gaba"), (r"glutamate", "glutamat"),
    (r"acetylcholinesterase", "acetylcholin cholinergic"),
    (r"reverse transcriptase|HIV|HCV|integrase|neuraminidase|RNA repli", "viral virus transcription"),
    (r"penicillin|cephalosporin|carbapenem|monobactam|glycopeptide|lactam", "peptidoglycan wall"),
    (r"tetracycline|macrolide|aminoglycoside|lincosamide|amphenicol|oxazolidinone|ketolide", "protein translation"),
    (r"azoles|polyene|allylamine|squalene|lanosterol", "ergosterol sterol"),
)  # fmt: skip
"""Part of a family's or class's name -> beginnings of words for what that has to do with in the body."""
_GENERAL = re.compile(
    r"receptors?|transporters?|channels?|voltage-gated|proteins?|enzymes?|kinases?|factors?|subunits?|inhibitors?"
    r"|antagonists?|agonists?|activity|components?|alpha|beta|delta|kappa|acid|hormone|system|synthase|reductase"
    r"|central|nervous|depression|stimulation|relaxation|compounds|decreased|increased|production|synthesis|growth|modulators?|activators?|like|with"
)


def telling_words(names: Iterable[str]) -> frozenset[str]:
    """Return beginnings of words by which a text on families or classes is known, in lower case: `dopamine`, `pain`.

    Those of their names that tell one from another, and those of what they have to do with.

    Args:
        names: families of genes, or classes of drugs.
    """
    said = [*names]
    words = {word.rstrip("s") for name in said for word in re.findall(r"[a-z][a-z-]{3,}", name.lower())}
    work = {word for name in said for part, told in _WORK if re.search(part, name, re.I) for word in told.split()}
    return frozenset(work | {word for word in words if not _GENERAL.fullmatch(word)})
