"""Long runs: a short profile of each in the default tier, the full length by hand."""
