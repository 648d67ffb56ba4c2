"""All sources. A new one is a module beside this file and a line here."""

from orchestration.sources import census_schedules, census_trade, label_lists
from orchestration.sources.model import Dataset, Source

SOURCES: tuple[Source, ...] = (census_trade.SOURCE, census_schedules.SOURCE, *label_lists.SOURCES)

DATASETS: dict[str, tuple[Source, Dataset]] = {
    dataset.name: (source, dataset) for source in SOURCES for dataset in source.datasets
}
