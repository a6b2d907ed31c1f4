"""Reads any file as the notebook that it holds. TRUSTED SIDE, before anything is executed.

What is graded of a notebook is little: the kind and the source of each cell, its tags, the pictures
attached to it, and the name that nbgrader gave it. That much, and what cells showed, is taken out
of whatever came, and a notebook of the current format is made of it. So it does not matter which
version of the format a program wrote, what it keeps in the metadata, or what is wrong there; and
nothing else that a submission says of itself, in the kit's own words or in anybody's, comes in.
"""

from __future__ import annotations

import codecs
import contextlib
import itertools
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
    new_raw_cell,
)

from autograder.record.render import MIMETYPE

MOST_BYTES = 64 << 20
"""A notebook that is larger is not read: what is read takes several times as much memory."""
MOST_CELLS = 5_000
"""Cells that are graded; an instructor's notebook has some hundred."""
MOST_STRANGE = 1_000
"""Bytes that are not UTF-8 in a file that is; one with more is taken to be in another encoding."""
DEEPEST = 64
"""Levels of lists and dicts that are read. The cells of a notebook lie on the second."""

TOKEN = re.compile(
    r"""(?P<cells>"cells"\s*+:\s*+\[)|"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|(?P<open>[\[{])|(?P<close>[\]}])""",
    re.DOTALL,
)
"""What gives JSON its structure. The text of a string is none of it."""
TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|\\?\Z))|,(?=\s*+[\]}])', re.DOTALL)
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
FIRST = "cell-0"
KINDS = {
    b"PK\x03\x04": "a ZIP archive",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\xd0\xcf\x11\xe0": "an Office document",
    b"\x00\x05\x16\x07": "what macOS keeps beside a file",
}
"""What a file is that begins so."""
WRAPPED = 3  # times that a notebook is looked for within what holds it
LEVELS = tuple("123456")
MAKE = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}

NOT_ONE = "The submitted file is {} and not a notebook."
NO_CELLS = "The submitted file is not a notebook: it has no cells."
IN_PART = "Parts of the submitted notebook could not be read."
TWO_VERSIONS = "The submitted notebook holds two versions, with git's marks between them."
TOO_MANY = f"The submitted notebook has more than {MOST_CELLS} cells."
TOO_LARGE = f"The submitted file is larger than {MOST_BYTES >> 20} MiB."


def read_notebook(data: bytes) -> tuple[NotebookNode, str]:
    """A valid notebook of what a file holds, and what was lost of it. Never raises.

    What was lost is a sentence for the student and for staff, "" where nothing was.

    >>> notebook, lost = read_notebook(b'{"cells": [{"cell_type": "code", "source": ["1"]}]}')
    >>> notebook.cells[0].source, lost
    ('1', '')
    """
    data = unpacked(data)
    if len(data) > MOST_BYTES:
        return blank(TOO_LARGE), TOO_LARGE
    text = decoded(data)
    raw, lost = parsed(text)
    cells = cells_of(raw)
    if cells is None:
        return other_file(data, text)
    if len(cells) > MOST_CELLS:
        cells, lost = cells[:MOST_CELLS], TOO_MANY
    made = [remade(cell) for cell in cells]
    kept = [cell for cell in made if cell is not None]
    return new_notebook(cells=distinct(kept)), lost or ("" if len(kept) == len(made) else IN_PART)


def blank(why: str) -> NotebookNode:
    """A notebook that says what is wrong; the graded cells are put back later."""
    said = f"**{why}** There was nothing to grade."
    return new_notebook(cells=[new_markdown_cell(said, id=FIRST)])


def other_file(data: bytes, text: str) -> tuple[NotebookNode, str]:
    """What to grade of a file that is no notebook: the lines of a script, nothing of another."""
    start = text.lstrip().lower()
    kind = next((said for begins, said in KINDS.items() if data.startswith(begins)), "")
    if not start:
        kind = "empty"
    elif start.startswith("<"):
        kind = "a web page"
    elif not kind and "\0" not in text and start[0] not in '{["':
        lost = NOT_ONE.format("a plain text") + " It was graded as a cell of code."
        return new_notebook(cells=[new_code_cell(whole(text), id=FIRST)]), lost
    lost = NOT_ONE.format(kind) if kind else NO_CELLS
    return blank(lost), lost


# Bytes to text -------------------------------------------------------------------------------


