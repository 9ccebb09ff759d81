"""The open vocabularies that give DRKG's ids their names, a module for each source; what families and classes mean."""
