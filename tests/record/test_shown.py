"""Nothing that is printed is obeyed by a terminal, and everything that is printed is looked at."""

from __future__ import annotations

import ast
import io
import json
import sys
import unicodedata
from collections.abc import Iterator

import pytest

from autograder.record.shown import as_json, in_one_line, say, visible
from tests.test_rooms import texts

CONTROLS = [chr(n) for n in range(0x110000) if unicodedata.category(chr(n)) in ("Cc", "Zl", "Zp")]
DIRECTIONS = [
    chr(n)
    for n in range(0x110000)
    if unicodedata.bidirectional(chr(n))
    in ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")
]


@pytest.mark.parametrize("character", [*CONTROLS, *DIRECTIONS, "\u200e", "\u200f", "\u061c"])
def test_what_a_terminal_obeys_is_written_out(character: str) -> None:
    shown = visible(f"a{character}b")
    if character in "\t\n":
        assert shown == f"a{character}b"
        shown = in_one_line(shown)
    assert shown == in_one_line(shown)
    assert shown.isascii()
    assert shown.isprintable()
    assert shown.encode().decode("unicode_escape") == f"a{character}b"


@pytest.mark.parametrize("text", ["plain", "Müller, Ünsal", "學生 🎓 👩‍🔬", "عربي", "a\\x1bb", ""])
def test_other_text_is_left_alone(text: str) -> None:
    assert in_one_line(text) == text


def test_a_name_of_another_encoding_can_be_printed() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    say("M\udcfcller", out=out)
    assert out.buffer.getvalue() == b"M\\udcfcller\n"  # type: ignore[attr-defined]


def test_json_is_json_without_controls() -> None:
    value = {"student": "\x7f\x9b\x1b\u202e\u2028\udcff"}
    assert json.loads(as_json(value)) == value
    assert as_json(value).isprintable()


def printers(texts: dict[str, str]) -> Iterator[str]:
    """Where the package prints past `say`: by `print`, or into a stream or above a bar."""
    for module, text in texts.items():
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            printed = called == "print" or called in ("sys.stdout.write", "sys.stderr.write")
            above_a_bar = called.endswith("bar.write")
            if printed or (above_a_bar and not ast.unparse(node.args[0]).startswith("visible(")):
                yield f"{module}: {called}"


def test_nothing_else_prints() -> None:
    found = list(printers(texts()))
    answers = "autograder.sandbox.whereabouts: print"  # in JSON, to the program that asks
    assert sorted(found) == ["autograder.record.shown: print", answers]


@pytest.mark.parametrize(
    "line", ["print('x')", "sys.stderr.write('x')", "self._bar.write(line)", "tqdm.bar.write(a)"]
)
def test_what_would_print_is_seen(line: str) -> None:
    assert len(list(printers({"module": line}))) == 1
    assert not list(printers({"module": "self._bar.write(visible(line), file=out)"}))


def test_it_is_said_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\x1b[2J", "two")
    assert capsys.readouterr().out == "one\\x1b[2J\ntwo\n"
    say("three", out=sys.stderr)
    assert capsys.readouterr().err == "three\n"
