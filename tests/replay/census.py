"""How the Census trade API and the Census schedules answer, as SQL over the figures. No HTTP here."""

from collections.abc import Iterable, Sequence

from tests.replay.answer import Answer, provenance, text
from tests.replay.figures import Figures

Params = Sequence[tuple[str, str]]

# Variables of a trade row that are the same in both flows, and what each prints.
_SHARED = {
    "COMM_LVL": "level",
    "CTY_CODE": "partner_code",
    "CTY_NAME": "partner_name",
    "DISTRICT": "'-'",
    "DIST_NAME": "'TOTAL FOR ALL DISTRICTS'",
    "SUMMARY_LVL": "case when partner_code like '0%' or partner_code like '%X%' then 'CGP' else 'DET' end",
    "SUMMARY_LVL2": "null",
    "YEAR": "period[:4]",
    "MONTH": "period[6:]",
    "time": "period",
    "UNIT_QY1": "unit_qy1",
    "UNIT_QY2": "unit_qy2",
    "LAST_UPDATE": "'0'",
}


def _measures(names: Iterable[str], flagged: Iterable[str], held: Iterable[str]) -> dict[str, str]:
    """*_MO and *_YR of each measure (and of its flag); those that the figures do not hold print null."""
    held, columns = set(held), {}
    for name in names:
        for ending in ("MO", "YR"):
            columns[f"{name}_{ending}"] = name.lower() if name in held else "null"
            if name in flagged:
                columns[f"{name}_{ending}_FLAG"] = f"{name.lower()}_flag" if name in held else "null"
    return columns


_BY_TRANSPORT = [f"{mode}_{what}" for mode in ("AIR", "VES", "CNT") for what in ("VAL", "WGT")]
_IMPORTS = (
    _SHARED
    | {"I_COMMODITY": "commodity_code", "I_COMMODITY_LDESC": "null", "I_COMMODITY_SDESC": "null"}
    | {"RP": "kind", "CTY_SUBCODE": "'-'"}
    | _measures(
        [f"{side}_{what}" for side in ("GEN", "CON") for what in ("VAL", "CIF", "CHA", "QY1", "QY2")]
        + ["CAL_DUT", "DUT_VAL", "CC", "AIR_CHA", "VES_CHA", "CNT_CHA", *_BY_TRANSPORT],
        flagged=("GEN_QY1", "GEN_QY2", "CON_QY1", "CON_QY2"),
        held=("GEN_VAL", "CON_VAL", "CON_CHA", "CON_QY1", "CON_QY2", "CAL_DUT", "DUT_VAL"),
    )
)
_EXPORTS = (
    _SHARED
    | {"E_COMMODITY": "commodity_code", "E_COMMODITY_LDESC": "null", "E_COMMODITY_SDESC": "null"}
    | {"DF": "kind"}
    | _measures(
        ["ALL_VAL", "QTY_1", "QTY_2", "CC", *_BY_TRANSPORT],
        flagged=("QTY_1", "QTY_2"),
        held=("ALL_VAL", "QTY_1", "QTY_2"),
    )
)
_MEASURE_ENDINGS = ("_MO", "_YR", "_MO_FLAG", "_YR_FLAG")
VARIABLES = {"imports": _IMPORTS, "exports": _EXPORTS}
MOST_VARIABLES = 50


def trade(figures: Figures, flow: str, params: Params) -> Answer:
    """Answer a query of `timeseries/intltrade/<flow>/hs`; `params` without the key, in the order sent."""
    variables = VARIABLES[flow]
    wanted = [name for key, value in params if key == "get" for name in value.split(",")]
    predicates: dict[str, list[str]] = {}
    for key, value in params:
        if key != "get":
            predicates.setdefault(key, []).append(value)

    if not wanted:
        return text(400, "error: missing 'get' argument")
    if len(wanted) > MOST_VARIABLES:
        return text(400, f"error: 'get' is limited to {MOST_VARIABLES} variables")
    for name in wanted:
        if name not in variables:
            return text(400, f"error: unknown variable '{name}'")
    for name in predicates:
        if name not in variables or name.endswith(_MEASURE_ENDINGS):
            return text(400, f"error: unknown predicate variable: '{name}'")

    grains = {grain for ending, grain in (("_MO", "month"), ("_YR", "year"))
              if any(name.removesuffix("_FLAG").endswith(ending) for name in wanted)}  # fmt: skip
    if len(grains) > 1:
        return text(501, "the replay server answers monthly and year-to-date measures apart")

    where, values = _selection(flow, set(wanted) | set(predicates), predicates)
    where.append(f"grain = '{grains.pop() if grains else 'month'}'")
    header = [*wanted, *predicates]
    cells = ", ".join(f"({variables[name]})::varchar" for name in header)
    rows, composed_from = figures.execute(
        f"""
        select
            string_agg(
                to_json([{cells}])::varchar, ',\n' order by period, partner_code, commodity_code, kind
            ),
            string_agg(distinct composed_from, '; ')
        from trade
        where {" and ".join(where)}
        """,
        values,
    ).fetchone()
    if rows is None:
        return Answer(204, headers=provenance(_composed_like(figures, flow, params)))
    body = f"[{_json_row(header)},\n{rows}]".encode()
    return Answer(200, "application/json;charset=utf-8", body, provenance(composed_from))


