"""Espalier's estimators behind the interface of the peers' runner; `peers.py` hands it over."""

import os
from typing import Any

import pandas as pd
from peer_adapters.base import Adapter

EXPERIENCE = "ESPALIER_PEER_EXPERIENCE"
"""Environment variable: folder of what was learned without the table; empty for no experience."""


class Peer(Adapter):  # type: ignore[misc]
    """Espalier as a user has it: a time budget, the cores, a seed, and nothing else set."""

    def start(self) -> str:
        """Import, and return the version."""
        from espalier.infra.version import own_version
        from espalier.pipelines.automl.estimators import AutoMLClassifier, AutoMLRegressor

        made = AutoMLClassifier if self.classification else AutoMLRegressor
        self.model = made(
            time_budget=self.budget,
            n_jobs=self.jobs,
            random_state=self.seed,
            experience=os.environ.get(EXPERIENCE) or None,
        )
        return str(own_version())

    def fit(self, X: pd.DataFrame, y: "pd.Series[Any]") -> None:
        """Search and combine."""
        self.model.fit(X, y)

    def predict(self, X: pd.DataFrame) -> Any:
        """Return probabilities or values."""
        return self.model.predict_proba(X) if self.classification else self.model.predict(X)

    def models_tried(self) -> int:
        """Return the trials."""
        return len(self.model.leaderboard_)

    def details(self) -> dict[str, Any]:
        """Return what served, and how it was chosen."""
        board = self.model.leaderboard_
        members = board[board["weight"] > 0]
        return {
            "cv_score": self.model.cv_score_,
            "members": {
                f"{row['trial']} {row['family']}": round(float(row["weight"]), 3)
                for _, row in members.iterrows()
            },
            "statuses": board["status"].astype(str).value_counts().to_dict(),
        }
