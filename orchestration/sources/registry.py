"""All sources. A new one is a module beside this file and a line here."""

from orchestration.sources import (
    census_schedules,
    census_trade,
    comtrade,
    control_lists,
    csl,
    ecfr,
    federal_register,
    label_lists,
    language_model,
    usitc_hts,
)
from orchestration.sources.model import Dataset, Source

SOURCES: tuple[Source, ...] = (
    census_trade.SOURCE,
    census_schedules.SOURCE,
    usitc_hts.SOURCE,
    federal_register.SOURCE,
    csl.SOURCE,
    ecfr.SOURCE,
    *control_lists.SOURCES,
    *comtrade.SOURCES,
    *label_lists.SOURCES,
    language_model.SOURCE,
)

DATASETS: dict[str, tuple[Source, Dataset]] = {
    dataset.name: (source, dataset) for source in SOURCES for dataset in source.datasets
}
