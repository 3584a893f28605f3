"""Checks of what answers or should: database, generator, port, worker."""

import socket

import httpx

from api.checks._outcome import Outcome
from api.oidc.discovery import CALLBACK, discovery_of, discovery_url
from api.remote import find_server
from rag.compose import Grove
from rag.core.errors import UnavailableError
from rag.core.settings import Settings
from rag.db.session import look_at
from rag.db.statistics import read_statistics

__all__ = ["database", "generator", "pgvector", "port", "sign_in", "worker"]

_PATIENCE_SECONDS = 60
_MIN_PGVECTOR = (0, 8)


def database(settings: Settings) -> Outcome:
    """Find whether the database answers and has this Grove's tables."""
    report = look_at(settings.resolved_database)
    if report.version is None:
        return "ok", f"{report.server}: no tables yet", "the first command that needs them makes them"
    if not report.is_current:
        advice = "the next command migrates it: make a backup first, or install the Grove that made it"
        return (
            "warning",
            f"{report.server} has tables of {report.version}, this Grove those of {report.head}",
            advice,
        )
    return "ok", f"{report.server} with tables of {report.version}", ""


def pgvector(settings: Settings) -> Outcome:
    """Find whether PostgreSQL can keep vectors."""
    if settings.resolved_store.kind != "pgvector":
        return "ok", "not used: vectors are kept in files", ""
    found = look_at(settings.resolved_database).pgvector
    if found is None:
        return (
            "failed",
            "this PostgreSQL has no extension `vector`",
            "install pgvector 0.8 or newer on its server",
        )
    if tuple(int(part) for part in found.split(".")[:2]) < _MIN_PGVECTOR:
        return (
            "failed",
            f"pgvector {found}",
            "install pgvector 0.8 or newer: filters inside a search need it",
        )
    return "ok", f"pgvector {found}", ""


def generator(settings: Settings) -> Outcome:
    """Find whether what writes the answers is there."""
    part = settings.generator
    url = part.options.get("base_url")
    if url is None:
        return "ok", f"{Grove(settings).generator().capabilities.model}, in this process", ""
    try:
        reply = httpx.get(f"{str(url).rstrip('/')}/models", timeout=5, trust_env=False)  # as it is asked
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        advice = (
            "start it (`rag llm serve` for the one of this machine), or correct GROVE_GENERATOR__OPTIONS"
        )
        return "failed", f"{url}: {error}", advice
    if reply.status_code in (401, 403):
        return (
            "warning",
            f"{url} answers, and wants a key",
            "asking with the key of the settings is not tried here",
        )
    if reply.is_error:
        return (
            "failed",
            f"{url}/models answers {reply.status_code}",
            "is this the address of an OpenAI-compatible server?",
        )
    return "ok", f"{url} answers", ""


def sign_in(settings: Settings) -> Outcome:
    """Find whether the OpenID provider of the settings answers as one."""
    oidc = settings.server.oidc
    if oidc is None:
        return "ok", "not used: callers show keys", ""
    url = discovery_url(oidc)
    try:
        found = discovery_of(httpx.get(url, timeout=5).raise_for_status().json(), oidc)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError, UnavailableError) as error:
        return "failed", f"{url}: {error}", "correct GROVE_SERVER__OIDC__ISSUER, or look after the provider"
    if not found.has_pkce:
        advice = "signing in works all the same, but a code that leaks is worth more than it need be"
        return "warning", f"{oidc.issuer} does not say that it checks PKCE (S256)", advice
    return "ok", f"{oidc.issuer} answers; it must know {oidc.public_url}{CALLBACK}", ""


def port(settings: Settings) -> Outcome:
    """Find whether `rag serve` could listen, or does."""
    if (server := find_server(settings)) is not None:
        return "ok", f"a server of this home runs at {server.url}", ""
    host, number = settings.server.host, settings.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, number), family=family).close()
    except OSError as error:
        return (
            "warning",
            f"{host}:{number}: {error.strerror}",
            "choose another with --port or GROVE_SERVER__PORT",
        )
    return "ok", f"{host}:{number} is free", ""


def worker(settings: Settings) -> Outcome:
    """Find whether jobs are taken up."""
    if not look_at(settings.resolved_database).is_current:
        return "ok", "there are no jobs yet", ""
    counted = read_statistics(Grove(settings).database)
    if counted.queue_depth and counted.oldest_job_seconds > _PATIENCE_SECONDS:
        found = f"{counted.queue_depth} jobs wait, the oldest for {counted.oldest_job_seconds:.0f} s"
        return "failed", found, "no worker takes them: start `rag serve` or `rag worker` on this database"
    return "ok", f"{counted.queue_depth} jobs wait", ""
