"""Normalisation of chips before they enter the network."""

from .any_band_preprocessor import AnyBandPreProcessor

__all__ = ['AnyBandPreProcessor']
