"""Figures of a run in the style of the paper's: maps, stages, comparisons and close-ups."""
