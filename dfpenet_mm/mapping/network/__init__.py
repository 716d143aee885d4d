"""A network behind one call: loading it, its backends, and which of them to take here."""
