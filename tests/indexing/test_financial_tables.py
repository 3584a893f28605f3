"""Cells of real quarterly reports, read by eye on the printed page, come out in their row and column."""

from functools import cache
from pathlib import Path

import pytest

from indexing.parse import parse_document
from rag.core.types import ParsedDocument

DEPRECIATION = (
    "Depreciation and amortization of property and equipment and capitalized content costs,"
    " operating lease assets, and other"
)
RECLASSIFICATION = (
    "Reclassification adjustment for losses (gains) included in “Other income (expense), net,”"
    " net of tax of $0, $0, $0, and $(15)"
)

CELLS = [  # file, page, label, column counted from the label, what the cell says
    ("2022_Q3_AMZN", 3, "CASH, CASH EQUIVALENTS, AND RESTRICTED CASH, BEGINNING OF PERIOD", 6, "$ 30,177"),
    ("2022_Q3_AMZN", 3, DEPRECIATION, 1, "8,948"),
    ("2022_Q3_AMZN", 3, DEPRECIATION, 6, "38,578"),
    ("2022_Q3_AMZN", 3, "Accounts receivable, net and other", 4, "(13,109)"),
    ("2022_Q3_AMZN", 3, "Common stock repurchased", 3, "—"),
    ("2022_Q3_AMZN", 3, "Repayments of long-term debt", 4, "(1)"),
    ("2022_Q3_AMZN", 17, "Total beginning stockholders’ equity", 3, "$ 93,404"),
    ("2022_Q3_AMZN", 17, "Ending additional paid-in capital", 2, "69,419"),
    ("2022_Q3_AMZN", 17, "Total ending stockholders’ equity", 4, "$ 137,489"),
    ("2023_Q3_AMZN", 5, "Foreign currency translation adjustments, net of tax of $76, $36, $136, and $4", 4,
     "(738)"),
    ("2023_Q3_AMZN", 5, RECLASSIFICATION, 2, "3"),
    ("2023_Q3_AMZN", 5, "Comprehensive income (loss)", 1, "$ 539"),
    ("2023_Q2_NVDA", 13, "Corporate debt securities", 3, "$ (13)"),
    ("2023_Q2_NVDA", 13, "Debt securities issued by the U.S. Treasury", 4, "3,685"),
    ("2023_Q2_NVDA", 13, "Debt securities issued by U.S. government agencies", 6, "2,252"),
    ("2023_Q2_NVDA", 13, "Total", 5, "$ 5,608"),
    ("2023_Q2_NVDA", 23, "Operating income (loss)", 3, "$ (1,139)"),
    ("2023_Q2_NVDA", 23, "Stock-based compensation expense", 1, "$ (842)"),
    ("2023_Q2_NVDA", 23, "Acquisition termination cost", 4, "(1,353)"),
    ("2023_Q2_NVDA", 23, "Other", 3, "10"),
]  # fmt: skip


@cache
def _report(path: Path) -> ParsedDocument:
    return parse_document(path.read_bytes(), name=path.name)


@pytest.mark.data
@pytest.mark.parametrize(("file", "page", "label", "column", "value"), CELLS)
def test_a_cell_stands_in_its_row_and_column(
    file: str, page: int, label: str, column: int, value: str, shared_data: Path
) -> None:
    document = _report(shared_data / "pdfqa_sec10q" / "files" / f"{file}.pdf")
    span = document.layout.pages[page - 1]
    rows = [line.split(" | ") for line in document.text[span.start : span.end].split("\n")]
    first = next((row for row in rows if row[0] == label and len(row) > 1), None)
    assert first is not None, f"no row {label!r}"
    assert first[column] == value
