"""What a submission may carry to run a script in the browser of whoever opens it."""

from __future__ import annotations

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell


def log(name: str) -> str:
    """A script without quotes or spaces that names itself in the browser's log."""
    return f"console.log(/fired:{name}/.source)"


def html(markup: str) -> str:
    return f"display(HTML({markup!r}))"


OUTPUTS = {
    "script": html(f"<script>{log('script')}</script>"),
    "onerror": html(f"<img src=x onerror={log('onerror')}>"),
    "svg-onload": html(f"<svg onload={log('svg-onload')}></svg>"),
    "srcdoc": html(f"<iframe srcdoc='<script>{log('srcdoc')}</script>'></iframe>"),
    "link": html(f"<a href='javascript:{log('link')}'>link</a>"),
    "ontoggle": html(f"<details open ontoggle={log('ontoggle')}>text</details>"),
    "animation": html(
        "<style>@keyframes k {from {left: 0}}</style>"
        f"<b style='animation: k 1s' onanimationstart={log('animation')}>text</b>"
    ),
    "onfocus": html(f"<input autofocus onfocus={log('onfocus')}>"),
    "mutation": html(
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;/mglyph&gt;"
        f"&lt;img src=1 onerror={log('mutation')}&gt;'>"
        f"<img src=x onerror={log('mutation')}>"
    ),
    "markdown-output": f"display(Markdown('<img src=x onerror={log('markdown-output')}>'))",
    "javascript": f"display(Javascript({log('javascript')!r}))",
    "isolated": "display({'text/html': "
    + repr(f"<script>{log('isolated')}</script>")
    + "}, raw=True, metadata={'text/html': {'isolated': True}})",
    "png-width": "display({'image/png': 'eA=='}, raw=True, metadata={'image/png': {'width': "
    + repr(f"1 onerror={log('png-width')}")
    + "}})",
}
MARKDOWN = {
    "cell-script": f"<script>{log('cell-script')}</script>",
    "cell-onerror": f"Text <img src=x onerror={log('cell-onerror')}> text",
    "cell-link": f"[link](javascript:{log('cell-link')})",
    "cell-mermaid": f"```mermaid\n<img src=x onerror={log('cell-mermaid')}>\n```",
    "cell-code-span": f'`<b title="` <img src=x onerror={log("cell-code-span")}> ">',
    "cell-reference": f"[link][1]\n\n[1]: javascript:{log('cell-reference')}",
    "cell-autolink": f"<javascript:{log('cell-autolink')}>",
}
NAMES = frozenset(OUTPUTS) | frozenset(MARKDOWN)


def cells() -> list[NotebookNode]:
    """Every payload in a cell of its own."""
    setup = "from IPython.display import HTML, Javascript, Markdown, display"
    return [
        new_code_cell(setup),
        *map(new_code_cell, OUTPUTS.values()),
        *map(new_markdown_cell, MARKDOWN.values()),
    ]
