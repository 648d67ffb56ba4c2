"""All suites by name. A dataset names the one that guards its landing; a new one is a line here."""

from data_quality.suites import Suite, landing, marts, staging

SUITES: dict[str, Suite] = {**landing.SUITES, "staging": staging.SUITE, "marts": marts.SUITE}
