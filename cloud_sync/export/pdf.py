"""Draws the document of a packet as PDF: the same document, the same bytes.

The only module that knows the PDF library; it is imported when a packet is made. Text is set in the
library's own Bitstream Vera, so that it looks the same everywhere. A character that Vera lacks is
set in DejaVu where the system has it; what neither has, or runs from right to left, is spelled as
[U+0645], and the JSON files have the exact text.
"""

import io
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from time import gmtime
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    LongTable,
    PageTemplate,
    Paragraph,
    Spacer,
    TableStyle,
)

from cloud_sync.export.paper import Pairs, Paper, Section, Table, Words

_PLAIN, _BOLD, _WIDE = "Vera", "Vera-Bold", "DejaVu"
_SYSTEM_FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
_SIDE, _TOP, _BOTTOM = 18 * mm, 31 * mm, 17 * mm
_ROOM = 32 * mm  # for a heading with the head of its table and some rows
_WIDTH = LETTER[0] - 2 * _SIDE
_INK, _QUIET, _RULE, _SHADE = (
    HexColor(one) for one in ("#16202a", "#55616d", "#b9c2cb", "#eef1f4")
)
_MARK = HexColor("#f7e9d7")
_RIGHT_TO_LEFT = {"R", "AL", "AN"}


def draw(paper: Paper) -> bytes:
    """The PDF's bytes."""
    _glyphs()  # registers the fonts
    target = io.BytesIO()
    made = BaseDocTemplate(
        target,
        pagesize=LETTER,
        title=paper.title,
        subject="Evidence packet of one patient's month",
        author="vitals-gateway",
        creator="vitals-gateway",
        producer="vitals-gateway",
        lang="en-US",
        invariant=1,
        initialFontName=_PLAIN,
        leftMargin=_SIDE,
        rightMargin=_SIDE,
    )
    frame = Frame(_SIDE, _BOTTOM, _WIDTH, LETTER[1] - _TOP - _BOTTOM, 0, 0, 0, 0, id="body")
    made.addPageTemplates([PageTemplate(id="page", frames=[frame])])
    flow: list[Flowable] = [Paragraph(_markup(paper.title), _STYLES["title"])]
    for number, section in enumerate(paper.sections, 1):
        flow += _section(number, section)
    made.build(flow, canvasmaker=_numbered(paper))
    return target.getvalue()


def _section(number: int, section: Section) -> list[Flowable]:
    """The heading never stands alone at the foot of a page."""
    title = Paragraph(_markup(f"{number}. {section.title}"), _STYLES["heading"])
    parts = [part for one in section.blocks for part in (_block(one), Spacer(1, 1.6 * mm))]
    return [CondPageBreak(_ROOM), title, *parts]


def _block(block: Words | Pairs | Table) -> Flowable:
    if isinstance(block, Words):
        return Paragraph(_markup(block.text), _STYLES["hint" if block.hint else "body"])
    if isinstance(block, Pairs):
        return _pairs(block)
    return _table(block)


def _pairs(block: Pairs) -> Flowable:
    rows = [
        [Paragraph(_markup(label), _STYLES["label"]), Paragraph(_markup(value), _STYLES["cell"])]
        for label, value in block.rows
    ]
    if not rows:
        return Spacer(1, 0)
    style = TableStyle([*_PADDING, ("LINEBELOW", (0, 0), (-1, -1), 0.3, _RULE)])
    return LongTable(rows, colWidths=[_WIDTH * 0.27, _WIDTH * 0.73], splitInRow=1, style=style)


def _table(block: Table) -> Flowable:
    whole = sum(block.widths)
    heading = [Paragraph(_markup(one), _STYLES["label"]) for one in block.headings]
    rows = [[Paragraph(_markup(cell), _STYLES["cell"]) for cell in row] for row in block.rows]
    style = TableStyle(
        [
            *_PADDING,
            ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
            ("LINEBELOW", (0, 0), (-1, -1), 0.3, _RULE),
            *(("BACKGROUND", (0, at + 1), (-1, at + 1), _MARK) for at in sorted(block.marked)),
        ]
    )
    widths = [_WIDTH * share / whole for share in block.widths]
    return LongTable([heading, *rows], colWidths=widths, repeatRows=1, splitInRow=1, style=style)


_PADDING = (
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
)


def _style(name: str, font: str, size: float, lead: float, **more: Any) -> ParagraphStyle:  # noqa: ANN401
    return ParagraphStyle(
        name, fontName=font, fontSize=size, leading=lead, textColor=more.pop("ink", _INK), **more
    )


