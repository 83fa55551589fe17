"""Facts about a running op or asset, read from the context that Dagster passed to it."""

from __future__ import annotations

import uuid
from typing import Any

from dagster import (
    AssetCheckExecutionContext,
    AssetExecutionContext,
    AssetKey,
    MultiPartitionsDefinition,
    OpExecutionContext,
    PartitionsDefinition,
    TimeWindowPartitionsDefinition,
)

Context = OpExecutionContext | AssetExecutionContext | AssetCheckExecutionContext

_INVOKED_DIRECTLY = "EPHEMERAL"


def run_id(context: Context) -> str:
    """The Dagster run's id; if a test calls an asset's function directly, a new id."""
    of = of_op(context).run_id
    return str(uuid.uuid4()) if of == _INVOKED_DIRECTLY else of


def step_key(context: Context) -> str:
    """The key of the Dagster step that runs."""
    if of_op(context).run_id == _INVOKED_DIRECTLY:
        return "invoked"
    return context.get_step_execution_context().step.key


def pipes_data(context: Context) -> dict[str, Any]:
    """The members of a Pipes context that are not extras, as Dagster's own Pipes clients send them."""
    context = of_op(context)
    direct = context.run_id == _INVOKED_DIRECTLY
    data: dict[str, Any] = {
        "asset_keys": None,
        "code_version_by_asset_key": None,
        "provenance_by_asset_key": None,
        "partition_key": None,
        "partition_key_range": None,
        "partition_time_window": None,
        "run_id": context.run_id,
        "job_name": None if direct else context.job_name,
        "retry_number": 0 if direct else context.retry_number,
    }
    if context.has_assets_def:
        keys = sorted(context.selected_asset_keys)
        versions = context.assets_def.code_versions_by_key
        data["asset_keys"] = [key.to_escaped_user_string() for key in keys]
        data["code_version_by_asset_key"] = {key.to_escaped_user_string(): versions[key] for key in keys}
        data["provenance_by_asset_key"] = {
            key.to_escaped_user_string(): _provenance(context, key) for key in keys
        }
    if context.has_partition_key:
        data["partition_key"] = context.partition_key
    if context.has_partition_key or context.has_partition_key_range:
        keys_range = context.partition_key_range
        data["partition_key_range"] = {"start": keys_range.start, "end": keys_range.end}
        if _has_time_window(context):
            window = context.partition_time_window
            data["partition_time_window"] = {
                "start": window.start.isoformat(),
                "end": window.end.isoformat(),
            }
    return data


def of_op(context: Context) -> OpExecutionContext:
    """The op's own context: the same attributes of an asset's context are being deprecated."""
    return context if isinstance(context, OpExecutionContext) else context.op_execution_context


def _provenance(context: OpExecutionContext, key: AssetKey) -> dict[str, Any] | None:
    provenance = context.get_asset_provenance(key)
    if provenance is None:
        return None
    return {
        "code_version": provenance.code_version,
        "input_data_versions": {
            of.to_escaped_user_string(): version.value
            for of, version in provenance.input_data_versions.items()
        },
        "is_user_provided": provenance.is_user_provided,
    }


def _has_time_window(context: OpExecutionContext) -> bool:
    partitions: PartitionsDefinition | None = None
    if context.has_assets_def:
        partitions = context.assets_def.partitions_def
    elif context.run_id != _INVOKED_DIRECTLY:
        partitions = context.job_def.partitions_def
    if isinstance(partitions, MultiPartitionsDefinition):
        dimensions = [dimension.partitions_def for dimension in partitions.partitions_defs or ()]
        return sum(isinstance(one, TimeWindowPartitionsDefinition) for one in dimensions) == 1
    return isinstance(partitions, TimeWindowPartitionsDefinition)
