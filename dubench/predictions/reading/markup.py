"""Markdown, LaTeX and tags as plain lines of `label: value`."""

import re

from dubench.predictions.reading.names import find_key

_FENCE = re.compile(r"^[^\S\n]*(?:```|~~~).*$", re.MULTILINE)
_ROWS = re.compile(r"(?:^[^\S\n]*\|.*(?:\n|$))+", re.MULTILINE)
_RULE = re.compile(r"[\s|:+-]*")
_VALUE_COLUMN = re.compile(r"value|estimate|result|prediction|answer", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([A-Za-z_][\w-]{0,40})(?: [^<>]{0,80})?>")
_SPECIAL = re.compile(r"<\|[^<>|]{0,60}\|>")
_HEADING = re.compile(
    r"^[^\S\n]*(?:#{1,6}\s*(.+?)|(?:\*\*|__)([^*_\n:]+?):?(?:\*\*|__))[\s:]*\n+", re.M
)
_BULLET = re.compile(r"^[^\S\n]*(?:[-*•+‣]|\d{1,2}[.)])\s+", re.MULTILINE)
_COMMAND = re.compile(
    r"\\(?:text|textbf|textit|texttt|mathrm|mathbf|mathit|boxed|operatorname)\s*\{"
)
_MATRIX = re.compile(
    r"\\begin\{\w*(?:matrix|array)\}(?:\{\w+\})?(.{0,1000}?)\\end\{\w+\}", re.DOTALL
)
_SYMBOLS = {
    r"\sigma": "σ", r"\gamma": "γ", r"\approx": "≈", r"\sim": "~", r"\times": "×", r"\pm": "±",
    r"\%": "%", r"\,": " ", r"\;": " ", r"\ ": " ", r"\_": "_", r"\(": "", r"\)": "",
    r"\[": "", r"\]": "", r"\quad": " ",
}  # fmt: skip
_PLAIN = str.maketrans(
    {
        "：": ":", "，": ",", "；": ";", "＝": "=", "（": "(", "）": ")", "\u2212": "-",
        "\u00a0": " ", "\u2009": " ", "\u202f": " ", "｛": "{", "｝": "}",
        **dict.fromkeys("$`\"“”‘’{}", ""),
    }
)  # fmt: skip


def plain(text: str) -> str:
    """A text without its markup: rows of tables, bullets and headings as lines `label: value`."""
    text = _FENCE.sub("", _SPECIAL.sub("", text))
    text = _ROWS.sub(lambda rows: _table(rows[0]), text)
    text = _TAG.sub(lambda tag: "\n" if tag[1] else f"\n{tag[2]}: ", text)
    text = _HEADING.sub(lambda heading: f"{heading[1] or heading[2]}: ", text)
    text = _BULLET.sub("", text)
    text = _MATRIX.sub(lambda m: f"[{m[1].replace('&', ',').replace(chr(92) * 2, ',')}]", text)
    text = _COMMAND.sub("", text)
    for written, symbol in _SYMBOLS.items():
        text = text.replace(written, symbol)
    return text.translate(_PLAIN).replace("**", "").replace("'", "")


def _table(text: str) -> str:
    """The rows of a table as lines; of a column of values that one, of one row of them by name."""
    rows = [[cell.strip(" *`$") for cell in row.strip().strip("|").split("|")]
            for row in text.splitlines() if not _RULE.fullmatch(row)]  # fmt: skip
    if not rows:
        return "\n"
    head, *body = rows
    columns = [i for i, cell in enumerate(head) if _VALUE_COLUMN.search(cell)]
    if columns:
        at = columns[0]
        lines = []
        for row in body:
            if len(row) > at > 0:
                if at > 1:  # type | parameter | value
                    lines.append(f"{head[0]}: {row[0]}")
                lines.append(f"{row[at - 1]}: {row[at]}")
    elif len(body) == 1 and len(head) == len(body[0]) > 1 and all(map(find_key, head[1:])):
        lines = [f"{name}: {value}" for name, value in zip(head, body[0], strict=True)]
    else:
        lines = [f"{row[0]}: {row[1]}" for row in rows if len(row) == 2]
    return "\n".join(["", *lines, ""])
