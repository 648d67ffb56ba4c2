"""`make fidelity`: docs/tariff-examples.md, products taken through every rate that applied to them.

Which products is data: dbt_project/seeds/tariffs/tariff_example.csv.
"""

from itertools import groupby
from pathlib import Path

import duckdb

from orchestration.publish import DATABASE
from orchestration.settings import REPOSITORY

PAGE = REPOSITORY / "docs" / "tariff-examples.md"

INTRODUCTION = """\
# Tariff examples

Products taken through every rate that the law set for them since January 2025, with the heading of chapter
99 that sets it. `make fidelity` writes this page from a release; which products it shows are rows of
`dbt_project/seeds/tariffs/tariff_example.csv`. Any other product and partner can be asked in the same way:

```sql
-- each interval, taken apart by action: what the tables below show
select * from tariff_rate_explained('8471804000', '5830') order by valid_from, is_claimed, action_id;
-- which shares are assumed, with bounds and source
select * from tariff_shares_assumed('8471804000', '5830');
-- the rate of every product and partner on a day
select * from tariff_rate_on(date '2026-03-01') where hts10 = '8471804000' and partner_code = '5830';
-- the days on which the law changed the rate, each with a sentence
select changed_on, change_text from tariff_changes
where hts10 = '8471804000' and partner_code = '5830' order by changed_on;
```

Codes of countries are in `dim_partner`. Rates are percent of the customs value. The tables say what the law
takes, not what was paid: goods that were on the way pay the old rate, and importers may claim an exemption
that the warehouse cannot see. An interval without a last day lasts as long as the law is not changed.
Decisions are known to {known_through}; what begins later was announced before.

The column “claims” is the share of the goods that claims a preference, where there is one; where they pay
something else than the others, both are said. Where the last column is empty, the law did not change the
total."""

COLUMNS = (
    "first day",
    "last day",
    "ordinary rate",
    "claims",
    "actions in force",
    "exempt from",
    "total",
    "what changed",
)
HEAD = """
    select
        examples.*,
        partners.partner_name,
        schedule.description_path,
        schedule.general_rate_text,
        schedule.special_rate_text,
        trade.period_start,
        trade.value_usd,
        trade.duty_usd
    from tariff_example as examples
    inner join dim_partner as partners using (partner_code)
    left join tariff_schedule as schedule on examples.hts10 = schedule.hts_code
    left join goods_trade_annual as trade
        on examples.hts10 = trade.commodity_code
        and examples.partner_code = trade.partner_code
        and trade.flow = 'import'
    qualify row_number() over (
        partition by examples.position order by schedule.valid_from desc, trade.period_start desc
    ) = 1
    order by examples.position
"""
RATES = """
    select * from tariff_rate_explained($hts10, $partner_code)
    order by valid_from, is_claimed, due_rate desc, action_id
"""
CHANGES = """
    select changed_on, change_text from tariff_changes
    where hts10 = $hts10 and partner_code = $partner_code
"""
SHARES = """
    select * from tariff_shares_assumed($hts10, $partner_code)
    order by valid_from, action_id, scope_kind desc, parameter_id
"""
READ = """
    select valid_from, valid_to, last_revision, is_carried_forward
    from tariff_schedule where hts_code = $hts10 order by valid_from
"""


def page(release_dir: Path) -> str:
    """The page as Markdown, from a release."""
    with duckdb.connect(str(release_dir / DATABASE), read_only=True) as con:
        (known_through,) = con.execute("select known_through from tariff_horizon").fetchone()
        examples = [line for head in _rows(con, HEAD) for line in _example(con, head)]
    return "\n".join([INTRODUCTION.format(known_through=known_through), *examples]) + "\n"


def _rows(con: duckdb.DuckDBPyConnection, query: str, **arguments: str) -> list[dict]:
    found = con.execute(query, arguments)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _example(con: duckdb.DuckDBPyConnection, head: dict) -> list[str]:
    key = {"hts10": head["hts10"], "partner_code": head["partner_code"]}
    rates = _rows(con, RATES, **key)
    changes = {row["changed_on"]: row["change_text"] for row in _rows(con, CHANGES, **key)}
    return [
        "",
        f"## {head['title']}",
        "",
        f"{head['why']}.",
        "",
        f"- Product: {', '.join(filter(None, (head['hts10'], head['description_path'])))}.",
        f"- Schedule: {_schedule(head)}.",
        f"- Imports from {head['partner_name']}{_imports(head)}.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|---|---|--:|--:|---|---|--:|---|",
        *(
            _interval(head, list(rows), changes.get(day, ""))
            for day, rows in groupby(rates, key=lambda row: row["valid_from"])
        ),
        "",
        *_notes(rates, _rows(con, SHARES, **key), _rows(con, READ, hts10=head["hts10"])),
    ]


