"""``landslide-map doctor``: what is installed, what works, and how to mend what does not.

One file a subject, each with a function that yields findings. Whatever may be broken is imported
inside of the functions, so that a broken part is reported and the others are still looked at.
"""