_STYLES = {
    "title": _style("title", _BOLD, 15, 19, spaceAfter=2 * mm),
    "heading": _style("heading", _BOLD, 10.5, 13, spaceBefore=3.5 * mm, spaceAfter=1 * mm),
    "body": _style("body", _PLAIN, 8.5, 12),
    "hint": _style("hint", _PLAIN, 7.2, 10, ink=_QUIET),
    "label": _style("label", _BOLD, 7.2, 9.6),
    "cell": _style("cell", _PLAIN, 7.2, 9.6, splitLongWords=1),
}


@cache
def _glyphs() -> dict[str, frozenset[int]]:
    """The characters of each font, which is registered by this."""
    plain, bold = TTFont(_PLAIN, "Vera.ttf"), TTFont(_BOLD, "VeraBd.ttf")
    pdfmetrics.registerFont(plain)
    pdfmetrics.registerFont(bold)
    both = frozenset(plain.face.charToGlyph) & frozenset(bold.face.charToGlyph)
    return {_PLAIN: both, _WIDE: _system_font()}


def _system_font() -> frozenset[int]:
    """None of its characters where the system has no such font."""
    try:
        wide = TTFont(_WIDE, str(_SYSTEM_FONT))
    except (TTFError, OSError):
        return frozenset()
    pdfmetrics.registerFont(wide)
    return frozenset(wide.face.charToGlyph)


def _drawn_by(character: str) -> str | None:
    """The font that has it; None where it has to be spelled."""
    code = ord(character)
    if character == "\n" or (code in _glyphs()[_PLAIN] and code >= 0x20):
        return _PLAIN
    if unicodedata.bidirectional(character) in _RIGHT_TO_LEFT or unicodedata.combining(character):
        return None
    # Beyond 16 bits the library draws a character, but a copy of the text has another.
    return _WIDE if code <= 0xFFFF and code in _glyphs()[_WIDE] else None


def _runs(text: str) -> Iterator[tuple[str | None, str]]:
    """Pieces of text with the font of each."""
    for font, piece in groupby(unicodedata.normalize("NFC", text), key=_drawn_by):
        yield font, "".join(piece)


def _markup(text: str) -> str:
    """The text as the library's paragraphs take it; nothing of it is markup."""
    made = []
    for font, piece in _runs(text):
        if font is None:
            made.append("".join(f"[U+{ord(one):04X}]" for one in piece))
        elif font == _PLAIN:
            made.append(escape(piece).replace("\n", "<br/>"))
        else:
            made.append(f'<font name="{font}">{escape(piece)}</font>')
    return "".join(made)


def _numbered(paper: Paper) -> Callable[..., Canvas]:
    """A canvas that knows how many pages there are before it writes the first."""

    class Numbered(Canvas):  # type: ignore[misc]
        def __init__(self, *words: Any, **more: Any) -> None:  # noqa: ANN401 - the library's own
            super().__init__(*words, **more)
            self._doc.signature = blake2b(str(paper.made_at_ms).encode(), digest_size=16)
            stamp = self._doc._timeStamp  # noqa: SLF001 - it has no door for the date
            stamp.t = paper.made_at_ms // 1000
            stamp.lt = tuple(gmtime(stamp.t))
            stamp.YMDhms = stamp.lt[:6]
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - the library's name
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, 1):
                self.__dict__.update(page)
                _head_and_foot(self, paper, number, len(self._pages))
                super().showPage()
            super().save()

    return Numbered


def _head_and_foot(canvas: Canvas, paper: Paper, number: int, count: int) -> None:
    top = LETTER[1] - 11 * mm
    for label, value in paper.head:
        _line(canvas, _SIDE, top, _markup(label), _STYLES["label"])
        height = _line(canvas, _SIDE + 30 * mm, top, _markup(value), _STYLES["cell"])
        top -= max(height, 9.6) + 1.5
    canvas.setStrokeColor(_RULE)
    canvas.setLineWidth(0.5)
    canvas.line(_SIDE, LETTER[1] - _TOP + 3 * mm, LETTER[0] - _SIDE, LETTER[1] - _TOP + 3 * mm)
    canvas.line(_SIDE, _BOTTOM - 3 * mm, LETTER[0] - _SIDE, _BOTTOM - 3 * mm)
    canvas.setFillColor(_QUIET)
    canvas.setFont(_PLAIN, 7)
    canvas.drawString(_SIDE, _BOTTOM - 7 * mm, f"{paper.title}. {paper.foot}")
    canvas.drawRightString(LETTER[0] - _SIDE, _BOTTOM - 7 * mm, f"Page {number} of {count}")


def _line(canvas: Canvas, left: float, top: float, markup: str, style: ParagraphStyle) -> float:
    """Set a line of the head; a long name wraps."""
    words = Paragraph(markup, style)
    _width, height = words.wrap(LETTER[0] - _SIDE - left, 30 * mm)
    words.drawOn(canvas, left, top - height)
    return float(height)
