"""Bytes -> clean text, and the parts that every loader shares.

Knows encodings, newlines and how blocks become one text. Knows no format.
"""

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath

from charset_normalizer import from_bytes

from indexing.loaders._cyrillic import cyrillic_encoding
from indexing.loaders._latin import latin_encoding
from rag.core.errors import UnreadableDocumentError
from rag.core.layout import Layout
from rag.core.types import Attribute, Block, BlockKind, ParsedDocument

__all__ = ["TextBuilder", "clean", "decode", "finish", "joined_cells", "one_line", "raised", "stem"]

_MARKS = (  # the longer first: UTF-32 begins with the mark of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 200_000  # enough to guess the encoding; guessing over megabytes takes seconds
_BETWEEN = re.compile(rb"[\x00-\x2f\x3a-\x3f]+")  # no part of a letter in any encoding
_BEYOND = re.compile(rb"[\x80-\xff]")
_SEVEN_BIT = ("iso-2022-", "hz")
_NO_CHARSETS = frozenset(  # Python calls these encodings, too
    """idna punycode raw-unicode-escape raw_unicode_escape undefined unicode-escape unicode_escape
    utf-7""".split()
)
_UTF8 = ("utf-8", "utf8")
_MAX_CONTROL_SHARE = 0.05
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1a\x7f\ufffd]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_UNREAD = "\ufffd"
_MIN_GOOD = 4  # characters that UTF-8 reads for each that it does not
_MIN_GOOD_DECLARED = 1
_WHITE_SPACE = re.compile(r"\s+")
_RAISED = str.maketrans("0123456789+-\N{MINUS SIGN}n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_RAISABLE = {chr(code) for code in _RAISED}


def decode(content: bytes, *, name: str, declared: str | None = None) -> str:
    """Give the text: by byte order mark, else UTF-8, else as declared, else the most likely encoding.

    Where text is UTF-8 but for a few bytes, U+FFFD stands for those; `finish` counts them.

    Raises:
        UnreadableDocumentError: the bytes are of no text encoding.
    """
    for encoding, errors in _candidates(content, declared):
        try:
            text = content.decode(encoding, errors)
        except (UnicodeError, LookupError):
            continue
        if _looks_binary(text if errors == "strict" else text.replace(_UNREAD, "")):
            break
        return clean(text)
    raise UnreadableDocumentError(
        f"{name!r}: {len(content)} bytes that are not text in any encoding known here; save it as UTF-8"
    )


def clean(text: str) -> str:
    r"""Give the text with `\n` as the only newline, without NUL and lone surrogates.

    No database and no tokeniser takes those; they go before any offset is made.

    >>> clean("a\r\nb\rc\0")
    'a\nb\nc'
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Give the text with every run of white space as one space."""
    return _WHITE_SPACE.sub(" ", text).strip()


def joined_cells(cells: Sequence[str]) -> str:
    """Give a table's row as a line, without the empty cells at its end.

    >>> joined_cells(["", "2031", "", "2032", ""])
    ' | 2031 |  | 2032'
    """
    filled = max((number for number, cell in enumerate(cells) if cell), default=-1)
    return " | ".join(cells[: filled + 1])


def stem(name: str) -> str:
    """Give the file's name without folder and suffix: the title of last resort."""
    return PurePath(name).stem or name


def finish(
    text: str,
    *,
    name: str,
    title: str | None,
    blocks: Iterable[Block],
    metadata: Mapping[str, Attribute] | None = None,
    layout: Layout | None = None,
) -> ParsedDocument:
    """Give the document, refusing one without text; say how many characters could not be read, if any.

    Raises:
        UnreadableDocumentError: the text is empty or blank.
    """
    if not text.strip():
        raise UnreadableDocumentError(f"{name!r}: the file holds no text; there is nothing to index")
    num_unread = text.count(_UNREAD)
    return ParsedDocument(
        text=text,
        title=one_line(clean(title or ""))[:500] or stem(name),
        layout=layout or Layout(),
        blocks=tuple(blocks),
        metadata={**(metadata or {}), **({"unreadable_characters": num_unread} if num_unread else {})},
    )


def raised(text: str) -> str:
    """Write a superscript with the characters for it, so that ten to the sixth does not become 106.

    >>> raised("-6"), raised("th")
    ('⁻⁶', 'th')
    """
    return text.translate(_RAISED) if text and set(text.strip()) <= _RAISABLE else text


class TextBuilder:
    """Put blocks one after the other, a blank line between them, and note where each stands."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._notes: list[str] = []  # of the next block
        self.blocks: list[Block] = []

    def add(self, text: str, kind: BlockKind = "paragraph", *, level: int = 0) -> None:
        """Append a block; one without text is left out."""
        text = clean(text).strip("\n").rstrip()
        if not text.strip():
            return
        if self._pieces:
            self._pieces.append("\n\n")
            self._length += 2
        self.blocks.append(Block(kind, self._length, self._length + len(text), level))
        self._pieces.append(text)
        self._length += len(text)
        notes, self._notes = self._notes, []
        for note in notes:
            self.add(note)

    def note(self, text: str) -> None:
        """Put a foot- or endnote behind the next block, the one that names it."""
        self._notes.append(text)

    @property
    def length(self) -> int:
        """Give how many characters it has so far."""
        return self._length

    @property
    def text(self) -> str:
        """Give all of it."""
        return "".join(self._pieces)

    def text_since(self, length: int) -> str:
        """Give what it has beyond its first so many characters, where a block ended there."""
        pieces: list[str] = []
        for piece in reversed(self._pieces):
            length += len(piece)
            if length > self._length:
                break
            pieces.append(piece)
        return "".join(reversed(pieces))

    def first_heading(self) -> str | None:
        """Give the text of the first heading."""
        text = self.text
        headings = [block for block in self.blocks if block.kind == "heading"]
        return text[headings[0].start : headings[0].end] if headings else None


def _candidates(content: bytes, declared: str | None) -> Iterator[tuple[str, str]]:
    """Give encodings, each with what is done about bytes that are not in it."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            yield encoding, "replace" if mark == codecs.BOM_UTF8 else "strict"
            return
    if wide := _unmarked_utf16(content[:_SAMPLE_BYTES]):
        yield wide, "strict"
    # Nothing but UTF-8 reads as UTF-8 by chance, save the 7-bit encodings.
    if declared is not None and declared.startswith(_SEVEN_BIT):
        yield declared, "strict"
    yield "utf-8", "strict"
    if _is_nearly_utf8(content, _MIN_GOOD_DECLARED if declared in _UTF8 else _MIN_GOOD):
        yield "utf-8", "replace"
    if declared and declared not in _NO_CHARSETS:
        yield declared, "strict"
    yield from ((guess, "strict") for guess in _guesses(content))


def _guesses(content: bytes) -> Iterator[str]:
    """Give likely encodings, by the words that are not ASCII: the others, often most, tell nothing."""
    first = _BEYOND.search(content)
    sample = content[max(first.start() - _SAMPLE_BYTES // 2, 0) :][:_SAMPLE_BYTES] if first else content
    words = list(filter(_BEYOND.search, _BETWEEN.split(sample)))
    different = list(dict.fromkeys(words))
    if (cyrillic := cyrillic_encoding(different)) is not None:
        yield cyrillic
    if (latin := latin_encoding(b" ".join(different))) is not None:
        yield latin
    guesses = from_bytes(b" ".join(words))
    if best := guesses.best():
        # Several fit equally well (cp1250 and cp1252 mostly do): the one that reads most like a language.
        equal = [guess for guess in guesses if guess.chaos <= best.chaos]
        yield max(equal, key=lambda guess: guess.coherence).encoding


def _is_nearly_utf8(content: bytes, min_good: int) -> bool:
    r"""Tell whether so many characters beyond ASCII are UTF-8 for each that is not.

    By chance a fifth of those of Chinese, Japanese or Korean encodings are, of others next to none.

    >>> _is_nearly_utf8("für größere".encode() + b"\x96", 2), _is_nearly_utf8("für".encode("cp1252"), 1)
    (True, False)
    """
    text = content.decode("utf-8", "replace")
    num_bad = text.count(_UNREAD)
    num_good = len(text) - len(text.encode("ascii", "ignore")) - num_bad
    return num_good >= max(min_good * num_bad, 1)


def _unmarked_utf16(sample: bytes) -> str:
    """Give UTF-16's byte order where half of the bytes are the zeros of Latin letters; else nothing."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    most = len(sample) // 2 * 0.7
    if len(sample) < 8 or max(even, odd) < most or min(even, odd):
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _looks_binary(text: str) -> bool:
    return len(_CONTROL.findall(text)) > _MAX_CONTROL_SHARE * len(text) or text.count("\0") > len(text) / 4
