"""The one place that uses parts of Dagster which have no public name.

No module of Dagster beyond ``dagster`` itself is imported here or elsewhere; these are attributes of objects that Dagster
hands to an executor, used on the lowest and on the newest version by the tests.
"""

import hashlib
import json
import logging
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from dagster import (
    AssetKey,
    DagsterInstance,
    DagsterLogManager,
    DagsterRun,
    DynamicPartitionsDefinition,
    Executor,
    FilesystemIOManager,
    InitExecutorContext,
    MultiPartitionsDefinition,
    Nothing,
    OpDefinition,
    PartitionKeyRange,
    Selector,
    TimeWindow,
    TimeWindowPartitionsDefinition,
    colored_console_logger,
    deserialize_value,
    fs_io_manager,
    in_process_executor,
    job,
    mem_io_manager,
    partition_loading_context,
)

_RECONNECT_SECONDS = 5
"""A kept connection that is older is made anew: shorter than what cuts an idle one on its way."""

_RECENT = 200
"""So many of a checked asset's last time partitions can be asked about."""

_MOST_READ_PARTITIONS = 128
"""Where a step reads more partitions of an asset, Dagster does not ask for the version of each: its limit is 100, and the
worker may count a few less, as it counts later."""

_MAPPING_KEY = re.compile(r"\[([^\]]*)\]$")


def retry_mode(name: str) -> Any:
    """Dagster's ``RetryMode`` by its name: ENABLED, DISABLED or DEFERRED."""
    return deserialize_value(json.dumps({"__enum__": f"RetryMode.{name}"}))


def keep_connections(instance: DagsterInstance) -> None:
    """Lets the instance's storage keep a connection open, as it does in Dagster's webserver.

    Otherwise Postgres and MySQL are connected to anew for each event, which costs several times what writing it does.
    """
    instance.optimize_for_webserver(statement_timeout=0, pool_recycle=_RECONNECT_SECONDS, max_overflow=-1)


def error_info(message: str, class_name: str) -> Any:
    """Dagster's serialisable error, for what is no exception of this process."""
    fields = {"message": message, "stack": [], "cls_name": class_name, "cause": None, "context": None}
    return deserialize_value(json.dumps({"__class__": "SerializableErrorInfo", **fields}))


def failure_event(executor: Any, step_context: Any, error: Any, state: Any) -> Any:
    """Writes that a step failed or, by its op's policy, is up for retry; the event. Its name changed with Dagster 1.13."""
    for name in ("log_failure_or_retry_event_after_error", "get_failure_or_retry_event_after_error"):
        if hasattr(executor, name):
            return getattr(executor, name)(step_context, error, state)
    raise AttributeError("This version of Dagster has no way to fail a step from its executor.")


def state_for_step(state: Any, step: Any) -> Any:
    """Of a run's state what one step needs: else a fan-out sends its whole width to each of its steps."""
    needed = set(step.get_execution_dependency_keys()) | {step.key}
    handles = {
        handle
        for step_input in step.step_inputs
        for handle in step_input.get_step_output_handle_dependencies()
    }
    own_key = _MAPPING_KEY.search(step.key)
    mappings: dict[str, Any] = {}
    for source, outputs in state.dynamic_mappings.items():
        if own_key:
            # A mapped step is resolved by its own key alone, whatever its siblings are.
            mappings[source] = {
                name: [own_key.group(1)]
                if keys and own_key.group(1) in keys
                else None
                if keys is None
                else []
                for name, keys in outputs.items()
            }
        else:
            mappings[source] = outputs
    return state._replace(
        previous_retry_attempts={
            key: count for key, count in state.previous_retry_attempts.items() if key in needed and count
        },
        dynamic_mappings=mappings,
        ready_outputs=handles & set(state.ready_outputs),
    )


def step_plan(full_plan: Any, step_key: str, state: Any, job_def: Any) -> Any:
    """The plan of one step of a run, out of the plan of all."""
    plan = full_plan._replace(
        known_state=state,
        step_dict=dict(full_plan.step_dict),
        step_dict_by_key=dict(full_plan.step_dict_by_key),
        executable_map=dict(full_plan.executable_map),
        resolvable_map=dict(full_plan.resolvable_map),
    )
    plan.resolve(state.dynamic_mappings)
    return plan.build_subset_plan([step_key], job_def, None)


def worker_context(plan_context: Any, plan: Any, run: DagsterRun, retries: Any, executor: Executor) -> Any:
    """A context for executing ``plan`` as a part of the host's ``run``, out of the one that this process made, and with
    that one's run config: user code sees what the run was launched with."""
    run_config = plan_context.run_config
    kind: Any = type("WorkerContext", (type(plan_context),), {"run_config": property(lambda _: run_config)})
    return kind(
        plan_data=plan_context.plan_data._replace(dagster_run=run, execution_plan=plan, retry_mode=retries),
        # The in-process executor reports that it begins and ends; nobody wants that once per step.
        log_manager=DagsterLogManager.create(loggers=[], handlers=[], dagster_run=run),
        executor=executor,
        output_capture=None,
    )


