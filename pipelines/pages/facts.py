"""The facts that a report shows, whoever knows them: a flow, or an estimator in a notebook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from espalier.pipelines.calibration.report import NOTHING_ADJUSTED, AdjustmentReport
from espalier.pipelines.explain.columns import ColumnSummary
from espalier.pipelines.explain.explanation import Explanation
from espalier.pipelines.explain.forecast_explanation import ForecastExplanation
from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.explain.search.story import SearchStory
from espalier.pipelines.pages.first_screen import FirstScreen
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.failures import Failures


@dataclass(frozen=True, slots=True, kw_only=True)
class HowToReproduce:
    """What is needed to make a model again.

    Attributes
    ----------
    command : str
        The training as a command; the data source without its password.
    check : str
        Command that makes the model again and compares the two; empty where there is none.
    seed : int
        Seed of everything random.
    fingerprint : str
        Fingerprint of the training table.
    versions : mapping of str to str
        Python, the machine, and the packages that results depend on.
    extends : bool
        Whether the run went on from the trials of an earlier one, which the command does not say.
    """

    command: str
    check: str
    seed: int
    fingerprint: str
    versions: Mapping[str, str]
    extends: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreFacts:
    """A score on rows that the model has not seen.

    Attributes
    ----------
    score, baseline : float
        The metric, and that of the best constant on the same rows.
    interval : (float, float)
        95 % bootstrap interval of ``score``.
    n_rows : int
        Number of rows that were scored.
    note : str
        What else is to be said of it; empty for nothing.
    compared_too : bool
        Whether trials were compared on these rows, though not fitted to them.
    """

    score: float
    baseline: float
    interval: tuple[float, float]
    n_rows: int
    note: str = ""
    compared_too: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleFacts:
    """How the members are combined.

    Attributes
    ----------
    method : str
        Name of the combiner.
    cv_score : float
        Score on out-of-fold predictions.
    combiners : tuple of (method, score, number of members)
        The combiners that were compared.
    adjusted : AdjustmentReport
        How calibration, threshold and intervals were chosen.
    light_front : tuple of (name, score, milliseconds, MiB, operations, mark)
        Models of the front of score and costs, as cells of a table; empty if it was not asked for.
    """

    method: str
    cv_score: float
    combiners: tuple[tuple[str, float, int], ...] = ()
    adjusted: AdjustmentReport = NOTHING_ADJUSTED
    light_front: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFacts:
    """The series of a forecast: their number, the horizon in steps, and the step."""

    n_series: int
    horizon: int
    frequency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """The table that a model learnt from.

    Attributes
    ----------
    source, target : str
        Where it came from (without a password), and the target column.
    problem : ProblemKind
        Kind of problem.
    n_rows, n_columns : int
        Rows that were searched on, and features.
    folds : str
        Description of the folds.
    series : SeriesFacts or None
        For a forecast.
    notes : tuple of str
        What was found and done in reading it.
    set_aside : tuple of (column, reason)
        Columns that are not used.
    n_expectations : int or None
        Number of expectations checked; None if none were.
    broken : tuple of (severity, expectation)
        Those that do not hold.
    columns : tuple of ColumnSummary
        What each column holds; empty if that is not known.
    """

    source: str
    target: str
    problem: ProblemKind
    n_rows: int
    n_columns: int
    folds: str
    series: SeriesFacts | None = None
    notes: tuple[str, ...] = ()
    set_aside: tuple[tuple[str, str], ...] = ()
    n_expectations: int | None = None
    broken: tuple[tuple[str, str], ...] = ()
    columns: tuple[ColumnSummary, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """Facts that a report shows.

    Attributes
    ----------
    title, badge : str
        The heading, and what stands beside it; the latter may be empty.
    metric : str
        The optimised metric.
    higher_is_better : bool
        Its direction.
    data : DataFacts
        The table.
    scored : ScoreFacts or None
        The score on unseen rows; None without such rows.
    ensemble : EnsembleFacts
        The combination.
    explanation : Explanation or ForecastExplanation
        What is known of the model from unseen rows.
    leaderboard : sequence of LeaderboardRow
        Trials, the best first.
    failures : sequence of Failures
        Why trials have no score.
    story : SearchStory or None
        The search in figures.
    first : FirstScreen or None
        The first screen.
    reproduce : HowToReproduce or None
        How to make the model again.
    examples : str
        Address of a page with pictures and texts of single rows, beside this one; or empty.
    row_marks : (str, str)
        What is written around the parts that name single rows, so that they can be cut out.
    """

    title: str
    metric: str
    higher_is_better: bool
    data: DataFacts
    ensemble: EnsembleFacts
    explanation: Explanation | ForecastExplanation
    leaderboard: Sequence[LeaderboardRow]
    badge: str = ""
    scored: ScoreFacts | None = None
    failures: Sequence[Failures] = ()
    story: SearchStory | None = None
    first: FirstScreen | None = None
    reproduce: HowToReproduce | None = None
    examples: str = ""
    row_marks: tuple[str, str] = ("", "")
