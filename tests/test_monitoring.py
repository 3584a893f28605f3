"""The dashboard and the rules of examples/monitoring name metrics and labels that there are."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from api.telemetry.names import METRICS

FOLDER = Path(__file__).parents[1] / "examples/monitoring"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "grafana.json").read_text())
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]] + [
    rule["expr"] for rule in RULES
]
SERIES = {
    name: {*metric.labels, *({"le"} if metric.kind == "histogram" else ())}
    for metric in METRICS
    for name in (
        [f"{metric.name}_{part}" for part in ("bucket", "sum", "count")]
        if metric.kind == "histogram"
        else [metric.name]
    )
}


def names(query: str) -> set[str]:
    return set(re.findall(r"grove_\w+", query))


def test_every_metric_that_is_named_exists() -> None:
    assert {name for query in QUERIES for name in names(query)} <= SERIES.keys()


def test_every_label_that_is_named_is_one_of_the_metric() -> None:
    for query in QUERIES:
        known = set().union(*(SERIES[name] for name in names(query))) | {"instance", "job"}
        listed = [part for group in re.findall(r"by \(([^)]*)\)", query) for part in group.split(", ")]
        assert {*listed, *re.findall(r'(\w+)="', query)} <= known, query


def test_the_dashboard_shows_every_metric() -> None:
    shown = {name for query in QUERIES for name in names(query)}
    assert not [
        metric.name for metric in METRICS if not any(name.startswith(metric.name) for name in shown)
    ]


def test_panels_have_titles_and_places_of_their_own() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places) == len({panel["title"] for panel in DASHBOARD["panels"]})


def test_a_database_that_is_down_is_told_of_by_a_scrape_that_fails_too() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    (rule,) = [rule for rule in RULES if rule["alert"] == "GroveDatabaseDown"]
    assert f'up{{job="{config["scrape_configs"][0]["job_name"]}"}} == 0' in rule["expr"]


def test_prometheus_reads_what_the_server_serves() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["127.0.0.1:8080"]}]
    assert all((FOLDER / file).exists() for file in config["rule_files"])
