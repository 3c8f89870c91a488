"""Load the table of a training into its run folder."""

from espalier.tasks.data.early_table import EarlyTable
from espalier.tasks.policies import MINUTES, retried_task
from espalier.tasks.records import TableRef


@retried_task(
    name="load",
    description="Read the source into the run folder, which is named after its content.",
    tags=["espalier", "data"],
    timeout_seconds=60 * MINUTES,
)
def load_table(table: EarlyTable | TableRef) -> TableRef:
    """Return the table of a training, staged in the run folder.

    Parameters
    ----------
    table : EarlyTable or TableRef
        A table that is being read in the background, or one that the calling flow has staged
        already. A retry reads the source again.

    Raises
    ------
    UserError
        The source, the target, the metric or a family is wrong.
    """
    return table if isinstance(table, TableRef) else table.stage()
