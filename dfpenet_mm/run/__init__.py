"""One mapping run: prepared, recognised, post-processed, published; its folder and its record."""
