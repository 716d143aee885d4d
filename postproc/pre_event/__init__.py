"""What was recognised before the event: how much of it, where, and whether it lasted."""
