"""Measurements: how fast, compared with what. Nothing here is asserted in a test."""
