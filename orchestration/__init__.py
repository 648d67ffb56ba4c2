"""Fetch official sources, land them, build the warehouse and publish the release."""
