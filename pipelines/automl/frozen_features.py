"""The options of columns that frozen networks turn into vectors: pictures, and texts' meaning."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from espalier.pipelines.resources.budget import NEVER, Deadline

if TYPE_CHECKING:  # a fitted estimator must load without what only training needs
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from espalier.pipelines.data.preparation import PlannedCells, Preparation
    from espalier.pipelines.images.bad_files import BadFiles
    from espalier.pipelines.images.columns import PictureColumns
    from espalier.pipelines.images.looks import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenFeatures:
    """Which columns of a training table become vectors, and what that may cost.

    Attributes
    ----------
    image_columns : tuple of str or None
        Columns of pictures; None to recognise them.
    image_root : str
        Folder or zip archive that relative paths of pictures start from.
    image_look : Look or None
        How closely pictures are looked at; None for what the time allows.
    glance : bool
        Whether pictures are looked at in the quickest way, as no family reads what is seen: it
        tells duplicates and drift alone. The time is for the networks that read pixels.
    seconds : float or None
        The time budget of the training; None for no limit.
    leave_out : tuple of str
        Columns that are no features.
    deadline : Deadline
        When all must be read.
    known_only : bool
        Whether pictures that are not in the store count as missing, instead of being read.
    meanings : bool
        Whether texts get vectors of their meaning too; a portable model has none, as no export
        carries the network that makes them.
    bad_files : "missing", "set-aside" or "refuse"
        What is done with pictures that cannot be used.
    pixel_side : int or None
        Side of the pixels that networks are trained on; 0 for no networks, None for what the time
        allows.
    """

    image_columns: tuple[str, ...] | None = None
    image_root: str = ""
    image_look: "Look | None" = None
    glance: bool = False
    seconds: float | None = None
    leave_out: tuple[str, ...] = ()
    deadline: Deadline = NEVER
    known_only: bool = False
    meanings: bool = True
    bad_files: "BadFiles" = "missing"
    pixel_side: int | None = None

    def pictures(self, table: pd.DataFrame) -> "PictureColumns":
        """Return the picture columns of raw rows, read; see `training_pictures` for errors."""
        from espalier.pipelines.images.in_time import training_pictures

        return training_pictures(
            table,
            self.image_columns,
            root=self.image_root,
            look=self.image_look,
            glance=self.glance,
            leave_out=self.leave_out,
            seconds=self.seconds,
            deadline=self.deadline,
            known_only=self.known_only,
            policy=self.bad_files,
        )

    def usable(self, table: pd.DataFrame) -> "NDArray[np.bool_] | None":
        """Return which raw rows are trained on, shape (n_rows,); None for all of them.

        Rows whose pictures cannot be used are left out if the user wants them set aside.
        """
        if self.bad_files != "set-aside":
            return None
        from espalier.pipelines.images.bad_files import good_rows

        return good_rows(self.pictures(table).bad, len(table))

    def planned(self, table: pd.DataFrame) -> "Mapping[str, PlannedCells]":
        """Return the picture columns for `espalier.pipelines.data.prepare.prepare`."""
        return self.pictures(table).planned

    def extended(
        self, table: pd.DataFrame, preparation: "Preparation", features: pd.DataFrame
    ) -> "tuple[Preparation, pd.DataFrame]":
        """Return both with vectors of the texts' meaning, and the pixels of pictures, added."""
        from espalier.pipelines.images.pixels import with_pixels
        from espalier.pipelines.texts.columns import with_meanings

        if self.meanings:
            preparation, features = with_meanings(
                table, preparation, features, seconds=self.seconds, deadline=self.deadline
            )
        # Where there was no time to read all pictures, there is none to train on them.
        if self.pixel_side == 0 or (self.known_only and self.pixel_side is None):
            return preparation, features
        return with_pixels(
            table,
            preparation,
            features,
            side=self.pixel_side,
            alone=self.glance,
            seconds=self.seconds,
            deadline=self.deadline,
        )


NO_FROZEN_FEATURES = FrozenFeatures(image_columns=())
