"""A provider that runs, and installations where one signs in with it."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from _openid import OpenIdProvider, openid_provider
from _signing_in import browser_of, installation
from fastapi.testclient import TestClient

from rag.compose import Grove


@pytest.fixture(scope="module")
def _running() -> Iterator[OpenIdProvider]:
    with openid_provider() as provider:
        yield provider


@pytest.fixture
def provider(_running: OpenIdProvider) -> OpenIdProvider:
    """Give a provider that is honest at first."""
    honest = OpenIdProvider(issuer=_running.issuer, key=_running.key)
    _running.__dict__.update(honest.__dict__)
    return _running


@pytest.fixture
def grove_with(grove_home: Path, provider: OpenIdProvider) -> Callable[..., Grove]:
    return partial(installation, grove_home, provider)


@pytest.fixture(scope="module")
def outsider(_running: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """Give a browser that nobody lets in, shared by tests of this."""
    return browser_of(installation(tmp_path_factory.mktemp("outside"), _running))


@pytest.fixture
def grove(grove_with: Callable[..., Grove]) -> Grove:
    return grove_with()


@pytest.fixture
def browser(grove: Grove) -> TestClient:
    return browser_of(grove)
