"""The acting road end to end: proposals, the gate, the account and the real sandbox, with all that can go wrong."""
