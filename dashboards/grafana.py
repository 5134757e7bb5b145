"""Turns boards into the JSON that Grafana reads."""

import json
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from dashboards.panels import WORKERS, Board, Panel, Query

Json: TypeAlias = dict[str, Any]

TAG: Final = "commerce-to-sitecore"
WIDTH: Final = 24
SOURCE: Final[Json] = {"type": "prometheus", "uid": "${datasource}"}
_LEGEND: Final[Json] = {
    "showLegend": True,
    "displayMode": "list",
    "placement": "bottom",
    "calcs": [],
}
_TOOLTIP: Final[Json] = {"mode": "multi", "sort": "desc"}


def written(board: Board) -> str:
    """Write a board as a file."""
    return json.dumps(_board(board), indent=2, ensure_ascii=False) + "\n"


def _board(board: Board) -> Json:
    return {
        "uid": board.uid,
        "title": f"Commerce to Sitecore / {board.title}",
        "description": board.says,
        "tags": [TAG],
        "timezone": "browser",
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "schemaVersion": 41,
        "version": 1,
        "time": {"from": "now-6h", "to": "now"},
        "annotations": {"list": [_releases()]},
        "links": [_link("Boards", tags=[TAG])],
        "templating": {"list": [_source(), *map(_variable, ("namespace", "job", "pod"))]},
        "panels": list(_panels(board)),
    }


def _releases() -> Json:
    now, before = f"pipeline_build_info{{{WORKERS}}}", f"pipeline_build_info{{{WORKERS}}} offset 5m"
    return {
        "name": "Releases",
        "datasource": SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": "blue",
        "expr": f"count by (version) ({now}) unless count by (version) ({before})",
    }


def _link(title: str, *, tags: list[str], url: str = "") -> Json:
    return {
        "title": title,
        "type": "link" if url else "dashboards",
        "icon": "external link",
        "tooltip": "",
        "url": url,
        "tags": tags,
        "asDropdown": False,
        "targetBlank": False,
        "includeVars": True,
        "keepTime": True,
    }


def _source() -> Json:
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "description": "The Prometheus that scrapes the workers.",
        "query": "prometheus",
        "hide": 0,
        "multi": False,
        "includeAll": False,
    }


def _variable(name: str) -> Json:
    """A choice of label values; each offers what the choices before it leave."""
    before = {
        "namespace": "",
        "job": '{namespace=~"$namespace"}',
        "pod": '{namespace=~"$namespace", job=~"$job"}',
    }[name]
    return {
        "type": "query",
        "name": name,
        "label": name.capitalize(),
        "description": f"Show workers of this {name} only.",
        "datasource": SOURCE,
        "query": {
            "query": f"label_values(pipeline_build_info{before}, {name})",
            "refId": name,
        },
        "current": {"text": "All", "value": "$__all", "selected": True},
        "hide": 0,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "refresh": 2,
        "sort": 1,
    }


def _panels(board: Board) -> Iterator[Json]:
    top, number = 0, 1
    for row in board.rows:
        grid = {"x": 0, "y": top, "w": WIDTH, "h": 1}
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": grid}
        top, left, lowest, number = top + 1, 0, 0, number + 1
        for panel in row.panels:
            if left + panel.width > WIDTH:
                top, left, lowest = top + lowest, 0, 0
            grid = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            yield _panel(panel) | {"id": number, "gridPos": grid}
            left, lowest, number = left + panel.width, max(lowest, panel.height), number + 1
        top += lowest


def _panel(panel: Panel) -> Json:
    links = [] if panel.leads_to is None else [_more(panel.leads_to)]
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": SOURCE,
        "targets": [_target(query, nth, panel) for nth, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _options(panel),
        "links": links,
        **_shaped(panel),
    }


def _more(uid: str) -> Json:
    url = f"/d/{uid}?${{__url_time_range}}&${{__all_variables}}"
    return _link("Why?", tags=[], url=url)


def _target(query: Query, nth: int, panel: Panel) -> Json:
    table = panel.kind == "table"
    return {
        "refId": chr(ord("A") + nth),
        "datasource": SOURCE,
        "expr": query.written(),
        "legendFormat": query.legend,
        "editorMode": "code",
        "format": "table" if table else "time_series",
        "instant": table,
        "range": not table,
    }


def _field(panel: Panel) -> Json:
    steps: list[Json] = [{"value": None, "color": panel.good}]
    steps += [{"value": step.value, "color": step.colour} for step in panel.steps]
    field: Json = {
        "unit": panel.unit,
        "min": 0,
        "noValue": panel.empty,
        "color": {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"},
        "thresholds": {"mode": "absolute", "steps": steps},
    }
    if panel.most is not None:
        field["max"] = panel.most
    match panel.kind:
        case "timeseries":
            field["custom"] = _drawn(panel)
        case "state-timeline":
            field["custom"] = {"lineWidth": 0, "fillOpacity": 70}
            field["mappings"] = [_yes_or_no()]
        case _:
            pass
    return field


def _drawn(panel: Panel) -> Json:
    return {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 30 if panel.stacked else 8,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if panel.steps else "off"},
    }


def _yes_or_no() -> Json:
    no = {"text": "no", "color": "green", "index": 0}
    yes = {"text": "yes", "color": "red", "index": 1}
    return {"type": "value", "options": {"0": no, "1": yes}}


def _options(panel: Panel) -> Json:
    match panel.kind:
        case "timeseries":
            return {"legend": _LEGEND, "tooltip": _TOOLTIP}
        case "state-timeline":
            return {
                "legend": _LEGEND,
                "tooltip": _TOOLTIP,
                "showValue": "never",
                "mergeValues": True,
                "rowHeight": 0.8,
            }
        case "stat":
            return {
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                "colorMode": "value",
                "graphMode": "area",
                "textMode": "auto",
                "justifyMode": "auto",
                "orientation": "auto",
            }
        case "table":
            return {"showHeader": True, "cellHeight": "sm"}


def _shaped(panel: Panel) -> Json:
    if panel.kind != "table":
        return {}
    hidden = {"Time": True, "Value": True, "__name__": True, "alertstate": True}
    return {"transformations": [{"id": "organize", "options": {"excludeByName": hidden}}]}
