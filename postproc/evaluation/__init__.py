"""Agreement of an inventory with a reference."""
