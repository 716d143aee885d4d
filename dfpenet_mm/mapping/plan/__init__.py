"""The plan of a scene before a pixel is read: windows, batches, blocks, blending weights."""
