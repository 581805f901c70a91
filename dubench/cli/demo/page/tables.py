"""A report's tables on the demo's page."""

from dataclasses import replace

from dubench.report.formats import Table
from dubench.report.page import table_html
from dubench.report.paper import reported


def without_paper(table: Table) -> str:
    """The table as HTML, without the paper's rows, which speak of other images."""
    rows = tuple(row for row in table.rows if row.block != "paper")
    of_paper = {remark for number in range(1, 6) for remark in reported(number).remarks}
    remarks = tuple(remark for remark in table.remarks if remark not in of_paper)
    return table_html(replace(table, rows=rows, remarks=remarks))
