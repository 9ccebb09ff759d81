"""Names to ids: normalize, index, resolve, suggest; never a silent substitution."""