def _schedule(head: dict) -> str:
    if head["general_rate_text"] is None:
        return "not a code of the schedules that are loaded"
    special = f", special rates {head['special_rate_text']}" if head["special_rate_text"] else ""
    return f"ordinary rate {head['general_rate_text']}{special}"


def _imports(head: dict) -> str:
    if head["period_start"] is None:
        return ": none in the years that are loaded"
    imports = f" in {head['period_start'].year}: ${head['value_usd'] / 1e6:,.0f} million"
    if not head["value_usd"] or head["duty_usd"] is None:
        return imports
    return f"{imports}, duty of {_percent(head['duty_usd'] / head['value_usd'])} on them"


def _interval(head: dict, rows: list[dict], change: str) -> str:
    """One interval; where goods with and without a claim differ, both are said."""
    goods = [list(alike) for _, alike in groupby(rows, key=lambda row: row["is_claimed"])]
    rates = {row["action_id"]: row["rate"] for row in rows if row["rate"] is not None}

    def cell(texts: list[str]) -> str:
        if len(set(texts)) == 1:
            return texts[0]
        return "<br>".join(f"{name}: {text}" for name, text in zip(("no claim", "claim"), texts, strict=True))

    totals = cell([_percent(alike[0]["goods_total_rate"]) for alike in goods])
    total = _percent(rows[0]["total_rate"])
    cells = [
        str(rows[0]["valid_from"]),
        str(rows[0]["valid_to"] or ""),
        cell([_percent(alike[0]["base_rate"]) for alike in goods]),
        _percent(goods[-1][0]["goods_share"], 0) if len(goods) > 1 else "–",
        cell(["; ".join(_action(row) for row in alike if row["share"]) or "none" for alike in goods]),
        cell(
            ["; ".join(_exemption(row, rates) for row in alike if row["exempt_by"]) or "–" for alike in goods]
        ),
        f"**{total}**" if totals == total else f"**{total}**<br>{totals}",
        change.split(f" from {head['partner_name']}: ", 1)[-1],
    ]
    return f"| {' | '.join(cells)} |"


def _action(row: dict) -> str:
    floor = "a floor of " if row["rate_kind"] == "floor" else ""
    share = f" on {_percent(row['share'])} of the value" if row["share"] < 1 else ""
    return f"{floor}{_percent(row['rate'])}{share}: {row['title']} ({row['heading']})"


def _exemption(row: dict, rates: dict) -> str:
    return f"{_percent(rates[row['action_id']])} of {row['title']}, by {row['exempt_by']}"


def _notes(rates: list[dict], shares: list[dict], read: list[dict]) -> list[str]:
    bases = sorted({row["claim_basis"] for row in rates if row["claim_basis"]})
    notes = []
    if bases:
        notes.append(
            f"The share of the goods that claims the preference is from: {', '.join(bases)} "
            "(`tariff_claim`). The total moves with it, which is no change of the law."
        )
    notes += [_assumption(row) for row in shares]
    loaded = [row for row in read if not row["is_carried_forward"]]
    carried = [row for row in read if row["is_carried_forward"]]
    if carried:
        notes.append(
            f"The ordinary rate was read in the schedule for {_spans(loaded)}, and carried forward from the "
            f"revision before for {_spans(carried)}: revisions of those days are known that are not loaded."
        )
    return [f"- {note}" for note in notes]


def _assumption(row: dict) -> str:
    bounds = f"{_percent(row['lower_bound'])} to {_percent(row['upper_bound'])}"
    side = "is in" if row["scope_kind"] == "include" else "is exempt from"
    why = ". ".join(text for text in (row["source"], row["note"]) if text)
    return (
        f"{_percent(row['value'])} of the value {side} {row['title']} ({row['heading']}): "
        f"`{row['parameter_id']}`, {row['method']}; {bounds} can be defended. {why}."
    )


def _spans(rows: list[dict]) -> str:
    return ", ".join(
        f"{row['valid_from']} to {row['valid_to']}" if row["valid_to"] else f"{row['valid_from']} on"
        for row in rows
    )


def _percent(fraction: float, decimals: int = 2) -> str:
    text = f"{100 * float(fraction):.{decimals}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"
