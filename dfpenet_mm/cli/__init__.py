"""Commands: they parse, call the library, and say where the result is."""
