"""Faults made on purpose: every number here is what the product promises to survive."""
