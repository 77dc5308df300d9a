"""What a spec names exists, is named once, and every claim can have a verdict."""

from pathlib import Path

import pytest

from tests.spec.broken import edited, faults_in, places_of

CASES: dict[str, tuple[list[tuple[str, str]], list[str]]] = {
    "an id twice": (
        [('id = "ss-8-value"', 'id = ▶"wider-is-better"')],
        ["the claim id `wider-is-better` is given twice, first on line 176", "rename or remove"],
    ),
    "a published number twice": (
        [('row = "beta-lasso"\ndata = "cifar100"', 'row = ▶"beta-lasso"\ndata = "cifar10"')],
        ["reported number `beta-lasso, cifar10, test_error`", "first on line 158"],
    ),
    "a claim about no model": (
        [('a = "mixer-ss-w-equal"', 'a = ▶"mixer-ss-w-eqal"')],
        ["no model is called `mixer-ss-w-eqal`", "there are mixer-ss-8,", 'did you mean "mixer-ss-w-equal"?'],
    ),
    "a claim of a quoted row": ([('a = "mixer-ss-w-equal"', 'a = ▶"beta-lasso"')], ["not a reported row"]),
    "a claim against nothing": (
        [('b = "beta-lasso"', 'b = ▶"beta-laso"')],
        ["no model or reported row is called `beta-laso`", 'did you mean "beta-lasso"?'],
    ),
    "a claim against itself": (
        [('b = "mixer-ss-8"', 'b = ▶"mixer-ss-w-equal"')],
        ["with itself", "name the other model"],
    ),
    "a claim about no data": (
        [('a = "mixer-ss-w-equal"', 'data = ["cifar10", ▶"cifar"]\na = "mixer-ss-w-equal"')],
        ["no data set is called `cifar`", 'did you mean "cifar10"?'],
    ),
    "a claim about the same data twice": (
        [('a = "mixer-ss-w-equal"', 'data = ["cifar10", ▶"cifar10"]\na = "mixer-ss-w-equal"')],
        ['"cifar10" twice, as values 1 and 2', "one verdict"],
    ),
    "a claim that no profile has runs for": (
        [
            ('a = "mixer-ss-w-equal"', 'data = ▶["cifar100"]\na = "mixer-ss-w-equal"'),
            ('["cifar10", "cifar100"]', '["cifar10"]'),
        ],
        ["about data cifar100, which no profile uses", "quick uses digits"],
    ),
    "a value that nobody reported": (
        [
            ('id = "ss-w-value"\n', 'id = "ss-w-value"\n'),
            ('a = "mixer-ss-w"\nmetric = "test_error"\nalpha', 'a = ▶"mixer-ss-w-equal"\nmetric = "test_error"\nalpha'),
        ],
        ["the reported test_error of `mixer-ss-w-equal`, and there is none", "add a [[reported]]"],
    ),
    "a value not reported on these data": (
        [('kind = "value"\n', 'kind = "value"\ndata = [▶"digits"]\n')],
        ["nothing is reported of `mixer-ss-8`", "cifar10, cifar100"],
    ),
    "equal connections with a quoted row": (
        [('b = "beta-lasso"\n', 'b = "beta-lasso"\nequal_connections_within = ▶0.01\n')],
        ["`beta-lasso`, a reported row", "this spec's models only"],
    ),
    "a number on no data": (
        [('data = "cifar10"\nmetric', 'data = ▶"cifar"\nmetric')],
        ["no data set is called `cifar`"],
    ),
    "a number of nobody": (
        [
            ('row = "mixer-ss-8"', 'row = ▶"foo"'),
            ('[[claim]]\nid = "ss-8-value"', '[[claim]]\ndata = ["cifar100"]\nid = "ss-8-value"'),
        ],
        ["no model is called `foo`", "whom it is quoted from", "add quoted_from = …"],
    ),
    "a profile without its data": ([('data = ["digits"]', 'data = [▶"digit"]')], ["`digit`", 'did you mean "digits"?']),
    "a profile with data twice": ([('data = ["digits"]', 'data = ["digits", ▶"digits"]')], ["twice", "used once"]),
    "a profile that sizes no model": (
        [("[profile.quick.model.mixer-ss-8]", "▶[profile.quick.model.mixer-ss-9]")],
        ["no model is called `mixer-ss-9`", "did you mean `mixer-ss-8`?"],
    ),
    "a reason for nothing": (
        [('"train.optimizer.eps"', '▶"train.optimizer.epsilon"')],
        ["no value at `train.optimizer.epsilon`", 'did you mean "train.optimizer.eps"?'],
    ),
    "a reason for no model's value": (
        [('"model.mixer-ss-8.bias"', '▶"model.mixer-ss-9.bias"')],
        ["`model.mixer-ss-9.bias`"],
    ),
    "a reason for a value that is left out": (
        [('"train.drop_last"', '▶"model.mixer-ss-8.omega"')],
        ["`model.mixer-ss-8.omega`"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_name_that_is_wrong_has_one_fault(name: str, tmp_path: Path) -> None:
    edits, words = CASES[name]
    broken = edited(*edits)
    faults = faults_in(tmp_path, broken.text)
    assert places_of(faults) == broken.places, [str(fault) for fault in faults]
    missing = [word for word in words if word not in str(faults[0])]
    assert not missing, str(faults[0])
