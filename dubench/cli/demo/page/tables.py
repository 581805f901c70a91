"""A report's tables on the demo's page."""

from dataclasses import replace

from dubench.report.formats import Table
from dubench.report.page import table_html


def without_paper(table: Table) -> str:
    """The table as HTML, without the paper's rows, which speak of other images, and without
    remarks, many of which speak of those."""
    rows = tuple(row for row in table.rows if row.block != "paper")
    return table_html(replace(table, rows=rows, remarks=()))
