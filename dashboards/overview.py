"""The first board: are orders arriving on time, and if not, where to look."""

from typing import Final

from dashboards.panels import (
    OBJECTIVE,
    Board,
    Panel,
    Query,
    Row,
    Step,
    age,
    counts,
    line,
    or_zero,
    quantiles,
    rates,
)

BUDGET: Final = round(1 - OBJECTIVE, 6)
BURNS: Final = (Step(1, "yellow"), Step(6, "orange"), Step(14.4, "red"))
AGES: Final = (Step(60, "yellow"), Step(600, "red"))

_IN_TIME: Final = 'sum(increase(pipeline_end_to_end_seconds_bucket{*, le="60.0"}[$__range]))'
_DUE: Final = """sum(
  increase(pipeline_end_to_end_seconds_count{*}[$__range])
  or increase(pipeline_dead_letters_total{*, worker="deliver", reason!="guest_erased"}[$__range])
  or increase(pipeline_skipped_total{*, reason="too_old"}[$__range])
)"""
_AGE: Final = age("pipeline_oldest_pending_timestamp_seconds")


def _share(window: str) -> str:
    on_time, due = (
        f"sum(namespace_job:pipeline_{what}:increase{window}{{+}})" for what in ("on_time", "due")
    )
    return f"{on_time} / {due}"


def _burn(window: str) -> Query:
    return Query(f"(1 - {_share(window)}) / {BUDGET}", window)


_NOW: Final = Row(
    "Are orders arriving on time?",
    (
        Panel(
            "Delivered a minute",
            "Messages that Sitecore accepted in the last minute or so.",
            "cpm",
            line("60 * sum(rate(pipeline_delivered_total{*}[$__rate_interval]))", "delivered"),
            empty="nothing was delivered yet",
            kind="stat",
            width=6,
            height=4,
            leads_to="pipeline-delivery",
        ),
        Panel(
            "From shop to Sitecore, p95",
            "From the event that completed a message to Sitecore's answer; below a minute is on "
            "time.",
            "s",
            line(
                "histogram_quantile(0.95, sum by (le) "
                "(rate(pipeline_end_to_end_seconds_bucket{*}[$__rate_interval])))",
                "p95",
            ),
            empty="nothing was delivered lately",
            kind="stat",
            steps=AGES,
            width=6,
            height=4,
            leads_to="pipeline-delivery",
        ),
        Panel(
            "Oldest pending",
            "How long the oldest record that is not done has been waiting; one guest is enough.",
            "s",
            line(f"max({_AGE})", "oldest"),
            empty="no worker is scraped",
            kind="stat",
            steps=AGES,
            width=6,
            height=4,
            leads_to="pipeline-consumer",
        ),
        Panel(
            "On time",
            "Share of what was due in the time shown that was at Sitecore within a minute; the "
            "objective is 99.5 %.",
            "percentunit",
            line(f"{_IN_TIME} / {_DUE}", "on time"),
            empty="nothing was due",
            kind="stat",
            steps=(Step(0.99, "yellow"), Step(OBJECTIVE, "green")),
            good="red",
            most=1,
            width=6,
            height=4,
        ),
        Panel(
            "Burn rate, 1 h",
            "How much faster than the objective allows the error budget was used up in the last "
            "hour; above 14.4 somebody is called.",
            "none",
            (_burn("1h"),),
            empty="nothing was due, or the recording rules are not installed",
            kind="stat",
            steps=BURNS,
            width=6,
            height=4,
        ),
        Panel(
            "Set aside",
            "Records that went to the dead letters in the time shown, for whatever reason.",
            "short",
            line(
                or_zero("ceil(sum(increase(pipeline_dead_letters_total{*}[$__range])))"),
                "set aside",
            ),
            empty="no worker is scraped",
            kind="stat",
            steps=(Step(1, "yellow"),),
            width=6,
            height=4,
            leads_to="pipeline-delivery",
        ),
        Panel(
            "Orders waiting",
            "Orders that wait for an identity, a payment type or lines; each wait has an end.",
            "short",
            line("sum(pipeline_orders_waiting{*})", "waiting"),
            empty="assemble is not scraped",
            kind="stat",
            width=6,
            height=4,
            leads_to="pipeline-consumer",
        ),
        Panel(
            "Workers",
            "Workers that are scraped, by kind; of assemble and deliver there must be one at "
            "least.",
            "short",
            line("count by (worker) (pipeline_build_info{*})", "{{worker}}"),
            empty="no worker is scraped",
            kind="stat",
            steps=(Step(1, "green"),),
            good="red",
            width=6,
            height=4,
            leads_to="pipeline-runtime",
        ),
    ),
)

