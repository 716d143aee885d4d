"""Images and elevation from servers or a disk: searched, chosen, cut and documented.

The one room that opens connections, and only for ``landslide-map fetch``.
"""
