"""doctor, models: what is wrong and what to do, and what is installed."""

import typer

from api.console import Console, Home, Json, hand_down
from api.json_values import as_json

__all__ = ["add_commands", "models"]

_SIGNS = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(doctor)


def doctor(home: Home = None, json: Json = False) -> None:
    """Check the installation and say what to do; exit code 1 when something has failed."""
    from api.doctor import examine

    console = Console.open(home, json)
    findings = []
    for finding in examine(console.settings):
        findings.append(finding)
        advice = f"\n        -> {finding.advice}" if finding.advice and finding.state != "ok" else ""
        if not json:
            console.out.print(
                f"{_SIGNS[finding.state]} {finding.name}: {finding.found}{advice}", markup=False
            )
    is_sound = all(finding.state != "failed" for finding in findings)
    console.result({"ok": is_sound, "checks": findings}, "" if is_sound else "Something has failed.")
    if not is_sound:
        raise typer.Exit(1)


def models(context: typer.Context, home: Home = None, json: Json = False) -> None:
    """List what is installed: encoders, trained heads, generators, readers; or prepare a model."""
    hand_down(context, home, json)
    if context.invoked_subcommand is not None:
        return
    from api.installed import installed_models
    from api.render import table_text

    console = Console.open(home, json)
    found = installed_models(console.grove())
    rows = [
        {
            "family": model.family,
            "name": model.name,
            "used": model.used,
            "installed": "yes" if model.installed else "no",
            "sha256": (model.sha256 or "")[:12],
            "about": model.about,
        }
        for model in found
    ]
    console.result({"models": as_json(found)}, table_text(rows, list(rows[0])))
