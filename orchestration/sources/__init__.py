"""What is known about each source: which requests a partition needs, how an answer is read.

No Dagster and no network in here. A source is a value; adding one is a module and a line in `registry`.
"""
