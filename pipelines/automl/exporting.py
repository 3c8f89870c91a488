"""The method ``export`` of fitted estimators."""

from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:  # a fitted estimator must load without what writes files
    from pathlib import Path

    import pandas as pd

    from espalier.pipelines.export.base.formats import ExportFormat
    from espalier.pipelines.export.write import Exported
    from espalier.pipelines.serving.model import EnsembleModel


class Exports:
    """Base class of estimators whose model can be written as one file."""

    model_: "EnsembleModel"

    def _raw_rows(self, X: Any) -> "pd.DataFrame":
        """Return X as a table with the training's column names."""
        raise NotImplementedError

    def export(
        self, path: "str | Path", format: "ExportFormat" = "onnx", *, X: Any = None
    ) -> "Exported":
        """Write the fitted model as one file that needs no Espalier.

        Parameters
        ----------
        path : str or Path
            The file.
        format : str
            ``onnx`` (the whole ensemble, for onnxruntime), ``c`` (the same as C99, for tables
            without text) or ``python`` (a script that trains the best single pipeline anew).
        X : DataFrame, array-like or None
            Rows to compare the file with the model on, as in `predict`, best those that it was not
            fitted to; None for the few that are stored with it.

        Returns
        -------
        Exported
            The file, its size, and how its answers compare.

        Raises
        ------
        NotFittedError
            ``fit`` was not called.
        CannotExportError
            A part of the model has no form in this format; fit it with ``portable=``.
        ExportDiffersError
            The file would answer otherwise than the model; it is not kept.
        """
        from espalier.pipelines.export.write import export_model

        check_is_fitted(self, "model_")
        rows = None if X is None else self._raw_rows(X)
        return export_model(self.model_, path, format, rows=rows)
