"""Who asks, how often, and at what cost: keys, rates and budgets."""
