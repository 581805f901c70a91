"""MkDocs: what pages link to beyond the pages themselves, so that no link leaves the site.

Of files outside docs/ Markdown becomes a page, pictures are copied, and code and the like are shown
as they are, under `beyond/` and their path in the repository. The example board is copied as it is.
"""

import posixpath
import re
import shutil
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
FIRST = ("CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md")
PICTURES = {".jpg", ".png", ".svg"}
# Where a link to the repository's first page leads.
FRONT = {"README.md": "docs/index.md"}

_LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for every file that is linked to from docs/, or from such a file in turn."""
    waiting = {target for path in _pages(files) for target in _outside(path)} | set(FIRST)
    done = set[str]()
    while waiting:
        path = waiting.pop()
        done.add(path)
        files.append(_file(path, config))
        waiting |= _outside(path) - done
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links as from the page's place in the site."""
    here = page.file.src_uri
    source = _source(here)

    def moved(match: re.Match[str]) -> str:
        target = _target(source, match[2])
        if target is None:
            return match[0]
        to = posixpath.relpath(_place(target), posixpath.dirname(here) or ".")
        return f"{match[1]}{to}{match[3] or ''}{match[4]}"

    return _LINK.sub(moved, markdown)


def on_post_build(config: MkDocsConfig) -> None:
    """The example board as it is: its tables in Markdown are for download, and no pages."""
    shutil.copytree(ROOT / "docs" / "board", Path(config.site_dir) / "board", dirs_exist_ok=True)


def _pages(files: Files) -> list[str]:
    return [f"docs/{file.src_uri}" for file in files.documentation_pages()]


def _source(place: str) -> str:
    """The path in the repository of what lies at a place of the site."""
    if not place.startswith("beyond/"):
        return f"docs/{place}"
    path = place.removeprefix("beyond/")
    return path if (ROOT / path).exists() else path.removesuffix(".md")


def _place(path: str) -> str:
    """Where a file of the repository lies in the site."""
    path = FRONT.get(path, path)
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    as_it_is = Path(path).suffix in {".md", *PICTURES}
    return f"beyond/{path}" if as_it_is else f"beyond/{path}.md"


def _target(source: str, link: str) -> str | None:
    """The file of the repository that a page's link means; None for another site."""
    if ":" in link:
        return None
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    return target if (ROOT / FRONT.get(target, target)).is_file() else None


def _outside(path: str) -> set[str]:
    """The files outside docs/ that a file links to."""
    if not path.endswith(".md"):
        return set()
    text = (ROOT / path).read_text("utf-8") if (ROOT / path).exists() else ""
    targets = {_target(path, match[2]) for match in _LINK.finditer(text)}
    return {target for target in targets if target and _place(target).startswith("beyond/")}


def _file(path: str, config: MkDocsConfig) -> File:
    whole = ROOT / path
    if whole.suffix in PICTURES:
        return File.generated(config, _place(path), abs_src_path=str(whole))
    text = whole.read_text("utf-8")
    if whole.suffix != ".md":
        text = f"# {path}\n\n```{whole.suffix.removeprefix('.')}\n{text.rstrip()}\n```\n"
    return File.generated(config, _place(path), content=text)
