"""Dagster on Stepstile: a client of its HTTP API, and what Dagster needs on top of it."""
