from pathlib import Path

import pytest
from _http import client_of, small_settings

from rag.compose import Grove


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_date_that_utc_does_not_have_is_refused(tmp_path: Path, instant: str) -> None:
    client = client_of(Grove(small_settings(tmp_path)))
    key = {"name": "k", "scopes": ["read"], "expires_at": instant}
    reply = client.post("/api/v1/keys", json=key)
    assert reply.status_code == 422
    assert "is not in the years 1 to 9999 of UTC" in reply.json()["detail"]