def quieten_console() -> None:
    """Ends Dagster's console logger in this process: what it prints is in the run's event log already, and each line
    would be a line of the step's stderr, and a page to be stored and fetched."""

    def silent(_: Any) -> logging.Logger:
        return logging.Logger("dagster", logging.CRITICAL + 1)

    console: Any = colored_console_logger
    console._logger_fn = silent


def in_process(plan_context: Any, instance: DagsterInstance) -> Executor:
    """Dagster's own executor that runs a plan in this process."""
    context = InitExecutorContext(
        job=plan_context.job,
        executor_def=in_process_executor,
        executor_config={"retries": {"enabled": {}}},
        instance=instance,
    )
    create: Any = in_process_executor.executor_creation_fn
    return create(context)


def step_dependencies(init_context: InitExecutorContext, config: Mapping[str, Any] | None) -> Any:
    """Dagster's ``StepDependencyConfig``, as its own executors make it of their config."""
    own = {"retries": {"enabled": {}}} | ({"step_dependency_config": config} if config else {})
    context = InitExecutorContext(init_context.job, in_process_executor, own, init_context.instance)
    create: Any = in_process_executor.executor_creation_fn
    return create(context).step_dependency_config


def shape_of(job_def: Any, step: Any) -> dict[str, str]:
    """What a step takes, gives and uses: two definitions of it that differ in this cannot stand for each other.

    Descriptions, metadata, tags, and the values of defaults may be worked out when code is loaded, and are no part of it.
    """
    op = job_def.get_node(step.node_handle).definition
    inputs = {
        each.name: [
            each.dagster_type_key,
            type(each.source).__name__,
            sorted(map(str, each.get_step_output_handle_dependencies())),
            op.input_def_named(each.name).input_manager_key,
        ]
        for each in step.step_inputs
    }
    outputs = {
        each.name: [
            each.dagster_type_key,
            each.is_required,
            each.properties.is_dynamic,
            str(each.properties.asset_key),
            str(each.properties.asset_check_key),
            op.output_def_named(each.name).io_manager_key,
        ]
        for each in step.step_outputs
    }
    parts: dict[str, Any] = {
        "op": op.name,
        "inputs": inputs,
        "outputs": outputs,
        "resources": sorted(op.required_resource_keys),
    }
    return {
        name: hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:8]
        for name, part in parts.items()
    }


def config_defaults(job_def: Any, run_config: Mapping[str, Any]) -> dict[str, Any]:
    """What the job's definitions add to a run's config where it says nothing, as it was worked out when they were loaded;
    environment variables by name. Of loggers and the executor nothing."""
    added = _defaults(job_def.run_config_schema.config_type, run_config)
    if job_def.config_mapping is None:
        for name in ("execution", "loggers"):
            added.pop(name, None)
    return added


