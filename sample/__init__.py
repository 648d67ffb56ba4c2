"""The small archive that ships with the repository, and how it is composed."""
