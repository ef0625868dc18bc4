"""Tests of `kraken_lab.cli`."""