def _selection(flow: str, named: set[str], predicates: dict[str, list[str]]) -> tuple[list[str], list[str]]:
    """SQL conditions and their values. A dimension that is not named at all stays at its total."""
    commodity, kind = ("I_COMMODITY", "RP") if flow == "imports" else ("E_COMMODITY", "DF")
    where, values = ["flow = ?"], [flow]
    if not named & {commodity, f"{commodity}_LDESC", f"{commodity}_SDESC", "COMM_LVL"}:
        where.append("level = '-'")
    if not named & {"CTY_CODE", "CTY_NAME"}:
        where.append("partner_code = '-'")
    if kind not in named:
        where.append("kind = '-'")
    for name, alternatives in predicates.items():
        conditions = []
        for value in alternatives:
            condition, arguments = _condition(name, VARIABLES[flow][name], value)
            conditions.append(condition)
            values.extend(arguments)
        where.append(f"({' or '.join(conditions)})")
    return where, values


def _condition(name: str, expression: str, value: str) -> tuple[str, list[str]]:
    words = value.split()
    if name == "time" and words[0] == "from":
        return (f"{expression} between ? and ?", [words[1], words[3] if len(words) > 3 else "9999-12"])
    if name == "time" and len(value) == 4:
        return f"starts_with({expression}, ?)", [value]
    if value.endswith("*"):
        return f"starts_with({expression}, ?)", [value[:-1]]
    return f"{expression} = ?", [value]


def _composed_like(figures: Figures, flow: str, params: Params) -> str | None:
    """What an answer without rows rests on: everything composed for its flow and period."""
    periods = [value for key, value in params if key == "time"]
    (anything,) = figures.execute("select bool_or(composed_from is not null) from trade").fetchone()
    if not anything:
        return None
    (names,) = figures.execute(
        """
        select string_agg(distinct composed_from, '; ')
        from trade
        where flow = ? and list_contains(?::varchar[], period)
        """,
        [flow, periods],
    ).fetchone()
    return names or ""


def _json_row(names: Sequence[str]) -> str:
    return "[" + ",".join(f'"{name}"' for name in names) + "]"


# Fixed width: the column's text, its width, and the blanks behind it.
_COMMODITY_LINE = (
    ("commodity_code", 10, 4),
    ("short_description", 50, 5),
    ("long_description", 150, 5),
    ("unit_1", 3, 5),
    ("unit_2", 3, 5),
    ("sitc", 5, 5),
    ("end_use", 5, 5),
    ("usda", 1, 4),
    ("naics", 6, 5),
    ("hitech", 2, 0),
)
_COUNTRY_TITLE = "Schedule C - Country Codes\r\n\r\nCode | Name | ISO Code\r\n"


def commodity_list(figures: Figures, flow: str, edition: int) -> Answer:
    """The fixed-width list of an edition (278 characters a line, CRLF); 404 when there is none."""
    line = " || ".join(
        f"rpad(coalesce({column}, ''), {width}, ' ') || repeat(' ', {gap})"
        for column, width, gap in _COMMODITY_LINE
    )
    return _lines(
        figures,
        f"""
        select
            string_agg({line} || '\r\n', '' order by commodity_code),
            string_agg(distinct composed_from, '; ')
        from commodities
        where flow = ? and edition = ?
        """,
        [flow, edition],
    )


def country_list(figures: Figures) -> Answer:
    """The pipe-separated list of countries below its title lines; 404 when there is none."""
    return _lines(
        figures,
        """
        select
            string_agg(
                partner_code || ' | ' || partner_name || ' | ' || coalesce(iso2, '') || '\r\n',
                '' order by partner_code
            ),
            string_agg(distinct composed_from, '; ')
        from countries
        """,
        [],
        title=_COUNTRY_TITLE,
    )


def _lines(figures: Figures, query: str, values: Sequence[object], title: str = "") -> Answer:
    lines, composed_from = figures.execute(query, values).fetchone()
    if lines is None:
        return text(404, "error: not found")
    return Answer(200, "text/plain", (title + lines).encode("cp1252"), provenance(composed_from))