def _defaults(config_type: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    added: dict[str, Any] = {}
    for name, field in (getattr(config_type, "fields", None) or {}).items():
        if name not in given:
            if field.default_provided and _is_json(field.default_value):
                added[name] = field.default_value
            elif field.default_provided and _is_of_its_parts(field):
                below = _defaults(field.config_type, {})
                if below:
                    added[name] = below
        elif isinstance(given[name], Mapping) and not isinstance(field.config_type, Selector):
            below = _defaults(field.config_type, given[name])
            if below:
                added[name] = below
    return added


def _is_of_its_parts(field: Any) -> bool:
    """Whether a default is what the defaults of its fields come to: where it is not given, they may be given in part."""
    fields: Mapping[str, Any] = getattr(field.config_type, "fields", None) or {}
    parts = {name: each.default_value for name, each in fields.items() if each.default_provided}
    return not isinstance(field.config_type, Selector) and parts == field.default_value


def _is_json(value: Any) -> bool:
    try:
        return json.loads(json.dumps(value)) == value
    except (TypeError, ValueError):
        return False


def left_out(plan: Any) -> list[str]:
    """The mapped steps that a run which is executed again neither has from the runs before it nor runs: Dagster takes those
    to run from the log of the run before, where a step that had not begun is not found."""
    produced: set[str] = set()
    past = plan.known_state.parent_state if plan.known_state else None
    if past is None:
        return []
    while past is not None:
        produced |= {handle.step_key for handle in past.produced_outputs}
        past = past.parent_state
    mapped = [key for key in plan.step_dict_by_key if _MAPPING_KEY.search(key) and not key.endswith("[?]")]
    return [key for key in mapped if key not in produced and key not in plan.step_keys_to_execute]


def code_pointer(job: Any) -> Any:
    """Where a reconstructable job's code is."""
    return job.repository.pointer


def output_assets(step: Any) -> list[AssetKey]:
    """The assets that a step writes."""
    return [output.properties.asset_key for output in step.step_outputs if output.properties.asset_key]


def checked_assets(step: Any) -> list[AssetKey]:
    """The assets that a step checks."""
    checks = [output.properties.asset_check_key for output in step.step_outputs]
    return list(dict.fromkeys(check.asset_key for check in checks if check))


def parents_of(job_def: Any, keys: Sequence[AssetKey]) -> list[AssetKey]:
    """The assets that assets of a job are made from."""
    layer = job_def.asset_layer
    return list(
        dict.fromkeys(parent for key in keys if layer.has(key) for parent in layer.get(key).parent_keys)
    )


def is_partitioned(job_def: Any, key: AssetKey) -> bool:
    """Whether an asset has partitions."""
    return job_def.asset_layer.has(key) and job_def.asset_layer.get(key).partitions_def is not None


def read_partitions(
    job_def: Any,
    keys: Sequence[AssetKey],
    parent: AssetKey,
    tags: Mapping[str, str],
    instance: DagsterInstance,
) -> list[str]:
    """The partitions of a parent whose data versions Dagster asks for where the step of a run with these tags makes assets:
    those that its own partitions are made from, unless they are too many."""
    layer = job_def.asset_layer
    made = [layer.get(key) for key in keys if layer.has(key) and parent in layer.get(key).parent_keys]
    [asset, *_] = sorted(made, key=lambda each: each.partitions_def is None)
    own, of_parent = asset.partitions_def, layer.get(parent).partitions_def
    with partition_loading_context(dynamic_partitions_store=instance):
        subset = None
        if own is not None:
            wanted = _run_partitions(own, tags)
            if wanted is None:
                return []
            subset = own.empty_subset().with_partition_key_range(own, wanted)
        mapping = asset.assets_def.infer_partition_mapping(asset.key, parent, of_parent)
        found = mapping.get_upstream_mapped_partitions_result_for_partitions(subset, own, of_parent)
        read = found.partitions_subset
        return list(read.get_partition_keys()) if len(read) <= _MOST_READ_PARTITIONS else []


def _run_partitions(partitions: Any, tags: Mapping[str, str]) -> PartitionKeyRange | None:
    """The partitions that a run is for, by its tags."""
    first = tags.get("dagster/partition", tags.get("dagster/asset_partition_range_start"))
    last = tags.get("dagster/partition", tags.get("dagster/asset_partition_range_end"))
    if first is None or last is None:
        return None
    if isinstance(partitions, MultiPartitionsDefinition):
        return PartitionKeyRange(*map(partitions.get_partition_key_from_str, (first, last)))
    return PartitionKeyRange(first, last)


def recent_time_partitions(job_def: Any, key: AssetKey) -> list[str]:
    """The last partitions of an asset whose partitions are windows of time; none of another one."""
    partitions: Any = job_def.asset_layer.get(key).partitions_def if is_partitioned(job_def, key) else None
    if not isinstance(partitions, TimeWindowPartitionsDefinition):
        return []
    last = partitions.get_last_partition_key()
    if last is None:
        return []
    window: Any = partitions.time_window_for_partition_key(last)
    start = window.end - _RECENT * (window.end - window.start)
    return list(partitions.get_partition_keys_in_time_window(TimeWindow(start, window.end)))[-_RECENT:]


def dynamic_partition_names(job_def: Any) -> list[str]:
    """The names of the dynamic partitions that a job's assets, or the job, have."""
    layer = job_def.asset_layer
    found = [job_def.partitions_def]
    for key in layer.executable_asset_keys:
        found += [
            layer.get(each).partitions_def for each in (key, *layer.get(key).parent_keys) if layer.has(each)
        ]
    flat: list[Any] = []
    for partitions in found:
        many = getattr(partitions, "partitions_defs", None)
        flat += [dimension.partitions_def for dimension in many] if many else [partitions]
    names = [each.name for each in flat if isinstance(each, DynamicPartitionsDefinition)]
    return sorted({name for name in names if name})


@job
def _without_io_manager() -> None:
    """Has Dagster's default IO manager, which has no public name."""


_OF_ONE_MACHINE = (_without_io_manager.resource_defs["io_manager"], fs_io_manager, mem_io_manager)
_DEFAULT_IS_ANOTHER = ("DAGSTER_DEFAULT_IO_MANAGER_MODULE", "DAGSTER_DEFAULT_IO_MANAGER_ATTRIBUTE")


def local_outputs(job_def: Any) -> list[str]:
    """The outputs of a job that are kept where only this machine finds them, with their IO managers."""
    found: list[str] = []
    for node in job_def.all_node_defs:
        for output in node.output_defs if isinstance(node, OpDefinition) else ():
            manager = job_def.resource_defs.get(output.io_manager_key)
            is_default = manager is _OF_ONE_MACHINE[0]
            if output.dagster_type == Nothing or (
                is_default and any(map(os.environ.get, _DEFAULT_IS_ANOTHER))
            ):
                continue
            made_by = getattr(manager, "configurable_resource_cls", None)
            if any(manager is each for each in _OF_ONE_MACHINE) or made_by is FilesystemIOManager:
                found.append(f"{node.name}.{output.name} ('{output.io_manager_key}')")
    return found
