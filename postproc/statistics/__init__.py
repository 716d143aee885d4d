"""Statistics of an inventory: how many landslides of which size, and where."""
