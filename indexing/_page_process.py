"""The process that draws a page for pages.py: `python -m indexing._page_process NUMBER WIDTH BYTES`.

Reads a PDF from standard input and writes a PNG to standard output; what is wrong goes to standard error.
"""

import io
import resource
import sys

import pypdfium2

__all__: list[str] = []

_MAX_HEIGHT = 4  # times the width: a page of a hundred metres must not fill the memory
REFUSED = 3  # exit code: standard error says why, for a person


def main(number: int, width: int, max_bytes: int) -> int:
    """Draw one page; never with more address space than allowed."""
    resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))
    content = sys.stdin.buffer.read()
    try:
        with pypdfium2.PdfDocument(content) as pdf:
            if not 1 <= number <= len(pdf):
                return _refuse(f"it has pages 1 to {len(pdf)}, got {number}")
            page = pdf[number - 1]
            across, down = page.get_size()
            if down > _MAX_HEIGHT * across:
                return _refuse(f"page {number} is more than {_MAX_HEIGHT} times as high as wide")
            picture = page.render(scale=width / across).to_pil()
    except pypdfium2.PdfiumError as error:
        return _refuse(f"page {number} cannot be drawn ({error})")
    png = io.BytesIO()
    picture.save(png, "PNG", compress_level=6)
    sys.stdout.buffer.write(png.getvalue())
    return 0


def _refuse(reason: str) -> int:
    sys.stderr.write(reason)
    return REFUSED


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
