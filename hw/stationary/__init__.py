"""Output-stationary layers: an accumulator for each row, an element a cycle."""
