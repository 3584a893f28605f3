"""Which document a person means by a name: its file's, its title, or words that begin or end that."""

from pathlib import PurePath

from rag.scoring.words import content_words

__all__ = ["is_called"]

_KINDS = frozenset(content_words("document file text page pdf mail email letter website"))
_MIN_WORDS = 2  # of a part of a title: one word of it may be the subject of many documents


def is_called(name: str, *, source: str, title: str) -> bool:
    """Say whether a document goes by that name.

    >>> is_called("the field handbook", source="handbook.pdf", title="Lindqvist: Field Handbook")
    True
    >>> is_called("sensors", source="a/mail.eml", title="Inspection of the Hollersee sensors")
    False
    """
    if name.strip().casefold() in (source.casefold(), PurePath(source).name.casefold(), title.casefold()):
        return True
    stem = content_words(PurePath(source).stem)
    words, titled = content_words(name), content_words(title)
    bare = [word for word in words if word not in _KINDS]
    for each in filter(None, (words, bare)):
        is_part = len(each) >= _MIN_WORDS and each in (titled[: len(each)], titled[-len(each) :])
        if is_part or each in (stem, titled):
            return True
    return False
