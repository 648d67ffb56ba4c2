"""Thin: they call the rooms above and report what happened."""
