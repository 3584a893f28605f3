"""Signing in and out on the page, in a real browser: `ui/e2e/signing-in.mjs` walks, this judges."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from _http import client_of, free_port, ingested, serving, small_settings
from _openid import openid_provider

from api.main import create_app
from rag.compose import Grove
from rag.core.oidc_settings import OidcSettings
from rag.core.settings import ServerSettings

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.browser


def test_a_person_signs_in_and_out_and_loses_no_question(
    node: str, chromium: Path, grove_home: Path, tmp_path: Path
) -> None:
    assert (REPOSITORY / "api" / "static" / "index.html").exists(), "run `make ui`"
    port = free_port()
    pictures = Path(os.environ.get("PICTURES", tmp_path))
    with openid_provider() as provider:
        oidc = OidcSettings.model_validate(
            {
                "issuer": provider.issuer,
                "client_id": provider.client_id,
                "client_secret": provider.client_secret,
                "public_url": f"http://127.0.0.1:{port}",
                "name": "Keycloak",
                "default_scopes": ["ask", "write"],
            }
        )
        grove = Grove(small_settings(grove_home, server=ServerSettings(oidc=oidc)))
        client = client_of(grove)
        client.headers["x-api-key"] = grove.keys.create("admin", scopes=["admin"]).secret
        ingested(client, grove)
        with serving(create_app(grove), port) as url:
            finished = subprocess.run(
                [node, REPOSITORY / "ui" / "e2e" / "signing-in.mjs", url, pictures],
                env={**os.environ, "CHROMIUM": str(chromium)},
                capture_output=True,
                text=True,
                timeout=400,
                check=False,
            )
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout) == {"faults": []}
    # In two sizes and two themes a session was begun, left behind by a lost cookie, begun anew and ended.
    assert len(grove.sessions.sessions()) == 4
