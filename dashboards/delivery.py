"""The board of deliver: requests, answers, waiting, and what Kafka has of it."""

from typing import Final

from dashboards.panels import Board, Panel, Query, Row, Step, counts, line, quantiles, rates

_REQUESTS: Final = Row(
    "Requests and answers",
    (
        Panel(
            "Requests, by outcome",
            "Requests a second by what they came to; all but `delivered` and `issued` are sent "
            "again, held or set aside.",
            "reqps",
            rates("pipeline_attempts_total{*}", "outcome"),
            empty="deliver is not scraped",
            stacked=True,
        ),
        Panel(
            "Answers take",
            "From sending a request to its answer; the request's time limit is the most that can "
            "show.",
            "s",
            quantiles("pipeline_request_seconds"),
            empty="nothing was sent lately",
            steps=(Step(5, "yellow"), Step(10, "red")),
        ),
        Panel(
            "Delivered, by type",
            "Messages a second that Sitecore accepted.",
            "cps",
            rates("pipeline_delivered_total{*}", "type"),
            empty="deliver is not scraped",
            stacked=True,
        ),
        Panel(
            "Records, by outcome",
            "What became of records of what is owed; one record may take several requests, or "
            "none.",
            "cps",
            rates('pipeline_records_total{*, outcome=~"delivered|skipped|set_aside"}', "outcome"),
            empty="deliver is not scraped",
            stacked=True,
        ),
        Panel(
            "Needed no request",
            "Records of what is owed for which nothing had to be sent; `too_old` came too late to "
            "be sent.",
            "cps",
            rates("pipeline_skipped_total{*}", "reason"),
            empty="deliver is not scraped",
            stacked=True,
        ),
        Panel(
            "Set aside, by reason",
            "What deliver put into the dead letters; each reason is a rule, an answer or a limit "
            "of tries.",
            "short",
            counts('pipeline_dead_letters_total{*, worker="deliver"}', "reason"),
            empty="deliver is not scraped",
            stacked=True,
        ),
    ),
)

_WAITING: Final = Row(
    "Why it waits",
    (
        Panel(
            "Not flowing freely",
            "Outage: nobody answers. Held: somebody answers and takes nothing, a person must "
            "look. Throttled: we were asked for a pause.",
            "none",
            (
                Query('max(pipeline_breaker{*, state="outage"})', "outage"),
                Query("max(pipeline_held{*})", "held"),
                Query("max(pipeline_throttled{*})", "throttled"),
            ),
            empty="deliver is not scraped",
            kind="state-timeline",
            steps=(Step(1, "red"),),
            most=1,
        ),
        Panel(
            "In flight",
            "Requests whose answer is not kept yet; at `deliver.in_flight_max` of a worker, slots "
            "are what is short.",
            "short",
            line("sum by (pod) (pipeline_in_flight{*})", "{{pod}}"),
            empty="deliver is not scraped",
            stacked=True,
        ),
        Panel(
            "Guests that wait to try again",
            "Lanes that sleep after a failure; all others go on.",
            "short",
            line("sum by (pod) (pipeline_lanes_waiting{*})", "{{pod}}"),
            empty="deliver is not scraped",
            stacked=True,
        ),
        Panel(
            "Waits, by cause",
            "How many messages waited at a time, by cause, of waits that are over; `slots` and "
            "`pacing` mean that more could be done.",
            "short",
            rates("pipeline_wait_seconds_sum{*}", "cause"),
            empty="deliver is not scraped",
        ),
        Panel(
            "Full partitions",
            "Partitions that are not read on, since too much of them is in hand: they alone are "
            "late.",
            "short",
            line("sum by (pod) (pipeline_full_partitions{*})", "{{pod}}"),
            empty="deliver is not scraped",
            steps=(Step(1, "yellow"),),
        ),
        Panel(
            "Backlog",
            "Records of what is owed that are not done, unread ones included.",
            "short",
            line(
                "sum by (topic) (pipeline_backlog_records{*} * on (job, instance) group_left () "
                'pipeline_build_info{*, worker="deliver"})',
                "{{topic}}",
            ),
            empty="deliver is not scraped",
            steps=(Step(1000, "yellow"),),
        ),
        Panel(
            "Changed files",
            "Client keys and certificates that were read again; whatever is not `changed` could "
            "not be used.",
            "short",
            (
                *counts("pipeline_client_key_reads_total{*}", "outcome"),
                *counts("pipeline_certificate_reads_total{*}", "outcome"),
            ),
            empty="deliver is not scraped",
        ),
    ),
)

_CERTAINTY: Final = Row(
    "How sure it is",
    (
        Panel(
            "Possible repeats",
            "Requests that Sitecore may have had before: after a crash, an answer that never came, "
            "or a replay.",
            "short",
            counts("pipeline_possible_repeats_total{*}", "cause"),
            empty="deliver is not scraped",
            stacked=True,
        ),
        Panel(
            "Accepted without saying so",
            "Answers whose status accepts and whose body does not say so; none is usual.",
            "short",
            counts("pipeline_unconfirmed_total{*}", "type"),
            empty="deliver is not scraped",
        ),
        Panel(
            "Cut, and carts abandoned",
            "Requests that were cut while under way, and sessions found closed that still held "
            "lines.",
            "short",
            (
                Query("sum(increase(pipeline_dropped_requests_total{*}[$__rate_interval]))", "cut"),
                Query(
                    "sum(increase(pipeline_abandoned_carts_total{*}[$__rate_interval]))",
                    "carts abandoned",
                ),
            ),
            empty="deliver is not scraped",
        ),
        Panel(
            "Keeping an answer takes",
            "From an answer until Kafka has it; the guest's next request waits for it.",
            "s",
            quantiles("pipeline_ledger_write_seconds"),
            empty="nothing was sent lately",
            steps=(Step(1, "yellow"), Step(5, "red")),
        ),
        Panel(
            "Writes not acknowledged",
            "Deliveries and letters that Kafka did not acknowledge in time; each is written again.",
            "short",
            counts("pipeline_write_failures_total{*}", "what"),
            empty="deliver is not scraped",
        ),
        Panel(
            "Commits not taken",
            "Commits that the group's coordinator did not take; without one for `deliver.lease_s` "
            "nothing starts.",
            "short",
            line(
                "sum by (pod) (increase(pipeline_commit_failures_total{*}[$__rate_interval]))",
                "{{pod}}",
            ),
            empty="deliver is not scraped",
            steps=(Step(1, "yellow"),),
        ),
    ),
)

BOARD: Final = Board(
    "pipeline-delivery",
    "Delivery",
    "What deliver asks of Sitecore, what it is answered, and why it waits.",
    (_REQUESTS, _WAITING, _CERTAINTY),
)
