"""All sources. A new one is a module beside this file and a line here."""

from orchestration.sources import census_schedules, census_trade, label_lists, language_model
from orchestration.sources.model import Dataset, Source

SOURCES: tuple[Source, ...] = (
    census_trade.SOURCE,
    census_schedules.SOURCE,
    *label_lists.SOURCES,
    language_model.SOURCE,
)

DATASETS: dict[str, tuple[Source, Dataset]] = {
    dataset.name: (source, dataset) for source in SOURCES for dataset in source.datasets
}
