"""The gates: what must hold before data goes on to the next station.

`suites` say what must hold, as data; `runner` finds out whether it does; `checks` shows it in Dagster.
"""
