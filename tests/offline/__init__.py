"""The guard that keeps tests, and all they start, on this machine."""
