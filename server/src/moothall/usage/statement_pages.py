"""A statement as a table for spreadsheets and as a page to print. Pure."""

import html

from moothall.kit.spreadsheet import as_text, csv_lines
from moothall.ledger.model import Kind
from moothall.usage.model import Statement
from moothall.usage.schemas import in_minutes, money

# The page runs nothing and loads nothing.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_COLUMNS = ("month", "application_id", "application_name", "kind", "milliseconds", "minutes", "amount", "currency")
_KINDS = {Kind.PARTICIPANT: "Participants", Kind.RECORDING: "Recordings"}
_STYLE = """\
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 56rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1.5rem 0; width: 100%; }
caption { font-weight: 600; padding: 0.25rem 0; text-align: start; }
th, td { border-bottom: 1px solid; overflow-wrap: break-word; padding: 0.375rem 0.5rem; text-align: start; }
th.number, td.number { text-align: end; font-variant-numeric: tabular-nums; }
tfoot th, tfoot td { border-bottom: 0; font-weight: 600; }
div { overflow-x: auto; }
h1 { font-size: 1.5rem; white-space: nowrap; }
@media (width < 40rem) { table { font-size: 0.8125rem; } th, td { padding: 0.25rem; } }
@media print { body { margin: 0; } }
"""


def render_csv(statement: Statement) -> str:
    """Return a row for each line of the statement, and the total."""
    month, currency = f"{statement.month:%Y-%m}", statement.currency
    lines = [
        (
            month,
            line.application_id,
            as_text(line.application_name or ""),
            line.kind.value,
            line.milliseconds,
            in_minutes(line.milliseconds),
            money(line.amount),
            currency,
        )
        for line in statement.lines
    ]
    return csv_lines([_COLUMNS, *lines, (month, "", "", "total", "", "", money(statement.total), currency)])


def render_html(statement: Statement) -> str:
    """Return a whole page; every text in it is escaped."""
    month = f"{statement.month:%Y-%m}"
    whose = f"Account {statement.account_id}"
    if statement.application_id is not None:
        whose += f", application {statement.application_id}"
    state = "Final." if statement.is_final else "Not final: the month is not over, or something in it goes on."
    lines = _table(
        "What was used",
        ("Application", "Kind", "Minutes", f"Amount ({statement.currency})"),
        [
            (
                line.application_name or line.application_id,
                _KINDS[line.kind],
                _number(line.milliseconds),
                money(line.amount),
            )
            for line in statement.lines
        ],
        ("Total", "", "", money(statement.total)),
    )
    tiers = _table(
        "The same by price",
        ("Kind", "Minutes of the month", "Price per minute", "Minutes", f"Amount ({statement.currency})"),
        [
            (
                _KINDS[use.kind],
                f"above {use.above:,}" if use.tier.up_to is None else f"{use.above:,} to {use.tier.up_to:,}",
                money(use.tier.price),
                _number(use.milliseconds),
                money(amount),
            )
            for use, amount in statement.tiers or ()
        ],
        ("Total", "", "", "", money(statement.total)),
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Statement {month}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Statement {month}</h1>
<p>{html.escape(whose)}. All days are in UTC. {state}</p>
{lines}
{tiers if statement.tiers else ""}
</body>
</html>
"""


def _number(milliseconds: int) -> str:
    return f"{in_minutes(milliseconds):,.3f}"


def _table(caption: str, heading: tuple[str, ...], rows: list[tuple[str, ...]], total: tuple[str, ...]) -> str:
    def row(cells: tuple[str, ...], first: str, other: str = "td") -> str:
        # The last two columns are numbers.
        marks = [' class="number"' if len(cells) - place <= 2 else "" for place in range(len(cells))]  # noqa: PLR2004
        opened = [first, *[other] * (len(cells) - 1)]
        scope = ' scope="row"' if other == "td" else ' scope="col"'
        return "".join(
            f"<{name}{mark}{scope if name == 'th' else ''}>{html.escape(cell)}</{name}>"
            for name, mark, cell in zip(opened, marks, cells, strict=True)
        )

    body = "\n".join(f"<tr>{row(cells, 'th')}</tr>" for cells in rows)
    return f"""<div role="region" aria-label="{html.escape(caption)}" tabindex="0"><table>
<caption>{html.escape(caption)}</caption>
<thead><tr>{row(heading, "th", "th")}</tr></thead>
<tbody>
{body}
</tbody>
<tfoot><tr>{row(total, "th")}</tr></tfoot>
</table></div>"""
