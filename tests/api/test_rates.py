from contextlib import ExitStack
from pathlib import Path

import pytest
from _http import client_of, small_settings

from api.rates import RateLimits
from rag.compose import Grove
from rag.core.access import Access
from rag.core.errors import TooManyRequestsError
from rag.core.settings import ServerSettings

ADA, BOB = Access("t", "user:ada"), Access("t", "user:bob")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def allowed(limits: RateLimits, access: Access, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            with limits.place(access):
                count += 1
        except TooManyRequestsError:
            pass
    return count


def test_a_caller_gets_its_rate_and_what_it_left_for_ten_seconds() -> None:
    clock = Clock()
    limits = RateLimits(ServerSettings(requests_per_minute=60), clock=clock)
    assert allowed(limits, ADA, 50) == 10
    clock.now = 3.0
    assert allowed(limits, ADA, 50) == 3
    clock.now = 1000.0
    assert allowed(limits, ADA, 50) == 10


def test_callers_do_not_take_from_each_other_and_the_machine_itself_has_no_limit() -> None:
    limits = RateLimits(ServerSettings(requests_per_minute=6), clock=Clock())
    assert allowed(limits, ADA, 5) == 1
    assert allowed(limits, BOB, 5) == 1
    assert allowed(limits, Access("other", "user:ada"), 5) == 1
    assert allowed(limits, Access("t"), 500) == 500


def test_who_is_turned_away_is_told_when_to_come_back() -> None:
    clock = Clock()
    limits = RateLimits(ServerSettings(requests_per_minute=6), clock=clock)
    assert allowed(limits, ADA, 1) == 1
    clock.now = 2.5
    with pytest.raises(TooManyRequestsError) as turned_away, limits.place(ADA):
        pass
    assert turned_away.value.retry_after_seconds == 8
    clock.now += 8
    assert allowed(limits, ADA, 1) == 1


def test_so_many_at_once_and_no_more() -> None:
    limits = RateLimits(ServerSettings(requests_at_once=2, requests_per_minute=0))
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(limits.place(ADA))
        assert allowed(limits, ADA, 1) == 0
        assert allowed(limits, BOB, 1) == 1
    assert allowed(limits, ADA, 100) == 100


@pytest.mark.parametrize(("path", "is_openai"), [("/api/v1/collections", False), ("/v1/models", True)])
def test_too_many_requests_get_429_and_a_time(grove_home: Path, path: str, is_openai: bool) -> None:
    grove = Grove(small_settings(grove_home, server=ServerSettings(requests_per_minute=6)))
    shown = {"x-api-key": grove.keys.create("k", scopes=["read"]).secret}
    client = client_of(grove)
    assert client.get(path, headers=shown).status_code == 200
    reply = client.get(path, headers=shown)
    assert reply.status_code == 429
    assert 1 <= int(reply.headers["retry-after"]) <= 10
    assert ("error" in reply.json()) == is_openai
    assert client.get("/health").status_code == 200
