"""What stands at the front of a JATS article: title, authors, journal, date and abstracts."""

from collections.abc import Iterator

from indexing.loaders._text import TextBuilder
from indexing.loaders._xml import Element, local
from indexing.loaders._xml_walk import XmlWalk, text_of
from rag.core.types import Attribute

__all__ = ["add_article", "is_article"]

_FRONTS = ("front", "front-stub")
_PARTS = ("body", "back", "floats-group")
_REPLIES = ("response", "sub-article")  # reviews, answers and translations, articles themselves
_ABSTRACTS = ("abstract", "trans-abstract")
_AUTHORS = (None, "author", "collab")
_DATE = ("year", "month", "day")


def is_article(element: Element) -> bool:
    """Tell whether an element is an article of JATS or of NLM, its predecessor."""
    return local(element.tag) == "article" and any(local(child.tag) in _FRONTS for child in element)


def add_article(builder: TextBuilder, article: Element, *, level: int = 1) -> dict[str, Attribute]:
    """Write an article's text, then the replies to it; give its metadata, the title among it."""
    metadata: dict[str, Attribute] = {}
    for front in _children(article, *_FRONTS):
        metadata = _add_front(builder, front, level)
    for part in _children(article, *_PARTS):
        XmlWalk(builder).walk(part, level + 1)
    for reply in _children(article, *_REPLIES):
        add_article(builder, reply, level=level + 1)
    return metadata


def _add_front(builder: TextBuilder, front: Element, level: int) -> dict[str, Attribute]:
    title = _first(front, "article-title")
    builder.add(title, "heading", level=level)
    for subtitle in _children(next(_below(front, "title-group"), front), "subtitle", "trans-title-group"):
        builder.add(text_of(subtitle))
    authors = [_person(each) for each in _below(front, "contrib") if each.get("contrib-type") in _AUTHORS]
    builder.add(", ".join(filter(None, authors)))
    for abstract in (each for each in front.iter() if local(each.tag) in _ABSTRACTS):
        if not any(local(child.tag) == "title" for child in abstract):
            builder.add("Abstract", "heading", level=level + 1)
        XmlWalk(builder).walk(abstract, level + 1)
    keywords = tuple(filter(None, (text_of(each) for each in _below(front, "kwd"))))
    if keywords:
        builder.add(f"Keywords: {', '.join(keywords)}")
    found: dict[str, Attribute] = {
        "title": title,
        "author": ", ".join(filter(None, authors)),
        "created": next(filter(None, map(_date, _below(front, "pub-date"))), ""),
        "journal": _first(front, "journal-title"),
        "doi": next((text_of(e) for e in _below(front, "article-id") if e.get("pub-id-type") == "doi"), ""),
        "keywords": keywords,
    }
    return {name: value for name, value in found.items() if value}


def _person(contributor: Element) -> str:
    """Give `Given Surname`, or what a group is called.

    >>> from xml.etree.ElementTree import fromstring
    >>> _person(fromstring("<c><name><surname>Eir</surname><given-names>Ann</given-names></name></c>"))
    'Ann Eir'
    """
    surname, given = _first(contributor, "surname"), _first(contributor, "given-names")
    return (
        f"{given} {surname}".strip() or _first(contributor, "collab") or _first(contributor, "string-name")
    )


def _date(element: Element) -> str:
    numbers = [_first(element, part) for part in _DATE]
    known = [number.zfill(2) for number in numbers if number.isdecimal()]
    return (
        "-".join(known)
        if numbers[0].isdecimal() and len(known) == len([each for each in numbers if each])
        else ""
    )


def _first(element: Element, tag: str) -> str:
    return next((text_of(each) for each in _below(element, tag)), "")


def _below(element: Element, tag: str) -> Iterator[Element]:
    return (each for each in element.iter() if local(each.tag) == tag)


def _children(element: Element, *tags: str) -> list[Element]:
    return [child for child in element if local(child.tag) in tags]
