"""Tests of `kraken_lab.lab`."""
