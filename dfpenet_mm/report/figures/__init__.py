"""Figures of a run in the style of the paper's: maps, stages, comparisons and close-ups."""

from dfpenet_mm.report.figures.all_figures import draw_figures

__all__ = ['draw_figures']
