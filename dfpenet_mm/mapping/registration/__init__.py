"""The distance between two images of the same ground, measured on a grid of windows."""
