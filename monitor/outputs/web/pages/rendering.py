"""Makes text of the templates. Addresses in them begin at the root of the server; a page's are made relative to it.

So a page works below any path of a proxy, whether the proxy says so or not.
"""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from monitor.outputs.web.pages import filters
from monitor.outputs.web.pages.terms import terms

_TEMPLATES = Environment(
    loader=PackageLoader("monitor.outputs.web.pages"), autoescape=select_autoescape(("html", "svg")),
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
"""Each is compiled when a page first needs it: all of them take a third of the time of a start."""
_TEMPLATES.filters |= filters.FILTERS
_TEMPLATES.globals["terms"] = terms
_FROM_ROOT = re.compile(r'(\s(?:href|src|srcset|action|data-[a-z]+)=")/(?!/)')
"""Only attributes: quotation marks of texts are escaped."""


def render(template: str, root: str, **values: object) -> str:
    """The text of a template.

    Args:
        template: its name.
        root: the root of the server, relative to the page.
        values: for the template.
    """
    text = _TEMPLATES.get_template(template).render(values)
    return text if root == "/" else _FROM_ROOT.sub(rf"\g<1>{root}", text)
