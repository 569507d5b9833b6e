"""page.py MARKDOWN HTML: show a report in a browser about as GitHub would.

Graphs are left out: drawing them takes a library.
"""

import pathlib
import re
import sys

from markdown_it import MarkdownIt

PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>dbt-tally</title>
<style>
  :root {{ color-scheme: light dark; --line: #d1d9e0; --code: #818b981f }}
  @media (prefers-color-scheme: dark) {{ :root {{ --line: #3d444d; --code: #656c7633 }} }}
  body {{ font: 14px/1.5 system-ui, sans-serif; max-width: 880px; margin: 2em auto; padding: 0 1em }}
  table {{ border-collapse: collapse }}
  th, td {{ border: 1px solid var(--line); padding: 6px 13px }}
  code {{ background: var(--code); border-radius: 6px; padding: .2em .4em; font-size: 85% }}
  details {{ margin: 1em 0 }}
</style>
{body}"""

source, target = map(pathlib.Path, sys.argv[1:])
markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
text = re.sub(r"[^\n]*\n\n```mermaid\n.*?\n```\n", "", source.read_text("utf-8"), flags=re.DOTALL)
target.write_text(PAGE.format(body=markdown.render(text)), "utf-8")
