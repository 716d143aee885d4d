"""Prediction of blocks: in threads of this machine, or by actors of a Ray cluster."""
