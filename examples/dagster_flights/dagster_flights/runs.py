"""The jobs as functions, so that a script can have them run out of process (`dagster.reconstructable`)."""

from dagster import JobDefinition

from dagster_flights import definitions


def flights_of_a_day() -> JobDefinition:
    return definitions.defs.resolve_job_def("flights_of_a_day")


def flights_of_all_days() -> JobDefinition:
    return definitions.defs.resolve_job_def("flights_of_all_days")


def flights_by_week() -> JobDefinition:
    return definitions.defs.resolve_job_def("flights_by_week")
