"""MIMIC-III as pairs: diagnoses to diseases of the graph, prescriptions to its drugs, split by patient."""