def unpacked(data: bytes) -> bytes:
    """What a file holds that was compressed with gzip, as far as it can be read."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    with contextlib.suppress(zlib.error):
        return zlib.decompressobj(wbits=31).decompress(data, MOST_BYTES + 1)
    return data


def decoded(data: bytes) -> str:
    """The text of a file, in UTF-8, UTF-16 or UTF-32; what is none of these is Windows' cp1252."""
    encoding = json.detect_encoding(data)
    if not encoding.startswith("utf-8"):
        return data.decode(encoding, "replace")
    strange = len(data) - len(data.decode(encoding, "ignore").encode(encoding))
    if strange > MOST_STRANGE:
        return data.decode("cp1252", "replace")
    return data.decode(encoding, "nbgrader-jax-cp1252")


def as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """For `codecs`: what stands for bytes of a file that are not UTF-8 as the rest is."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("nbgrader-jax-cp1252", as_cp1252)


def whole(text: str) -> str:
    """A text without halves of surrogate pairs, which no file can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# Text to data --------------------------------------------------------------------------------


def loads(text: str) -> Any:
    """JSON as Python's types. Numbers stay texts: none is needed, and they may be of any size."""
    return json.loads(
        text.lstrip("\ufeff"), strict=False, parse_int=str, parse_float=str, parse_constant=str
    )


def parsed(text: str) -> tuple[Any, str]:
    """The data of a JSON text, and what was lost of it; where it is broken, its complete cells.

    Tried one after the other: as it is, without what is nested too deeply, without the second of
    two versions that git has put together, without commas at the end of a list, cell by cell.
    """
    with contextlib.suppress(ValueError, RecursionError):
        return loads(text), ""
    text = shallow(text)
    chosen = TRAILING_COMMA.sub(r"\1", first_version(text))
    lost = "" if chosen.count("\n") == text.count("\n") else TWO_VERSIONS
    with contextlib.suppress(ValueError, RecursionError):
        return loads(chosen), lost
    found = []
    for cell in cells_within(chosen):
        with contextlib.suppress(ValueError, RecursionError):
            found.append(loads(cell))
    return (found or None), IN_PART


def shallow(text: str) -> str:
    """JSON with null in the place of what is nested more deeply than `DEEPEST`."""
    kept, start, depth = [], 0, 0
    for token in TOKEN.finditer(text):
        if token["open"] or token["cells"]:
            depth += 1
            if depth == DEEPEST + 1:
                kept.append(text[start : token.start()] + "null")
        elif token["close"]:
            if depth == DEEPEST + 1:
                start = token.end()
            depth -= 1
    return "".join([*kept, text[start:]]) if depth <= DEEPEST else "".join(kept)


def first_version(text: str) -> str:
    """A file in which git found a conflict, as it was before the merge."""
    kept, keep = [], True
    for line in text.splitlines(keepends=True):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            keep = True
        elif line.startswith(("||||||| ", "=======")):
            keep = False
        elif keep:
            kept.append(line)
    return "".join(kept)


def cells_within(text: str) -> Iterator[str]:
    """The complete objects in the first list named "cells", each as it stands there."""
    depth, level, start = 0, 0, 0
    for token in TOKEN.finditer(text):
        if token["open"] or token["cells"]:
            depth += 1
            if token["cells"] and not level:
                level = depth
            elif depth == level + 1 and level:
                start = token.start()
        elif token["close"]:
            depth -= 1
            if level and depth == level:
                yield text[start : token.end()]
            elif depth < level:
                return


# Data to cells -------------------------------------------------------------------------------


def cells_of(raw: Any) -> list[Any] | None:
    """The cells of a notebook, in any version of the format; None if this is no notebook.

    It may lie in what Jupyter's server says of a file, or be a text within a text.
    """
    for _ in range(WRAPPED):
        if isinstance(raw, str):
            raw, _lost = parsed(raw)
        elif isinstance(raw, dict) and not {"cells", "worksheets"} & set(raw):
            raw = raw.get("content")
    if isinstance(raw, dict) and "worksheets" in raw and "cells" not in raw:  # before version 4
        sheets = [sheet for sheet in listed(raw["worksheets"]) if isinstance(sheet, dict)]
        return [cell for sheet in sheets for cell in listed(sheet.get("cells"))]
    if isinstance(raw, dict):
        raw = raw.get("cells")
        return listed(raw) if isinstance(raw, list | dict) else None
    return raw if isinstance(raw, list) and any(isinstance(cell, dict) for cell in raw) else None


