"""Assets by day with their checks, all days together, and a dynamic job; the executor is all that is of Stepstile."""

from datetime import date, timedelta

from dagster import (
    AllPartitionMapping,
    AssetCheckResult,
    AssetExecutionContext,
    AssetIn,
    DailyPartitionsDefinition,
    Definitions,
    DynamicOut,
    DynamicOutput,
    In,
    MaterializeResult,
    MetadataValue,
    OpExecutionContext,
    Out,
    asset,
    asset_check,
    define_asset_job,
    job,
    op,
)

from dagster_flights import flights
from dagster_flights.flights import Figures, Flight
from dagster_stepstile import stepstile_executor

DAYS = DailyPartitionsDefinition(start_date="2013-01-01", end_date="2014-01-01")


@asset(partitions_def=DAYS, group_name="flights")
def departures(context: AssetExecutionContext) -> list[Flight]:
    """The flights scheduled to leave New York on a day."""
    found = flights.flights_of(context.partition_key)
    context.log.info(f"{len(found)} flights on {context.partition_key}")
    context.add_output_metadata({"flights": len(found)})
    return found


@asset(partitions_def=DAYS, group_name="flights")
def delays(context: AssetExecutionContext, departures: list[Flight]) -> dict[str, Figures]:
    """A day's flights, cancellations and delays by carrier."""
    figures = flights.by_carrier(departures)
    context.add_output_metadata({"carriers": len(figures), "table": MetadataValue.md(flights.table(figures))})
    return figures


@asset_check(asset=departures, blocking=True, partitions_def=DAYS)
def as_many_as_the_index_says(context, departures: list[Flight]) -> AssetCheckResult:
    expected = flights.index()[context.partition_key][2]
    return AssetCheckResult(
        passed=len(departures) == expected, metadata={"flights": len(departures), "index": expected}
    )


@asset_check(asset=delays, partitions_def=DAYS)
def no_flight_is_lost(delays: dict[str, Figures]) -> AssetCheckResult:
    known = all(of["cancelled"] <= of["flights"] for of in delays.values())
    return AssetCheckResult(passed=known, metadata={"carriers": len(delays)})


@asset(
    ins={
        "delays": AssetIn(
            partition_mapping=AllPartitionMapping(), metadata={"allow_missing_partitions": True}
        )
    },
    group_name="flights",
)
def carriers(delays: dict[str, dict[str, Figures]]) -> MaterializeResult:
    """All days that there are, by carrier."""
    figures = flights.merged(delays.values())
    return MaterializeResult(
        metadata={
            "days": len(delays),
            "flights": sum(of["flights"] for of in figures.values()),
            "table": MetadataValue.md(flights.table(figures)),
        }
    )


@op(config_schema={"weeks": int}, out=DynamicOut(str))
def weeks(context: OpExecutionContext):
    """The first day of each week, each of which is a step of its own."""
    for week in range(context.op_config["weeks"]):
        first = date(2013, 1, 1) + timedelta(weeks=week)
        yield DynamicOutput(first.isoformat(), mapping_key=f"{first:%m_%d}")


@op(out=Out(dict))
def week_figures(context: OpExecutionContext, first: str) -> dict[str, Figures]:
    days = [date.fromisoformat(first) + timedelta(days=day) for day in range(7)]
    return flights.merged(
        flights.by_carrier(flights.flights_of(day.isoformat())) for day in days if day.year == 2013
    )


@op(ins={"figures": In(list)}, out=Out(dict))
def year_figures(context: OpExecutionContext, figures: list[dict[str, Figures]]) -> dict[str, Figures]:
    year = flights.merged(figures)
    context.add_output_metadata(
        {
            "weeks": len(figures),
            "flights": sum(of["flights"] for of in year.values()),
            "table": MetadataValue.md(flights.table(year)),
        }
    )
    return year


@job(config={"ops": {"weeks": {"config": {"weeks": 53}}}}, executor_def=stepstile_executor)
def flights_by_week() -> None:
    """A step for each week of the year, then one that adds them up."""
    year_figures(weeks().map(week_figures).collect())


flights_of_a_day = define_asset_job("flights_of_a_day", [departures, delays], partitions_def=DAYS)
flights_of_all_days = define_asset_job("flights_of_all_days", [carriers])

defs = Definitions(
    assets=[departures, delays, carriers],
    asset_checks=[as_many_as_the_index_says, no_flight_is_lost],
    jobs=[flights_of_a_day, flights_of_all_days, flights_by_week],
    executor=stepstile_executor,
)
