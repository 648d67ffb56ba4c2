"""Labels that do not come from our own rules: the language-model labeller. No Dagster in here."""
