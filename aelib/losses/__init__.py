"""Pure formulas, one per term: sum over features, mean over the batch."""
