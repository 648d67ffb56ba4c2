"""The headline of a release, for people: a table in the terminal and one in Markdown."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
from rich.console import Console
from rich.table import Table

from orchestration.publish import DATABASE, RELEASE_FILE

NOT_COVERED = "not covered"


def markdown(release_dir: Path) -> str:
    """The headline as a Markdown table of two columns."""
    lines = ["| figure | value |", "|---|---|"]
    return "\n".join(lines + [f"| {name} | {value} |" for name, value in _figures(release_dir)])


def show(release_dir: Path, console: Console) -> None:
    """Print the headline of the release, where it is and what it was made from."""
    release = json.loads((release_dir / RELEASE_FILE).read_text())
    table = Table(title="The AI trade balance of the United States", show_header=False, title_justify="left")
    table.add_column(max_width=28)
    table.add_column()
    for name, value in _figures(release_dir):
        table.add_row(name, value)
    console.print(table)
    if "composed" in release["origin"]:
        console.print(
            "Origin: composed in the agency's answer format from published figures of the US Census Bureau; "
            "the files are named in release.json."
        )
    elif "agency" in release["origin"]:
        console.print("Origin: as the agencies served it.")
    console.print(f"Release {release['release_id']}: {release_dir / DATABASE}", soft_wrap=True)


def _figures(release_dir: Path) -> list[tuple[str, str]]:
    """Names and values of the headline: the default definition in the newest year that is whole.

    A month stands in while no year is whole; a whole month after that year is shown beside it.
    """
    with duckdb.connect(str(release_dir / DATABASE), read_only=True) as con:
        headlines = con.execute("""
            select h.*, d.title, d.is_default
            from ai_trade_headline as h join dim_ai_definition as d using (definition_id)
            order by period_grain = 'year' desc, period_start desc, is_default desc, definition_id
        """).df()
        if headlines.empty:
            return [("Coverage", "no period is covered for all partners; see source_coverage")]
        row = headlines.iloc[0].to_dict()
        key = [row["definition_id"], row["period_grain"], row["period_start"]]
        categories = con.execute(
            """
            select c.title, sum(value_usd) as value_usd
            from ai_trade join ai_category as c using (category)
            where flow = 'import' and definition_id = ? and period_grain = ? and period_start = ?
            group by c.title order by value_usd desc
            """,
            key,
        ).fetchall()
        partners = con.execute(
            """
            select partner_name, sum(value_usd) as value_usd
            from ai_trade join dim_partner using (partner_code)
            where flow = 'import' and definition_id = ? and period_grain = ? and period_start = ?
            group by partner_name order by value_usd desc limit 5
            """,
            key,
        ).fetchall()
        balances = con.execute(
            """
            select partner_name, sum(exports_usd), sum(imports_usd), sum(balance_usd) as balance_usd
            from ai_trade_balance join dim_partner using (partner_code)
            join balance_basis using (balance_basis)
            where balance_basis.is_default and definition_id = ? and period_grain = ? and period_start = ?
                  and balance_usd is not null
            group by partner_name order by abs(sum(balance_usd)) desc
            """,
            key,
        ).fetchall()
        statutory = con.execute(
            """
            select day, total_rate, exempted_rate, exempted_duty_usd
            from ai_tariff_rate_daily
            where definition_id = ? and product_group = 'ai' and category = 'all' and total_rate is not null
            order by day desc limit 1
            """,
            key[:1],
        ).fetchone()
        exposures = _exposures(con, key)
    same_period = headlines[
        (headlines.period_grain == row["period_grain"]) & (headlines.period_start == row["period_start"])
    ]
    return [
        ("Period", _period(row)),
        ("Definition", f"{row['definition_id']}: {row['title']}"),
        ("AI imports", _billions(row["ai_imports_usd"], row["imports_reason"])),
        ("AI exports", _billions(row["ai_exports_usd"], row["exports_reason"])),
        ("AI balance", _billions(row["ai_balance_usd"], row["exports_reason"] or row["imports_reason"])),
        (
            "Share of imports without HS 27, 71, 98, 99",
            f"{_percent(row['ai_import_share'])} of {_billions(row['imports_ex_27_71_98_99_usd'], None)}",
        ),
        (
            "Share of imports of all goods",
            f"{_percent(row['ai_import_share_all_goods'])} of "
            f"{_billions(row['imports_all_goods_usd'], row['imports_all_goods_reason'])}",
        ),
        (
            "Effective tariff rate, AI",
            f"{_percent(row['effective_tariff_rate'])}, known for "
            f"{_percent(row['duty_coverage_share'])} of the value",
        ),
        (
            "Effective tariff rate, all without HS 27, 71, 98, 99",
            f"{_percent(row['effective_tariff_rate_ex_27_71_98_99'])}, known for "
            f"{_percent(row['duty_coverage_share_ex_27_71_98_99'])} of the value",
        ),
        *([("Statutory tariff rate, AI", _statutory(*statutory))] if statutory else []),
        *exposures,
        ("AI imports by category", _ranking(categories)),
        ("Top partners, AI imports", _ranking(partners)),
        (
            "Balance where both sides are covered",
            "; ".join(
                f"{name} {balance / 1e9:+,.3f} (exports {exports / 1e9:,.3f}, imports {imports / 1e9:,.3f})"
                for name, exports, imports, balance in balances[:5]
            )
            + (f" and {len(balances) - 5} more" if len(balances) > 5 else "")
            + " ($ bn)"
            if balances
            else NOT_COVERED,
        ),
        *(
            (f"Under {other['definition_id']}", _in_short(other))
            for _, other in same_period.iloc[1:].iterrows()
        ),
        *((f"Since then: {_period(later)}", _in_short(later)) for later in _newer_month(headlines, row)),
    ]


def _exposures(con: duckdb.DuckDBPyConnection, key: list) -> list[tuple[str, str]]:
    """How much of AI trade is in codes that hold controlled products, with all partners or those covered."""
    named = {
        "import": "AI imports under export control codes",
        "export": "AI exports under export control codes",
    }
    rows = con.execute(
        """
        with partners as (
            select flow, count(*) as partner_count, sum(value_usd) as value_usd,
                sum(definition_value_usd) as definition_value_usd,
                sum(value_usd) filter (trust_tier in ('restricted', 'embargoed')) as restricted_usd,
                sum(value_usd) filter (
                    licence_requirement in ('required', 'required_for_part')
                ) as licensed_usd,
                sum(value_usd) filter (licence_requirement = 'not_known') as not_known_usd
            from export_control_exposure
            where definition_id = ? and period_grain = ? and period_start = ? and eccn_group = 'any'
            group by flow
            having sum(value_usd) > 0
        )
        select flow, partners.partner_count, partners.value_usd,
            coalesce(totals.definition_value_usd, partners.definition_value_usd),
            restricted_usd, licensed_usd, not_known_usd, totals.reason
        from partners join export_control_exposure_total as totals using (flow)
        where definition_id = ? and period_grain = ? and period_start = ? and eccn_group = 'any'
            and trust_tier = 'all' and licence_requirement = 'all'
        order by flow desc
        """,
        key * 2,
    ).fetchall()
    return [(named[flow], _exposure(flow, *figures)) for flow, *figures in rows]


def _exposure(
    flow: str,
    partner_count: int,
    value: int,
    whole: int,
    restricted: int | None,
    licensed: int | None,
    not_known: int | None,
    reason: str | None,
) -> str:
    """The codes hold free products as well, so that it is the most that can be controlled."""
    covered = "" if reason is None else f"{NOT_COVERED}: {reason}; to these {partner_count} "
    part = f"at most {_billions(value, None)}, {_percent(value / whole)} of them"
    if flow == "import":
        return f"{covered}{part}; {_percent((restricted or 0) / value)} of that from restricted partners"
    unknown = f", of {_billions(not_known, None)} it is not known" if not_known else ""
    return f"{covered}{part}; {_billions(licensed or 0, None)} of it may need a licence{unknown}"


def _statutory(day: date, rate: float, spared_rate: float, spared_usd: int) -> str:
    return (
        f"{_percent(rate)} by the law of {day}; exemptions spare {_percent(spared_rate)}, "
        f"{_billions(spared_usd, None)} a year"
    )


def _newer_month(headlines: pd.DataFrame, row: dict) -> list[dict]:
    """The newest whole month of the same definition, if it lies after the year that is shown."""
    months = headlines[
        (headlines.definition_id == row["definition_id"])
        & (headlines.period_grain == "month")
        & (headlines.period_start.dt.year > row["period_start"].year)
    ]
    return months.head(1).to_dict("records") if row["period_grain"] == "year" else []


def _in_short(row: dict) -> str:
    parts = [f"imports {_billions(row['ai_imports_usd'], row['imports_reason'])}"]
    if not pd.isna(row["ai_import_share"]):
        parts.append(f"{_percent(row['ai_import_share'])} of imports without HS 27, 71, 98, 99")
    if not pd.isna(row["effective_tariff_rate"]):
        parts.append(f"effective tariff rate {_percent(row['effective_tariff_rate'])}")
    if not pd.isna(row["ai_exports_usd"]):
        parts.append(f"exports {_billions(row['ai_exports_usd'], None)}")
    return ", ".join(parts)


def _period(row: dict) -> str:
    return f"{row['period_start']:%Y}" if row["period_grain"] == "year" else f"{row['period_start']:%Y-%m}"


def _ranking(rows: list[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {value / 1e9:,.1f}" for name, value in rows) + " ($ bn)"


def _billions(value: float | None, reason: str | None) -> str:
    return f"{NOT_COVERED}: {reason}" if pd.isna(value) else f"${value / 1e9:,.1f} bn"


def _percent(rate: float | None) -> str:
    return "unknown" if pd.isna(rate) else f"{rate:.2%}"
