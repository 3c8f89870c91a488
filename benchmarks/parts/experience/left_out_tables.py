"""What the other tables of a store teach about one: nothing of its records, nor of its twins'."""

from espalier.pipelines.experience.fit import fit_aligned
from espalier.pipelines.experience.knowledge import Knowledge
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.space_alignment import AlignedKnowledge
from espalier.pipelines.experience.transfer.process_validation import validate_process


def others(known: AlignedKnowledge, fingerprint: str) -> AlignedKnowledge:
    """Return what is known of other tables than those of this content."""
    rest = (each for each in known.datasets if each.dataset.fingerprint != fingerprint)
    return known.with_datasets(tuple(rest))


def others_than(known: AlignedKnowledge, name: str) -> AlignedKnowledge:
    """Return what is known of other tables than the one of this name and those of its content."""
    for each in known.datasets:
        if each.dataset.name == name:
            return others(known, each.dataset.fingerprint)
    return known


def learned(records: KnowledgeBase, known: AlignedKnowledge) -> Knowledge:
    """Return what ``known``, a part of the records, teaches."""
    return fit_aligned(records, known, seed=0, validation=validate_process(known, known))
