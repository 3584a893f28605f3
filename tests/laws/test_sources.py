"""What every source promises: what it lists it fetches, and what is not there is an error of ours."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from _bucket_server import bucket_server
from _web_server import PAGE, web_server

from indexing.addresses import Sources
from indexing.sources._source import Source
from rag.core.errors import InvalidInputError, UnavailableError, UnreadableDocumentError
from rag.core.registry import Family
from rag.core.source_settings import SourceSettings

FAMILY = Family("indexing.sources")
NAMES = FAMILY.names()


@dataclass
class Place:
    """A real place that a source reads."""

    source: Source
    folder: str  # an address to list
    contents: dict[str, bytes]  # by address
    absent: str
    empty: str
    nowhere: str | None = None  # an address that cannot be listed
    change: Callable[[], str] | None = field(default=None)  # changes an object, and gives its address


def _buckets() -> Iterator[Place]:
    base = "s3://notes-bucket"
    contents = {f"{base}/notes/a.txt": b"A note.", f"{base}/notes/deep/b.md": b"# B\n\nAnother."}
    others = {f"{base}/notes-too/c.txt": b"Elsewhere.", f"{base}/empty.txt": b""}
    with bucket_server("notes-bucket") as files:
        for address, content in {**contents, **others}.items():
            files.pipe(address, content)

        def change() -> str:
            files.pipe(f"{base}/notes/a.txt", b"Another text.")
            return f"{base}/notes/a.txt"

        yield Place(
            FAMILY.load("buckets")(SourceSettings()),
            folder=f"{base}/notes",
            contents=contents,
            absent=f"{base}/notes/gone.txt",
            empty=f"{base}/empty.txt",
            nowhere="s3://no-such-bucket/notes",
            change=change,
        )


def _web() -> Iterator[Place]:
    with web_server() as port:
        settings = SourceSettings(urls=True, ports=(port,), private_networks=("127.0.0.1/32",))
        base = f"http://127.0.0.1:{port}"
        source: Source = FAMILY.load("web")(settings)
        yield Place(source, f"{base}/page", {f"{base}/page": PAGE}, f"{base}/gone", f"{base}/empty")


PLACES: dict[str, Callable[[], Iterator[Place]]] = {"buckets": _buckets, "web": _web}


@pytest.fixture(scope="module", params=NAMES)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Give a real place for each source; a new source needs one here."""
    yield from PLACES[request.param]()


def test_what_is_listed_is_all_that_is_there_and_can_be_fetched(place: Place) -> None:
    found = [each.address for each in place.source.list(place.folder)]
    assert sorted(found) == sorted(place.contents)
    for address in found:
        assert place.source.fetch(address, max_bytes=10_000).content == place.contents[address]


def test_a_document_alone_is_listed_as_itself(place: Place) -> None:
    for address in place.contents:
        assert [each.address for each in place.source.list(address)] == [address]


def test_an_address_begins_with_a_scheme_of_its_source(place: Place) -> None:
    for each in place.source.list(place.folder):
        assert each.address.partition("://")[0] in place.source.schemes


def test_the_largest_size_is_kept(place: Place) -> None:
    for address, content in place.contents.items():
        assert place.source.fetch(address, max_bytes=len(content)).content == content
        with pytest.raises(UnreadableDocumentError, match=f"more than {len(content) - 1} bytes"):
            place.source.fetch(address, max_bytes=len(content) - 1)


def test_what_is_absent_or_empty_is_unreadable(place: Place) -> None:
    for address in (place.absent, place.empty):
        with pytest.raises(UnreadableDocumentError):
            place.source.fetch(address, max_bytes=1000)


def test_a_stamp_stays_while_the_bytes_do_and_changes_with_them(place: Place) -> None:
    stamps = [{each.address: each.stamp for each in place.source.list(place.folder)} for _ in "ab"]
    assert stamps[0] == stamps[1]
    if place.change is not None:
        address = place.change()
        now = {each.address: each.stamp for each in place.source.list(place.folder)}
        assert now[address] not in (None, stamps[0][address])
        place.contents[address] = place.source.fetch(address, max_bytes=1000).content


def test_every_source_has_schemes_of_its_own() -> None:
    schemes = [scheme for name in NAMES for scheme in FAMILY.load(name)(SourceSettings()).schemes]
    assert len(set(schemes)) == len(schemes)


def test_an_address_of_no_source_names_those_that_there_are() -> None:
    with pytest.raises(InvalidInputError, match=r"http://, https://, s3://"):
        list(Sources(SourceSettings()).list("gopher://127.0.0.1/"))


def test_what_cannot_be_listed_says_so_and_what_is_empty_gives_nothing(place: Place) -> None:
    if place.nowhere is not None:
        with pytest.raises(UnavailableError, match="cannot be listed"):
            list(place.source.list(place.nowhere))
        assert list(place.source.list(f"{place.folder}/nothing")) == []
