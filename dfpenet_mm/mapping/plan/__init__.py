"""What is fixed before a pixel is read: windows, their batches and blocks, blending weights."""
