"""Decode heads."""

from .dfpe_head import DFPEHead

__all__ = ['DFPEHead']
