"""How far two images of the same ground lie apart, measured on a grid of windows."""
