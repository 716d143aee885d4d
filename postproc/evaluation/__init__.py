"""How well an inventory agrees with a reference."""
