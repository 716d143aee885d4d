"""Necks."""

from .dfpe_neck import DFPENeck

__all__ = ['DFPENeck']
