"""The recognition before the event: its extent, its regions, and their persistence."""
