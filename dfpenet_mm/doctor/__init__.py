"""Checks of an installation: what is there, what works, and how to mend what does not."""
