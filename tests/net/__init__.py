"""Tests of `kraken_lab.net`."""