def listed(value: Any) -> list[Any]:
    """The parts of what should be a list."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def remade(raw: Any) -> NotebookNode | None:
    """A cell of the current format with what is graded of this one; None where there is none."""
    source = text_in(raw.get("source", raw.get("input", ""))) if isinstance(raw, dict) else None
    if source is None:
        return None
    kind = str(raw.get("cell_type", "")).strip().lower()
    if kind == "heading":  # before version 4
        level = raw.get("level")
        source = f"{'#' * int(level) if level in LEVELS else '#'} {source}"
    if kind not in MAKE:
        kind = "code" if {"outputs", "execution_count", "input"} & set(raw) else "markdown"
    cell, own = MAKE[kind](source), raw.get("id")
    cell.id = own if isinstance(own, str) and ID.fullmatch(own) else ""
    metadata = raw.get("metadata")
    cell.metadata.update(kept_metadata(metadata if isinstance(metadata, dict) else {}))
    if kind == "code":
        cell.execution_count = number_in(raw.get("execution_count"))
        cell.outputs = [made for each in listed(raw.get("outputs")) if (made := output_of(each))]
    elif attached := attachments_of(raw.get("attachments")):
        cell.attachments = attached
    return cell


def text_in(value: Any) -> str | None:
    """A text as notebooks keep it, in one or in lines; None where it is neither."""
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    return whole(value) if isinstance(value, str) else "" if value is None else None


def number_in(value: Any) -> int | None:
    """A whole number that numbers cells; None where it is none, or absurd."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value) else None


def output_of(raw: Any) -> NotebookNode | None:
    """What a cell showed where it was handed in: `nbgrader autograde --no-execute` goes by it."""
    kind = raw.get("output_type") if isinstance(raw, dict) else None
    if kind == "stream":
        name = "stderr" if raw.get("name") == "stderr" else "stdout"
        return new_output(kind, name=name, text=text_in(raw.get("text")) or "")
    if kind == "error":
        said = {name: text_in(raw.get(name)) or "" for name in ("ename", "evalue")}
        lines = [whole(line) for line in listed(raw.get("traceback")) if isinstance(line, str)]
        return new_output(kind, traceback=lines, **said)
    if kind not in ("display_data", "execute_result"):
        return None
    bundle = raw.get("data")
    texts = {whole(k): text_in(v) for k, v in bundle.items()} if isinstance(bundle, dict) else {}
    data = {k: text for k, text in texts.items() if text is not None and k != MIMETYPE}
    counted = {"execution_count": number_in(raw.get("execution_count"))}
    return new_output(kind, data=data, **(counted if kind == "execute_result" else {}))


def kept_metadata(raw: dict[str, Any]) -> dict[str, Any]:
    """nbgrader's name of a cell and its tags; all else follows from the gradebook."""
    kept: dict[str, Any] = {}
    labels, tags = raw.get("nbgrader"), raw.get("tags")
    if isinstance(labels, dict) and isinstance(name := labels.get("grade_id"), str):
        kept["nbgrader"] = NotebookNode(grade_id=whole(name))
    texts = [whole(tag) for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    if texts := [tag for tag in dict.fromkeys(texts) if tag and "," not in tag]:
        kept["tags"] = texts
    return kept


def attachments_of(raw: Any) -> NotebookNode:
    """The pictures that are attached to a cell."""
    found = NotebookNode()
    for name, bundle in raw.items() if isinstance(raw, dict) else ():
        texts = bundle.items() if isinstance(bundle, dict) else ()
        data = {whole(kind): text for kind, value in texts if (text := text_in(value))}
        if data:
            found[whole(name)] = NotebookNode(data)
    return found


def distinct(cells: Sequence[NotebookNode]) -> list[NotebookNode]:
    """The same cells, with an id by its place for each that has none, or that of another before it.

    nbformat would draw it. So a notebook that is read twice is the same.
    """
    taken, seen = {cell.id for cell in cells}, {""}
    for number, cell in enumerate(cells):
        if cell.id in seen:
            cell.id = next(name for name in names(f"cell-{number}") if name not in taken)
            taken.add(cell.id)
        seen.add(cell.id)
    return list(cells)


def names(name: str) -> Iterator[str]:
    """A name, and others that begin with it."""
    yield name
    yield from (f"{name}-{number}" for number in itertools.count(1))