_COURSE: Final = Row(
    "In the course of time",
    (
        Panel(
            "Delivered a minute, by type",
            "Messages that Sitecore accepted, by their type; each order ends in CHECKOUT or "
            "ORDER_CHECKOUT.",
            "cpm",
            rates("pipeline_delivered_total{*}", "type", times=60),
            empty="no worker is scraped",
            stacked=True,
            leads_to="pipeline-delivery",
        ),
        Panel(
            "From shop to Sitecore",
            "From the event that completed a message to Sitecore's answer, waits by setting left "
            "out.",
            "s",
            quantiles("pipeline_end_to_end_seconds"),
            empty="nothing was delivered lately",
            steps=(Step(60, "red"),),
        ),
        Panel(
            "Oldest pending, by worker",
            "How long the oldest record has been waiting for each worker; it rises while nothing "
            "moves.",
            "s",
            line(f"max by (worker) ({_AGE})", "{{worker}}"),
            empty="no worker is scraped",
            steps=(Step(600, "red"),),
            leads_to="pipeline-consumer",
        ),
        Panel(
            "Success and objective",
            "Share of what was due within half an hour that was in time; the line is the "
            "objective.",
            "percentunit",
            (Query(_share("30m"), "on time"), Query(f"vector({OBJECTIVE})", "objective")),
            empty="nothing was due, or the recording rules are not installed",
            most=1,
        ),
        Panel(
            "Burn rate, by window",
            "Above 1 in every window the objective will not hold; 14.4 in one hour, 6 in six "
            "hours, 3 in a day and 1 in three days raise an alert.",
            "none",
            tuple(_burn(window) for window in ("1h", "6h", "1d", "3d")),
            empty="nothing was due, or the recording rules are not installed",
            steps=(Step(14.4, "red"),),
        ),
        Panel(
            "Set aside, by reason",
            "Records that went to the dead letters; `pipeline dead-letters list` shows them.",
            "short",
            counts("pipeline_dead_letters_total{*}", "worker, reason"),
            empty="no worker is scraped",
            stacked=True,
        ),
        Panel(
            "Orders waiting, by what they lack",
            "Orders that wait; those without an identity are set aside in the end, the others are "
            "sent.",
            "short",
            line("sum by (lacks) (pipeline_orders_waiting{*})", "{{lacks}}"),
            empty="assemble is not scraped",
            stacked=True,
            leads_to="pipeline-consumer",
        ),
        Panel(
            "Deploys",
            "Workers by release; two releases at once are a rollout under way.",
            "short",
            line("count by (worker, version) (pipeline_build_info{*})", "{{worker}} {{version}}"),
            empty="no worker is scraped",
            stacked=True,
        ),
        Panel(
            "Alerts",
            "Alerts of the pipeline that fire now; each has a runbook of its name.",
            "none",
            line(
                "max by (alertname, severity, namespace, job) "
                '(ALERTS{+, alertname=~"Pipeline.+", alertstate="firing"})',
                "",
            ),
            empty="no alert fires",
            kind="table",
        ),
    ),
)

BOARD: Final = Board(
    "pipeline-overview",
    "Overview",
    "Whether orders reach Sitecore on time, and which board explains it when they do not.",
    (_NOW, _COURSE),
)
