"""The board of state and runtime: what is remembered, restored and used up."""

from typing import Final

from dashboards.panels import Board, Panel, Query, Row, Step, counts, line, quantiles, rates


def _ours(expr: str) -> str:
    """Of what every program has, that of the workers."""
    return f"{expr} and on (job, instance) pipeline_build_info{{*}}"


_COLLECTED: Final = _ours("rate(python_gc_collections_total{*}[$__rate_interval])")

_STATE: Final = Row(
    "State",
    (
        Panel(
            "Guests",
            "Guests that assemble remembers, and those of whom deliver knows what Sitecore has.",
            "short",
            (
                Query("sum(pipeline_guests{*})", "assemble"),
                Query("sum(pipeline_ledger_guests{*})", "deliver"),
            ),
            empty="no worker is scraped",
        ),
        Panel(
            "Guests forgotten by deliver",
            "Idle guests of whom nothing can be owed any more, and partitions whose committed "
            "offsets had expired.",
            "short",
            (
                Query(
                    "sum(increase(pipeline_forgotten_guests_total{*}[$__rate_interval]))", "guests"
                ),
                Query(
                    "sum(increase(pipeline_offsets_missing_total{*}[$__rate_interval]))",
                    "partitions without offsets",
                ),
            ),
            empty="deliver is not scraped",
        ),
        Panel(
            "State, as bytes",
            "What guests come to as bytes, without their keys; in memory it takes about twice as "
            "much.",
            "bytes",
            (
                Query("sum by (pod) (pipeline_state_bytes{*})", "{{pod}}"),
                Query("sum by (pod) (pipeline_ledger_bytes{*})", "{{pod}}"),
            ),
            empty="no worker is scraped",
            stacked=True,
        ),
        Panel(
            "Bytes of a guest",
            "State of assemble by guest; it grows when carts do, or when events are remembered "
            "longer.",
            "bytes",
            line("sum(pipeline_state_bytes{*}) / sum(pipeline_guests{*})", "assemble"),
            empty="no guest is known",
        ),
        Panel(
            "States read back",
            "Guest states that assemble reads back of partitions that came.",
            "cps",
            line(
                "sum by (pod) (rate(pipeline_restored_records_total{*}[$__rate_interval]))",
                "{{pod}}",
            ),
            empty="assemble is not scraped",
        ),
        Panel(
            "States to be read back",
            "Guest states still to be read; a partition is at work once there are none.",
            "short",
            line("sum by (pod) (pipeline_restore_remaining_records{*})", "{{pod}}"),
            empty="assemble is not scraped",
        ),
        Panel(
            "Restoring a partition takes",
            "From asking for a partition's deliveries to having them; deliver sends nothing of it "
            "before.",
            "s",
            quantiles("pipeline_restore_seconds"),
            empty="nothing was restored lately",
            steps=(Step(30, "yellow"), Step(300, "red")),
        ),
        Panel(
            "Restores tried again",
            "Restores that Kafka did not answer in time.",
            "short",
            counts("pipeline_restore_retries_total{*}", "worker"),
            empty="no worker is scraped",
            steps=(Step(1, "yellow"),),
        ),
    ),
)

_PROCESS: Final = Row(
    "Processes",
    (
        Panel(
            "Memory, of its limit",
            "Memory that is used, by what may be used; at the limit the worker is killed.",
            "percentunit",
            line("process_resident_memory_bytes{*} / pipeline_memory_limit_bytes{*}", "{{pod}}"),
            empty="no worker is scraped",
            steps=(Step(0.5, "yellow"), Step(0.9, "red")),
            most=1,
        ),
        Panel(
            "Memory",
            "Memory that is used.",
            "bytes",
            line(_ours("process_resident_memory_bytes{*}"), "{{pod}}"),
            empty="no worker is scraped",
        ),
        Panel(
            "Processor",
            "Processor seconds a second; a worker uses one core at most, at 1 it needs company.",
            "percentunit",
            line(_ours("rate(process_cpu_seconds_total{*}[$__rate_interval])"), "{{pod}}"),
            empty="no worker is scraped",
            steps=(Step(0.9, "yellow"),),
        ),
        Panel(
            "Open files",
            "Files and connections, by what may be open.",
            "percentunit",
            line(_ours("process_open_fds{*} / process_max_fds{*}"), "{{pod}}"),
            empty="no worker is scraped",
            steps=(Step(0.8, "red"),),
            most=1,
        ),
        Panel(
            "Python's collector",
            "Times that Python looked for cycles, by generation; the workers hold it back on "
            "purpose.",
            "cps",
            line(f"sum by (generation) ({_COLLECTED})", "generation {{generation}}"),
            empty="no worker is scraped",
        ),
        Panel(
            "Running for",
            "Time since each process started; a saw means that it ends again and again.",
            "s",
            line(_ours("time() - process_start_time_seconds{*}"), "{{pod}}"),
            empty="no worker is scraped",
        ),
        Panel(
            "Kafka's complaints",
            "What Kafka clients could tell no call: connections, names, rights.",
            "cps",
            rates("pipeline_kafka_errors_total{*}", "code"),
            empty="no worker is scraped",
            steps=(Step(1, "yellow"),),
        ),
        Panel(
            "Broken probes and scrapes",
            "Connections to /livez, /readyz or /metrics that broke.",
            "short",
            line(
                "sum by (pod) (increase(pipeline_side_door_broken_total{*}[$__rate_interval]))",
                "{{pod}}",
            ),
            empty="no worker is scraped",
        ),
        Panel(
            "What runs",
            "Each worker, its release, and what it stands on.",
            "none",
            line("pipeline_build_info{*}", ""),
            empty="no worker is scraped",
            kind="table",
        ),
    ),
)

BOARD: Final = Board(
    "pipeline-runtime",
    "State and runtime",
    "What the workers remember, how they read it back, and what their processes use.",
    (_STATE, _PROCESS),
)
