"""What a worker does with each public method of ``DagsterInstance``; docs/dagster-executor.md has the same table."""

from __future__ import annotations

from typing import NoReturn

from dagster import DagsterInvariantViolationError

FORWARDED = ("add_dynamic_partitions", "delete_dynamic_partition", "add_run_tags")
"""Writes that the run worker repeats on the real instance once the step has its result."""

REPORTED = ("report_runless_asset_event",)
"""Writes that become events of the step, which the run worker stores."""

ANSWERED = (
    "fetch_materializations",
    "fetch_observations",
    "get_asset_records",
    "get_latest_data_version_record",
    "get_latest_materialization_code_versions",
    "get_latest_materialization_event",
    "get_latest_materialization_events",
)
"""Reads that are answered from the records that came with the step, for the assets that it writes, reads or checks."""

OF_THE_RUN = ("get_run_by_id", "has_run")
"""Reads that are answered for the step's own run, as it was when it began."""

DYNAMIC_PARTITIONS = (
    "get_dynamic_partitions",
    "get_dynamic_partitions_definition_id",
    "get_existing_dynamic_partitions",
    "get_paginated_dynamic_partitions",
    "has_dynamic_partition",
)
"""Reads that are answered for the definitions of the job, and for those to which steps of the run added partitions."""

OWN = (
    "add_event_listener",
    "backfill_log_storage_enabled",
    "da_request_backfills",
    "dagster_observe_supported",
    "dispose",
    "end_watch_event_logs",
    "ephemeral",
    "file_manager_directory",
    "from_config",
    "from_ref",
    "get",
    "get_asset_check_support",
    "get_auto_materialize_settings",
    "get_backfill_settings",
    "get_concurrency_config",
    "get_default_graphql_run_records_limit",
    "get_event_log_handler",
    "get_handlers",
    "get_python_log_dagster_handler_config",
    "get_ref",
    "get_required_daemon_types",
    "get_run_size_limit_bytes",
    "get_scheduler_settings",
    "get_sensor_settings",
    "get_settings",
    "get_tick_retention_settings",
    "get_tick_termination_check_interval",
    "get_yaml_python_handlers",
    "handle_new_event",
    "info_dict",
    "info_str",
    "inject_env_vars",
    "internal_asset_freshness_enabled",
    "legacy_freshness_policy_killswitch_enabled",
    "local_temp",
    "logs_path_for_schedule",
    "optimize_for_webserver",
    "report_dagster_event",
    "report_engine_event",
    "run_will_resume",
    "schedules_directory",
    "schema_str",
    "should_store_event",
    "storage_directory",
    "streamline_read_asset_health_required",
    "streamline_read_asset_health_supported",
    "watch_event_logs",
)
"""Constructors, settings and what Dagster needs to run a step: these are of the worker's own instance, in memory."""

REFUSED = (
    "add_backfill",
    "add_daemon_heartbeat",
    "add_instigator_state",
    "add_run",
    "add_snapshot",
    "all_asset_keys",
    "all_instigator_state",
    "all_logs",
    "can_read_asset_failure_events",
    "can_read_asset_status_cache",
    "can_read_failure_events_for_asset",
    "count_resume_run_attempts",
    "create_reexecuted_run",
    "create_run",
    "create_run_for_job",
    "create_tick",
    "dagster_asset_health_queries_supported",
    "delete_instigator_state",
    "delete_run",
    "fetch_failed_materializations",
    "fetch_planned_materializations",
    "fetch_run_status_changes",
    "get_asset_check_health_state_for_assets",
    "get_asset_event_summary_records",
    "get_asset_freshness_health_state_for_assets",
    "get_asset_keys",
    "get_asset_keys_for_run",
    "get_asset_materialization_health_state_for_assets",
    "get_asset_partitions_for_run",
    "get_backfill",
    "get_backfills",
    "get_backfills_count",
    "get_batch_ticks",
    "get_daemon_heartbeats",
    "get_daemon_statuses",
    "get_event_records",
    "get_event_tags_for_asset",
    "get_execution_plan_snapshot",
    "get_freshness_state_records",
    "get_historical_job",
    "get_instigator_state",
    "get_job_snapshot",
    "get_latest_asset_check_evaluation_record",
    "get_latest_planned_materialization_info",
    "get_latest_storage_id_by_partition",
    "get_materialized_partitions",
    "get_minimal_asset_materialization_health_state_for_assets",
    "get_records_for_run",
    "get_run_group",
    "get_run_ids",
    "get_run_partition_data",
    "get_run_record_by_id",
    "get_run_records",
    "get_run_stats",
    "get_run_step_stats",
    "get_run_tag_keys",
    "get_run_tags",
    "get_runs",
    "get_runs_count",
    "get_status_by_partition",
    "get_tick",
    "get_tick_summaries",
    "get_ticks",
    "handle_run_event",
    "has_asset_key",
    "has_historical_job",
    "has_job_snapshot",
    "has_snapshot",
    "launch_run",
    "logs_after",
    "purge_ticks",
    "register_managed_run",
    "reindex",
    "report_run_canceled",
    "report_run_canceling",
    "report_run_failed",
    "reset_schedule",
    "reset_sensor",
    "resume_run",
    "scheduler_debug_info",
    "start_schedule",
    "start_sensor",
    "stop_schedule",
    "stop_sensor",
    "store_event",
    "submit_run",
    "update_asset_cached_status_data",
    "update_backfill",
    "update_instigator_state",
    "update_tick",
    "upgrade",
    "wipe",
    "wipe_all_schedules",
    "wipe_asset_cached_status",
    "wipe_asset_partitions",
    "wipe_assets",
    "wipe_daemon_heartbeats",
)
"""Methods that are refused. A method of a later Dagster that is in none of these lists is refused too."""

OF_STORAGE = (
    *ANSWERED,
    *DYNAMIC_PARTITIONS,
    *FORWARDED,
    "get_latest_tags_by_partition",
    "get_pool_config",
    "get_pool_limits",
)
"""Methods of the storages that the methods above call, and Dagster calls while it runs a step."""

READS_OF_STORAGE = ("all_", "fetch_", "get_", "has_asset_key", "has_run", "has_snapshot")
"""The beginnings of the names of methods of the storages that read."""


def refuse(name: str) -> NoReturn:
    """Rejects a read or write of the instance, and names alternatives."""
    raise DagsterInvariantViolationError(
        "This step runs on a Stepstile worker, which has no connection to the storage of the Dagster instance:"
        f" 'instance.{name}' would return nothing, or its write would be lost. Call it in a sensor or schedule, or open the"
        " instance with DagsterInstance.get() in an op that has network access and credentials for it. For the calls that"
        " are answered, see docs/dagster-executor.md, 'What user code cannot do there'."
    )
