"""markdown.py FILE: what cmark-gfm makes of a comment, as GitHub would (tables,
autolinks, strikethrough; raw HTML let through). Names of objects and reasons may
not become markup: only the tags that the comment itself needs are there, no
attribute that loads or links, each row has its table's columns, and whatever
GitHub looks for outside of code (mentions, references, links) stands in code."""
import re
import subprocess
import sys
from html.parser import HTMLParser

TAGS = set("p strong em code pre table thead tbody tr th td ul li details summary sub br".split())
html = subprocess.run(
    ["cmark-gfm", "-e", "table", "-e", "autolink", "-e", "strikethrough", "--unsafe", sys.argv[1]],
    check=True, capture_output=True, text=True).stdout


class Reader(HTMLParser):
    depth = 0
    outside = ""
    rows = []

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS, f"<{tag}> in the comment"
        assert all(k in ("align", "lang") or (k, v[:9]) == ("class", "language-") for k, v in attrs), (tag, attrs)
        self.depth += tag in ("code", "pre")
        if tag == "table":
            self.rows.append([])
        if tag == "tr":
            self.rows[-1].append(0)
        if tag in ("td", "th"):
            self.rows[-1][-1] += 1

    def handle_endtag(self, tag):
        self.depth -= tag in ("code", "pre")

    def handle_data(self, data):
        if not self.depth:
            self.outside += data


reader = Reader()
reader.feed(html)
for table in reader.rows:
    assert len(set(table)) == 1, f"rows of {sorted(set(table))} cells"
bad = re.search(r"@\w|#\d|GH-\d|https?:|www\.|:\+1:|\$x\$|[0-9a-f]{40}|alert\(", reader.outside)
assert not bad, f"outside of code: {bad.group()}"
print(sum(len(t) for t in reader.rows), "rows")
