"""`make fidelity`: docs/fidelity.md, each published figure beside the one that a release gives.

docs/tariff-examples.md, which comes from a release too, is written with it.

python -m orchestration.fidelity        the release in AITB_DATA_DIR (the sample, when it is not set)
"""

import sys
from pathlib import Path

import duckdb
import pandas as pd

from orchestration import tariff_examples
from orchestration.files import write_atomically
from orchestration.publish import DATABASE
from orchestration.settings import REPOSITORY, read_settings

PAGE = REPOSITORY / "docs" / "fidelity.md"
UNITS = {"usd_bn": "$ bn", "pct": "%", "index": "index", "count": "codes"}


def main() -> int:
    """Write both pages; the exit code is 2 when there is no release to read."""
    settings = read_settings()
    if not (settings.release_dir / DATABASE).exists():
        print(f"There is no release in {settings.release_dir}: run `make run` (or `make live`) first.")
        return 2
    pages = ((PAGE, page), (tariff_examples.PAGE, tariff_examples.page))
    # Both of the same release, or none.
    texts = {path: text(settings.release_dir).encode() for path, text in pages}
    for path, text in texts.items():
        write_atomically(path, text)
        print(path)
    return 0


def page(release_dir: Path) -> str:
    """The page as Markdown, from the table `fidelity` of a release."""
    with duckdb.connect(str(release_dir / DATABASE), read_only=True) as con:
        figures = con.execute("select * from fidelity order by position").df()
        origin = con.execute("select origin from release_info").fetchone()[0]
    return "\n".join([*_head(figures, origin), *_topics(figures)]) + "\n"


def _head(figures: pd.DataFrame, origin: str) -> list[str]:
    compared = figures[figures.our_value.notna()]
    values = compared[compared.unit.isin(("usd_bn", "pct"))]
    return [
        "# Fidelity",
        "",
        "Published figures beside those of this warehouse. `make fidelity` writes this page from the table",
        "`fidelity` of a release; the figures are rows of `dbt_project/seeds/published_figure.csv`. How each",
        "measure is computed is in [methodology](methodology.md#the-measures-of-the-paper).",
        "",
        f"The release is of origin `{origin}` and can give {len(compared)} of the {len(figures)} figures.",
        f"{int(compared.is_equal.sum())} of these are equal as published. Values, shares and rates differ by",
        f"{_percent(values.relative_gap.abs().median())} at the median and by",
        f"{_percent(values.relative_gap.abs().max())} at most. Where the release lacks what a figure needs,",
        "the page says so and shows none.",
        "",
        "The gap is ours less the published figure, in its unit. Where the labels of a definition are not",
        "loaded, those of our own rules stand in (“our own labels”). They imitate its concept, so such a",
        "gap shows how the labels differ.",
    ]


def _topics(figures: pd.DataFrame) -> list[str]:
    lines = []
    for topic, rows in figures.groupby("topic", sort=False):
        lines += ["", f"## {topic}"]
        for publication, published in rows.groupby("publication", sort=False):
            lines += ["", f"Source: {publication}.", ""]
            lines += [
                "| figure | unit | published | ours | gap | definition | why |",
                "|---|---|--:|--:|--:|---|---|",
            ]
            lines += [_row(row) for row in published.itertuples()]
    return lines


def _row(row) -> str:
    def number(value: float, sign: str = "") -> str:
        # Adding zero takes the sign off a zero.
        rounded = round(value, row.decimals) + 0.0
        return f"{rounded:{sign if rounded else ''},.{row.decimals}f}"

    missing = pd.isna(row.our_value)
    why = [text for text in (row.reason, row.note, row.place) if not pd.isna(text)]
    cells = [
        row.title,
        UNITS[row.unit],
        number(row.published_value),
        "not available" if missing else number(row.our_value),
        "" if missing else number(row.gap, "+"),
        "" if pd.isna(row.definition_id) else f"`{row.definition_id}`",
        ". ".join(text[0].upper() + text[1:] for text in why),
    ]
    return f"| {' | '.join(cells)} |"


def _percent(fraction: float) -> str:
    return f"{fraction:.1%}".replace("%", " %")


if __name__ == "__main__":
    sys.exit(main())
