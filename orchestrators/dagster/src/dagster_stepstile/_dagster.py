"""The one module that uses parts of Dagster that are not public.

No module of Dagster except ``dagster`` itself is imported here or elsewhere. The parts are attributes of objects that
Dagster passes to an executor; tests use them on the lowest and on the newest version.
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
"""The age at which a connection is replaced: less than the idle timeouts of load balancers and firewalls."""

_RECENT = 200
"""How many of a checked asset's last time partitions can be read."""

_MOST_READ_PARTITIONS = 128
"""If a step reads more partitions of an asset, Dagster does not read the version of each. Its limit is 100, and the worker,
which counts later, may count a few less."""

_MAPPING_KEY = re.compile(r"\[([^\]]*)\]$")


def retry_mode(name: str) -> Any:
    """Dagster's ``RetryMode`` by its name: ENABLED, DISABLED or DEFERRED."""
    return deserialize_value(json.dumps({"__enum__": f"RetryMode.{name}"}))


def keep_connections(instance: DagsterInstance) -> None:
    """Lets the instance's storage keep a connection open, as in Dagster's webserver.

    Otherwise Postgres and MySQL are connected to for each event, which takes several times as long as writing it.
    """
    instance.optimize_for_webserver(statement_timeout=0, pool_recycle=_RECONNECT_SECONDS, max_overflow=-1)


def error_info(message: str, class_name: str) -> Any:
    """Dagster's serialisable error, for an error that is not an exception of this process."""
    fields = {"message": message, "stack": [], "cls_name": class_name, "cause": None, "context": None}
    return deserialize_value(json.dumps({"__class__": "SerializableErrorInfo", **fields}))


def failure_event(executor: Any, step_context: Any, error: Any, state: Any) -> Any:
    """Writes and returns the event that a step failed or, by its op's policy, is up for retry.

    The method's name changed with Dagster 1.13.
    """
    for name in ("log_failure_or_retry_event_after_error", "get_failure_or_retry_event_after_error"):
        if hasattr(executor, name):
            return getattr(executor, name)(step_context, error, state)
    raise AttributeError("This version of Dagster has no way to fail a step from its executor.")


def kind_of_failure(event: Any) -> str:
    """The class of the error of a step that failed or is up for retry: the op's own, where Dagster's wraps it."""
    error = getattr(event.event_specific_data, "error", None)
    return str(getattr(getattr(error, "cause", None) or error, "cls_name", None) or "StepFailed")


def state_for_step(state: Any, step: Any) -> Any:
    """The part of a run's state that one step needs: in a fan-out, a step does not receive the keys of all its siblings."""
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
    """The plan of one step of a run, from the plan of all steps."""
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
    """A context to execute ``plan`` as a part of ``run``, made from this process's context of the whole job, with the run
    config of that context, which user code reads."""
    run_config = plan_context.run_config
    kind: Any = type("WorkerContext", (type(plan_context),), {"run_config": property(lambda _: run_config)})
    return kind(
        plan_data=plan_context.plan_data._replace(dagster_run=run, execution_plan=plan, retry_mode=retries),
        # Without loggers: the in-process executor would log its start and end for each step.
        log_manager=DagsterLogManager.create(loggers=[], handlers=[], dagster_run=run),
        executor=executor,
        output_capture=None,
    )


def quieten_console() -> None:
    """Turns off Dagster's console logger in this process: its lines are in the run's event log already, and each would be
    stored again as a line of the step's stderr."""

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
    """Dagster's ``StepDependencyConfig``, as its own executors create it from their config."""
    own = {"retries": {"enabled": {}}} | ({"step_dependency_config": config} if config else {})
    context = InitExecutorContext(init_context.job, in_process_executor, own, init_context.instance)
    create: Any = in_process_executor.executor_creation_fn
    return create(context).step_dependency_config


def shape_of(job_def: Any, step: Any) -> dict[str, str]:
    """Digests of a step's op, inputs, outputs and resources: two definitions of a step must agree in these.

    Descriptions, metadata, tags and default values may be computed when code is loaded, and are not compared.
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
    """The defaults of the job's definitions that a run's config does not set, as computed when the code was loaded; but
    environment variables by name, and nothing of loggers and the executor."""
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
    """Whether a default consists of the defaults of its fields; then each of these may be sent alone."""
    fields: Mapping[str, Any] = getattr(field.config_type, "fields", None) or {}
    parts = {name: each.default_value for name, each in fields.items() if each.default_provided}
    return not isinstance(field.config_type, Selector) and parts == field.default_value


def _is_json(value: Any) -> bool:
    try:
        return json.loads(json.dumps(value)) == value
    except (TypeError, ValueError):
        return False


def left_out(plan: Any) -> list[str]:
    """The mapped steps that a re-execution neither runs nor has outputs of: Dagster selects steps from the log of the
    original run, which does not have those that had not started."""
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
    """The pointer to a reconstructable job's code."""
    return job.repository.pointer


def output_assets(step: Any) -> list[AssetKey]:
    """The assets that a step writes."""
    return [output.properties.asset_key for output in step.step_outputs if output.properties.asset_key]


def checked_assets(step: Any) -> list[AssetKey]:
    """The assets that a step checks."""
    checks = [output.properties.asset_check_key for output in step.step_outputs]
    return list(dict.fromkeys(check.asset_key for check in checks if check))


def parents_of(job_def: Any, keys: Sequence[AssetKey]) -> list[AssetKey]:
    """The parents of assets of a job."""
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
    """The partitions of a parent whose data versions Dagster reads for a step that materializes assets, in a run with these
    tags: the parents of the step's own partitions, unless these are too many."""
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
    """The partitions of a run, by its tags."""
    first = tags.get("dagster/partition", tags.get("dagster/asset_partition_range_start"))
    last = tags.get("dagster/partition", tags.get("dagster/asset_partition_range_end"))
    if first is None or last is None:
        return None
    if isinstance(partitions, MultiPartitionsDefinition):
        return PartitionKeyRange(*map(partitions.get_partition_key_from_str, (first, last)))
    return PartitionKeyRange(first, last)


def recent_time_partitions(job_def: Any, key: AssetKey) -> list[str]:
    """The last partitions of an asset with time-window partitions; none for other assets."""
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
    """The names of the dynamic partitions of a job and its assets."""
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
    """A job with Dagster's default IO manager, which is not public."""


_OF_ONE_MACHINE = (_without_io_manager.resource_defs["io_manager"], fs_io_manager, mem_io_manager)
_DEFAULT_IS_ANOTHER = ("DAGSTER_DEFAULT_IO_MANAGER_MODULE", "DAGSTER_DEFAULT_IO_MANAGER_ATTRIBUTE")


def local_outputs(job_def: Any) -> list[str]:
    """The outputs of a job that are stored only on this machine, with their IO managers."""
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
