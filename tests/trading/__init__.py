"""The acting road: what may be sent, and what became of it."""
