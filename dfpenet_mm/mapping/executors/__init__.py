"""Who predicts the blocks: threads of this machine, or actors of a Ray cluster."""
