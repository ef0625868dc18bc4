"""Rows and columns."""
