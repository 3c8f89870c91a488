"""The records that tasks exchange; tables are passed as paths.

They are imported from here, and so are those in the folders of runs that an earlier version began.
"""

from espalier.tasks.records.ensemble import EnsembleRecord, HoldoutRecord
from espalier.tasks.records.prepared import PreparedData, PreparedRef, PreparedSeries
from espalier.tasks.records.table import TableRef
from espalier.tasks.records.table_checks import NO_PICTURES, PicturesRecord, ValidationRecord
from espalier.tasks.records.training_run import NOTHING_INHERITED, InheritedTraining, TrainingRun

__all__ = [
    "NOTHING_INHERITED",
    "NO_PICTURES",
    "EnsembleRecord",
    "HoldoutRecord",
    "InheritedTraining",
    "PicturesRecord",
    "PreparedData",
    "PreparedRef",
    "PreparedSeries",
    "TableRef",
    "TrainingRun",
    "ValidationRecord",
]
