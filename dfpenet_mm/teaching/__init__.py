"""A reviewed inventory turned into a network that maps its ground better."""
