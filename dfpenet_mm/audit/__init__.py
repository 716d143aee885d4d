"""A random sample of a finished map, and how right the map is by it."""
