"""What a reader must know before believing a number: in plain sentences, from the records themselves."""

from __future__ import annotations

from pkbench.claims.verdict import Verdict
from pkbench.report.provenance import data_used
from pkbench.report.study import Study
from pkbench.report.words import counted, effect_unit
from pkbench.spec.metric import METRICS


def trust(study: Study) -> list[str]:
    """Sentences on scope, seeds, power, choice of learning rate, corrections and the state of the runs."""
    evaluation = study.evaluation
    return [
        f"Scope of this profile ({evaluation.profile}): {evaluation.scope}",
        *_seeds(study),
        *_resolution(study),
        *_power(study),
        *_selection(study),
        *_families(study),
        *(f"{note[0].upper()}{note[1:]}." for note in evaluation.notes),
        *(f"{problem[0].upper()}{problem[1:]}." for problem in study.problems),
    ]


def _seeds(study: Study) -> list[str]:
    train = study.scaled.train
    numbers = sorted({summary.n for summary in study.evaluation.models})
    n = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
    return [
        f"The seed is the unit: n = {n} of {len(dict.fromkeys(train.seeds))} planned. Seeds vary initialisation, order of "
        "the data, augmentation and random permutations. They do not vary the split, the test images, the hardware or "
        "the recipe, so an interval here is about further seeds on the same images and says nothing about other data."
    ]


def _resolution(study: Study) -> list[str]:
    return [
        f"The test part of {data.data_id} has {data.test:,} images: one image is {100 / data.test:.3g} points."
        for data in data_used(study)
        if data.test
    ]


def _power(study: Study) -> list[str]:
    return [
        f"{verdict.claim_id} on {verdict.data_id}: with the spread of these {counted(verdict.n, 'seed')} a true distance of "
        f"{_distance(verdict, verdict.detectable)} from the claimed margin would have been shown with 80 % chance (at the strictest "
        "step of the correction); smaller ones are likely to be missed."
        for verdict in study.evaluation.verdicts
        if verdict.detectable is not None
    ]


def _distance(verdict: Verdict, value: float) -> str:
    """A distance of effects with its unit, or of what it is one."""
    metric = METRICS[verdict.metric]
    return f"{value:.{metric.digits}f} {'' if metric.difference else 'in '}{effect_unit(verdict)}"


def _selection(study: Study) -> list[str]:
    rates = len(study.scaled.train.optimizer.lr)
    if rates == 1:
        return [
            "One learning rate was used for every model: a model it does not suit looks worse than it is, and nothing "
            "here can tell."
        ]
    if study.scaled.train.select_lr_by == "test-error":
        return [
            f"Of {rates} learning rates each model got the one with the lowest mean error on the test images, as the spec "
            "asks: its errors are optimistic, and the intervals do not account for it."
        ]
    return [
        f"Of {rates} learning rates each model got the one with the lowest mean error on held-out validation images over "
        "the same seeds; the test images had no part in it."
    ]


def _families(study: Study) -> list[str]:
    verdicts = [verdict for verdict in study.evaluation.verdicts if verdict.outcome != "not assessed"]
    if not verdicts:
        return []
    support = max(verdict.family_support for verdict in verdicts)
    contradict = max(verdict.family_contradict for verdict in verdicts)
    return [
        "Tests are one-sided t tests on seeds (two-sided for reported values), corrected by Holm's procedure over "
        f"{counted(support, 'test')} for and {counted(contradict, 'test')} against the claims of this spec at this profile; "
        "intervals are two-sided and not corrected. A t test takes differences for roughly normal, which so few seeds "
        "cannot show: where they are as skewed as an exponential, it is wrong in about 16 % of studies of three or five "
        "seeds instead of 5 %; where both models scatter alike, skew cancels (docs/statistics.md)."
    ]
