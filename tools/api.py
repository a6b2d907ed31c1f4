"""`make api`: docs/api.md, from the docstrings of what a notebook may import.

The page is kept in the repository, where people read it; a test says when it has to be made again.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "api.md"
WIDTH = 88

INTRODUCTION = """# What a notebook may import

```python
from autograder import {names}
```

These are the vocabulary of a test cell, and the whole of what a notebook may import. The rest of
the package may change without notice. [Choosing checks](choosing-checks.md) says which to take, and
[exercises by example](exercises-by-example.md) shows each at work. This page is made from the
docstrings, by `make api`.
"""
PROPERTIES = """A property takes the list of answers, one for each tuple of arguments, and says
whether it holds of them. These are in `properties`;
[one of your own](exercises-by-example.md#a-property-of-your-own) is any function that does so."""
PART = {
    "__call__": "student.f(…)",
    "__getattr__": "student.f.name",
    "__getitem__": "student.f[key]",
    **{name: f"student.f.{name}" for name in ("partial", "through", "vmapped", "jitted")},
    **{name: f"student.f.{name}" for name in ("call", "value")},
}
"""The methods of a part that a test cell uses, and what they look like there."""
WRITTEN = ("student.f(…)", "student.f.name", "student.f[key]")
"""Those that are no call: the heading says it all."""
RST_CODE = re.compile(r"(\S| )::\n\n((?:(?:    .*)?\n)+)")
DEFINITION = re.compile(r"^(\S.*)\n((?:    .+\n?)+)", re.MULTILINE)
DOCTEST = re.compile(r"^>>> .*\n(?:.+\n?)*", re.MULTILINE)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The page as the docstrings have it now."""
    package = griffe.load("autograder", search_paths=[ROOT], docstring_parser="numpy")
    checks, exercise = package["checks"], package["checks.exercise.Exercise"]
    groups = [checks[f"{base.canonical_path.split('.')[-2]}.{base}"] for base in exercise.bases]
    properties = [name.strip("'") for name in map(str, checks["properties.__all__"].value.elements)]
    chapters = {
        "Parts": [*described(checks["student.Part"]), *parts(checks["student.Part"])],
        "An exercise": [
            *word(checks["base.Checks"]["__init__"], "Exercise"),
            *described(exercise),
            *word(checks["base.Checks"]["report"], "exercise.report"),
        ],
        **{chapter(group): [*checks_of(group)] for group in groups},
        "Properties": [PROPERTIES, *words(checks["properties"], properties, "properties.")],
        "Helpers": [
            *words(checks["student"], ["given"]),
            *word(checks["student.Given"]["gradient"], 'given("…").gradient'),
            *words(checks["mistakes"], ["worth"]),
            *words(checks["numerics"], ["descend"]),
            "### reference",
            *described(checks["reference.Reference"]),
        ],
    }
    names = ", ".join(str(name).strip("'") for name in package["__all__"].value.elements)
    texts = [INTRODUCTION.format(names=names), contents(chapters)]
    for title, texts_of_chapter in chapters.items():
        texts += [f"## {title}", *texts_of_chapter]
    return "\n\n".join(text.strip("\n") for text in texts) + "\n"


def chapter(group: griffe.Class) -> str:
    """What a class of checks says of itself: "Checks of slopes"."""
    return str(group.docstring.value).rstrip(".")


def contents(chapters: dict[str, list[str]]) -> str:
    """A table: each chapter and the words in it, with links."""
    rows = ["| | words |", "|---|---|"]
    for title, texts in chapters.items():
        named = [text.removeprefix("### ") for text in texts if text.startswith("### ")]
        links = ", ".join(f"[{name.strip('`')}](#{anchor(name)})" for name in named)
        rows.append(f"| [{title}](#{anchor(title)}) | {links} |")
    return "\n".join(rows)


def anchor(heading: str) -> str:
    """The anchor of a heading, by the rule that GitHub and MyST have."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def parts(part: griffe.Class) -> Iterator[str]:
    for name, said in PART.items():
        yield from word(part[name], said)


def checks_of(group: griffe.Class) -> Iterator[str]:
    for name, function in group.members.items():
        if not name.startswith("_"):
            yield from word(function, f"exercise.{name}", heading=name)


def words(module: Any, names: list[str], prefix: str = "") -> Iterator[str]:
    for name in names:
        found = module[name]
        yield from word(found.final_target if found.is_alias else found, prefix + name, name)


def word(function: griffe.Function, said: str, heading: str = "") -> Iterator[str]:
    """A heading, the signature, and what the docstring says."""
    yield f"### {heading or said}"
    if said not in WRITTEN:
        yield f"```py\n{signature(function, said)}\n```"
    yield from described(function)


def signature(function: griffe.Function, said: str) -> str:
    """How a function is called, without types: these are told in words."""
    stars = {"variadic positional": "*", "variadic keyword": "**"}
    arguments, named = [], False
    for one in function.parameters:
        kind = one.kind.value if one.kind else ""
        if one.name in ("self", "answers"):  # Python gives the one, and a check the other
            continue
        if kind == "keyword-only" and not named and "*" not in "".join(arguments):
            arguments.append("*")
        named = kind == "keyword-only"
        written = str(one.default).replace("'", '"')
        default = f"={written}" if one.default is not None and kind not in stars else ""
        arguments.append(stars.get(kind, "") + one.name + default)
    if not arguments and said.startswith("properties."):
        return said
    line = f"{said}({', '.join(arguments)})"
    if len(line) <= WIDTH:
        return line
    return f"{said}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"


def described(thing: Any) -> Iterator[str]:
    """The docstring, section by section."""
    for section in thing.docstring.parsed if thing.docstring else []:
        match section.kind.value:
            case "text":
                yield prose(section.value)
            case "examples":
                yield "\n\n".join(prose(text) for _, text in section.value)
            case "returns":
                yield "\n".join(["**Returns** " + flat(one.description) for one in section.value])
            case "raises" as kind:
                raised = [(str(e.annotation).strip("()"), e.description) for e in section.value]
                yield listed(kind, raised)
            case "parameters" as kind:
                yield listed(kind, together([(e.name, e.description) for e in section.value]))


def listed(kind: str, entries: list[tuple[str, str]]) -> str:
    lines = [f"- `{name.replace(', ', '`, `')}`: {inside_a_list(text)}" for name, text in entries]
    return "\n".join([f"**{kind.title()}**", "", *lines])


def inside_a_list(text: str) -> str:
    said, *code = re.split(r"\n\n(?=```)", prose(text), maxsplit=1)
    return flat(said) + "".join(f"\n\n{textwrap.indent(one, '  ')}" for one in code)


def together(entries: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Parameters that share their text, as `mean, variance`, in one entry."""
    found: dict[str, str] = {}
    for name, text in entries:
        found[text] = f"{found[text]}, {name}" if text in found else name
    return [(name, text) for text, name in found.items()]


def flat(text: str) -> str:
    return " ".join(text.split())


def prose(text: str) -> str:
    """A docstring's text as Markdown: code after "::", doctests, and lists of definitions."""
    kept: list[str] = []

    def keep(code: str, language: str = "py") -> str:
        kept.append(f"```{language}\n{textwrap.dedent(code).strip()}\n```")
        return f"\0{len(kept) - 1}\0\n\n"

    text = RST_CODE.sub(
        lambda found: f"{found[1].strip() and found[1] + ':'}\n\n{keep(found[2])}", text + "\n"
    )
    text = DOCTEST.sub(lambda found: keep(found[0], "pycon"), text)
    text = DEFINITION.sub(lambda found: f"- `{found[1]}`: {flat(found[2])}\n", text)
    text = re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


if __name__ == "__main__":
    main()
