"""The open vocabularies that give DRKG's ids their names; one module for each source, none of them knows another."""
