"""The board of assemble and rekey: reading, deciding, keeping, and the group."""

from typing import Final

from dashboards.panels import (
    Board,
    Panel,
    Query,
    Row,
    Step,
    age,
    counts,
    line,
    quantiles,
    rates,
)

_WAIT: Final = age("pipeline_orders_waiting_oldest_timestamp_seconds")

_READING: Final = Row(
    "Reading",
    (
        Panel(
            "Backlog, by topic",
            "Records that are not done; `stream-events` is deliver's, the others are of assemble "
            "and rekey.",
            "short",
            line("sum by (topic) (pipeline_backlog_records{*})", "{{topic}}"),
            empty="no worker has a partition",
            steps=(Step(1000, "yellow"),),
        ),
        Panel(
            "Largest backlogs, by partition",
            "The five largest backlogs; one alone points to a guest or a producer.",
            "short",
            line(
                "topk(5, sum by (topic, partition) (pipeline_backlog_records{*}))",
                "{{topic}}/{{partition}}",
            ),
            empty="no worker has a partition",
        ),
        Panel(
            "Records, by topic and outcome",
            "What became of records; `timer` stands for what timers did.",
            "cps",
            rates("pipeline_records_total{*}", "topic, outcome"),
            empty="no worker is scraped",
            stacked=True,
        ),
        Panel(
            "Partitions, by pod",
            "Partitions that each worker has; those that wait are still to be restored, mostly for "
            "less than a minute.",
            "short",
            line("sum by (pod, state) (pipeline_partitions{*})", "{{pod}} {{state}}"),
            empty="no worker is scraped",
            stacked=True,
        ),
        Panel(
            "Partitions that changed hands",
            "Partitions gained and lost; `lost` means that the group missed a member.",
            "short",
            counts("pipeline_partition_changes_total{*}", "worker, change"),
            empty="no worker is scraped",
        ),
        Panel(
            "Deleted unread",
            "Offsets that Kafka deleted before they were read: those events are lost to us.",
            "short",
            counts("pipeline_expired_records_total{*}", "topic"),
            empty="no worker is scraped",
            steps=(Step(1, "red"),),
        ),
    ),
)

_DECIDING: Final = Row(
    "Deciding",
    (
        Panel(
            "Owed, by kind",
            "What Sitecore is owed, a second.",
            "cps",
            rates("pipeline_owed_total{*}", "kind"),
            empty="assemble is not scraped",
            stacked=True,
        ),
        Panel(
            "Repeats",
            "Events that were known already; a burst is a topic that was published again.",
            "cps",
            rates("pipeline_repeats_total{*}", "kind"),
            empty="assemble is not scraped",
            stacked=True,
        ),
        Panel(
            "Odd orders",
            "Owed all the same: a total that is not its lines', or more items than Sitecore keeps.",
            "short",
            counts("pipeline_orders_flagged_total{*}", "what"),
            empty="assemble is not scraped",
            stacked=True,
        ),
        Panel(
            "Set aside, by reason",
            "What assemble and rekey put into the dead letters.",
            "short",
            counts('pipeline_dead_letters_total{*, worker!="deliver"}', "worker, reason"),
            empty="no worker is scraped",
            stacked=True,
        ),
        Panel(
            "Orders waiting",
            "Orders that wait, by what they lack.",
            "short",
            line("sum by (lacks) (pipeline_orders_waiting{*})", "{{lacks}}"),
            empty="assemble is not scraped",
            stacked=True,
        ),
        Panel(
            "Longest wait of an order",
            "How long the order has waited that has waited longest; by default no wait exceeds "
            "ten minutes.",
            "s",
            line(f"max({_WAIT})", "longest wait"),
            empty="assemble is not scraped",
            steps=(Step(600, "yellow"), Step(1800, "red")),
        ),
        Panel(
            "Orders waited for",
            "How long orders waited, at the 95th percentile, by what they lacked.",
            "s",
            line(
                "histogram_quantile(0.95, sum by (le, lacks) "
                "(rate(pipeline_configured_wait_seconds_bucket{*}[$__rate_interval])))",
                "{{lacks}}",
            ),
            empty="no order has waited",
        ),
        Panel(
            "Timers",
            "Timers that are set; each guest has one at most.",
            "short",
            line("sum by (pod) (pipeline_timers{*})", "{{pod}}"),
            empty="assemble is not scraped",
            stacked=True,
        ),
        Panel(
            "Timers due",
            "Timers that are due and not fired, and those of them that unread input holds back.",
            "short",
            (
                Query("sum(pipeline_timers_due{*})", "due"),
                Query("sum(pipeline_timers_held{*})", "held back"),
            ),
            empty="assemble is not scraped",
            steps=(Step(1000, "yellow"),),
        ),
        Panel(
            "Others were waited for",
            "How often somebody did not answer, such as the schema registry or the coordinator.",
            "short",
            counts("pipeline_worker_waits_total{*}", "what"),
            empty="no worker is scraped",
        ),
    ),
)

_KEEPING: Final = Row(
    "Keeping",
    (
        Panel(
            "Transactions take",
            "From writing a batch until it is kept; the brokers decide.",
            "s",
            quantiles("pipeline_transaction_seconds"),
            empty="nothing was kept lately",
            steps=(Step(1, "yellow"), Step(10, "red")),
        ),
        Panel(
            "Batches",
            "Records and timers of one transaction; large batches are a backlog being worked off.",
            "short",
            quantiles("pipeline_batch_records"),
            empty="nothing was kept lately",
        ),
        Panel(
            "Records written",
            "Records that one transaction writes.",
            "short",
            quantiles("pipeline_transaction_writes"),
            empty="nothing was kept lately",
        ),
        Panel(
            "Bytes written",
            "Bytes of keys and values that one transaction writes.",
            "bytes",
            quantiles("pipeline_transaction_bytes"),
            empty="nothing was kept lately",
        ),
        Panel(
            "Transactions not kept",
            "Aborted, without a clear answer, or taken over by another member; each is made again.",
            "short",
            (
                Query(
                    "sum(increase(pipeline_transaction_aborts_total{*}[$__rate_interval]))",
                    "aborted",
                ),
                *counts("pipeline_unclear_commits_total{*}", "kept", says="unclear, kept: "),
                Query("sum(increase(pipeline_fenced_total{*}[$__rate_interval]))", "taken over"),
            ),
            empty="assemble is not scraped",
            steps=(Step(1, "yellow"),),
        ),
        Panel(
            "Turns of the loop",
            "Time between two looks for records, the longest since the start, and the gap at "
            "which the group drops a member.",
            "s",
            (
                Query(
                    "histogram_quantile(0.99, sum by (le) "
                    "(rate(pipeline_poll_gap_seconds_bucket{*}[$__rate_interval])))",
                    "p99",
                ),
                Query("max(pipeline_poll_gap_longest_seconds{*})", "longest"),
                Query("min(pipeline_poll_gap_limit_seconds{*})", "limit"),
            ),
            empty="assemble is not scraped",
        ),
    ),
)

BOARD: Final = Board(
    "pipeline-consumer",
    "Consumer and assembly",
    "How far the workers have read, what assemble decides, and how its transactions go.",
    (_READING, _DECIDING, _KEEPING),
)
