"""Tests of `kraken_lab.streams`."""
