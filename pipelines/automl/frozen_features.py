"""The options of columns that frozen networks turn into vectors: pictures, and texts' meaning."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from espalier.pipelines.resources.budget import Deadline

if TYPE_CHECKING:  # a fitted estimator must load without what only training needs
    from espalier.pipelines.data.preparation import Preparation
    from espalier.pipelines.images.columns import PictureColumns
    from espalier.pipelines.texts.columns import MeaningColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenFeatures:
    """Which columns of a training table become vectors, and what that may cost.

    Attributes
    ----------
    image_columns : tuple of str or None
        Columns of pictures; None to recognise them.
    image_root : str
        Folder or zip archive that relative paths of pictures start from.
    seconds : float or None
        The time budget of the training; None for no limit.
    leave_out : tuple of str
        Columns that are no features.
    """

    image_columns: tuple[str, ...] | None = None
    image_root: str = ""
    seconds: float | None = None
    leave_out: tuple[str, ...] = ()

    def pictures(self, table: pd.DataFrame, *, deadline: Deadline) -> "PictureColumns":
        """Return the picture columns of raw rows, read; see `training_pictures` for errors."""
        from espalier.pipelines.images.columns import training_pictures

        return training_pictures(
            table,
            self.image_columns,
            root=self.image_root,
            leave_out=self.leave_out,
            seconds=self.seconds,
            deadline=deadline,
        )

    def meanings(
        self,
        table: pd.DataFrame,
        preparation: "Preparation",
        features: pd.DataFrame,
        *,
        deadline: Deadline,
    ) -> "MeaningColumns":
        """Return the preparation and the features with vectors of the texts' meaning added."""
        from espalier.pipelines.texts.columns import with_meanings

        return with_meanings(table, preparation, features, seconds=self.seconds, deadline=deadline)


NO_FROZEN_FEATURES = FrozenFeatures(image_columns=())
