"""The meta-features: what each number means and where it comes from.

Sources, named in the last field:

- *Statlog*: D. Michie, D. Spiegelhalter, C. Taylor (eds), Machine Learning, Neural and Statistical
  Classification, 1994, chapter 7.3.
- *Landmarks*: B. Pfahringer, H. Bensusan, C. Giraud-Carrier, Meta-learning by landmarking various
  learning algorithms, ICML 2000.
- *Metalearning*: P. Brazdil, J. van Rijn, C. Soares, J. Vanschoren, Metalearning, 2nd ed., Springer
  2022, chapter 4.
- *auto-sklearn*: M. Feurer and others, Efficient and robust automated machine learning, NIPS 2015,
  supplement.
- *own*: introduced here.

- *Characteristics*: X. Wang, K. Smith, R. Hyndman, Characteristic-based clustering for time series
  data, 2006.
- *Entropy*: G. Goerg, Forecastable component analysis, ICML 2013.

A number that a dataset does not have (the skew of the target of a classification) is 0. The series
of a forecast have a catalogue of their own.
"""

from collections.abc import Container
from dataclasses import dataclass

VERSION = 1
"""Goes up whenever a meta-feature is added, removed or means something else."""


@dataclass(frozen=True, slots=True)
class MetaFeature:
    """The definition of one meta-feature, a number that describes a dataset.

    Attributes
    ----------
    name : str
        Its name.
    meaning : str
        What it is, with its range.
    source : str
        Where it comes from.
    """

    name: str
    meaning: str
    source: str


CATALOGUE: tuple[MetaFeature, ...] = (
    # size
    MetaFeature("log_rows", "log10 of the rows", "Statlog"),
    MetaFeature("log_columns", "log10 of the columns", "Statlog"),
    MetaFeature("log_rows_per_column", "log10 of rows over columns", "auto-sklearn"),
    # kinds of columns
    MetaFeature("share_categorical", "share of columns that are categories", "auto-sklearn"),
    MetaFeature("share_text", "share of columns that are text", "own"),
    MetaFeature("share_datetime", "share of columns that are dates", "own"),
    MetaFeature("share_binary", "share of columns with two values", "Statlog"),
    MetaFeature("share_integer", "share of numeric columns of whole numbers", "own"),
    MetaFeature("share_missing", "share of cells that are missing", "auto-sklearn"),
    MetaFeature("share_columns_missing", "share of columns with a missing cell", "auto-sklearn"),
    MetaFeature("share_zero", "share of numeric cells that are 0", "Metalearning"),
    MetaFeature("levels_mean", "mean log10 of levels over categorical columns", "auto-sklearn"),
    MetaFeature("levels_max", "log10 of levels of the widest categorical column", "auto-sklearn"),
    MetaFeature("share_duplicates", "share of sampled rows that repeat another's features", "own"),
    # target
    MetaFeature("is_regression", "1 for regression, 0 for classification", "own"),
    MetaFeature("log_classes", "log2 of the classes", "Statlog"),
    MetaFeature("class_entropy", "entropy of the classes over log2 of their number", "Statlog"),
    MetaFeature("share_majority", "share of the most frequent class", "Metalearning"),
    MetaFeature("imbalance", "log10 of the largest over the smallest class", "Metalearning"),
    MetaFeature("target_skew", "signed log of the target's skewness", "Metalearning"),
    MetaFeature("target_kurtosis", "signed log of the target's excess kurtosis", "Metalearning"),
    MetaFeature("target_distinct", "distinct targets over sampled rows", "own"),
    MetaFeature("target_outliers", "share of targets beyond 3 quartile ranges", "Metalearning"),
    # distributions of the numeric columns
    MetaFeature("skew_q10", "10 % quantile over columns of the signed log skewness", "Statlog"),
    MetaFeature("skew_q50", "median over columns of the signed log skewness", "Statlog"),
    MetaFeature("skew_q90", "90 % quantile over columns of the signed log skewness", "Statlog"),
    MetaFeature("kurtosis_q10", "10 % quantile of the signed log excess kurtosis", "Statlog"),
    MetaFeature("kurtosis_q50", "median of the signed log excess kurtosis", "Statlog"),
    MetaFeature("kurtosis_q90", "90 % quantile of the signed log excess kurtosis", "Statlog"),
    MetaFeature("outliers_mean", "mean share of cells beyond 3 quartile ranges", "Metalearning"),
    # between columns, and with the target
    MetaFeature("association_q10", "10 % quantile of columns' association with the target", "own"),
    MetaFeature("association_q50", "median of columns' association with the target", "own"),
    MetaFeature("association_q90", "90 % quantile of columns' association with the target", "own"),
    MetaFeature("association_max", "largest association of a column with the target", "own"),
    MetaFeature("correlation_mean", "mean absolute rank correlation of columns", "Statlog"),
    MetaFeature("correlation_q90", "90 % quantile of the same", "Statlog"),
    MetaFeature("components_95", "share of principal components for 95 % variance", "auto-sklearn"),
    # landmarks: 0 is a constant, 1 is perfect
    MetaFeature("landmark_stump", "skill of a tree with one split", "Landmarks"),
    MetaFeature("landmark_tree", "skill of a tree of depth 5", "Landmarks"),
    MetaFeature("landmark_neighbour", "skill of the nearest neighbour", "Landmarks"),
    MetaFeature("landmark_bayes", "skill of naive Bayes", "Landmarks"),
    MetaFeature("landmark_linear", "skill of a ridge model", "Landmarks"),
    MetaFeature("landmark_bend", "skill of the tree minus that of the ridge model", "own"),
)
"""All meta-features, in the order of the vector."""

SERIES_VERSION = 1
"""As `VERSION`, of the meta-features of series."""

SERIES_CATALOGUE: tuple[MetaFeature, ...] = (
    MetaFeature("log_series", "log of the number of series", "own"),
    MetaFeature("log_length", "log of the median number of values of a series", "own"),
    MetaFeature("log_horizon", "log of the steps to forecast", "own"),
    MetaFeature("log_horizons", "log of the median number of horizons in a series", "own"),
    MetaFeature("log_season", "log of the season; 0 for none", "own"),
    MetaFeature("n_seasons", "number of seasons that may be there", "own"),
    MetaFeature("gap_share", "share of steps without a value", "own"),
    MetaFeature("zero_share", "mean share of values that are 0", "own"),
    MetaFeature("log_variation", "mean log of deviation over level", "own"),
    MetaFeature("trend_strength", "mean share of variance that a line explains", "Characteristics"),
    MetaFeature("trend_spread", "its deviation over series", "own"),
    MetaFeature("season_strength", "mean share of variance of the season", "Characteristics"),
    MetaFeature("season_spread", "its deviation over series", "own"),
    MetaFeature("autocorrelation", "mean first autocorrelation", "Characteristics"),
    MetaFeature("change_autocorrelation", "mean first autocorrelation of the changes", "own"),
    MetaFeature("entropy", "mean entropy of the spectrum of the changes, 0 to 1", "Entropy"),
)
"""The meta-features of the series of a forecast, in the order of the vector."""


def catalogue_of(names: Container[str]) -> tuple[MetaFeature, ...]:
    """Return the catalogue that meta-features of these names belong to."""
    return SERIES_CATALOGUE if SERIES_CATALOGUE[0].name in names else CATALOGUE


def version_of(names: Container[str]) -> int:
    """Return today's version of the catalogue that meta-features of these names belong to."""
    return SERIES_VERSION if SERIES_CATALOGUE[0].name in names else VERSION
