"""Every wrong value, key and table is reported where it stands, with what was found, what is needed, and the way out."""

import re
from pathlib import Path

import pytest

from tests.spec.broken import edited, faults_in, places_of

SS8 = '[[model]]\nid = "mixer-ss-8"'
SCHEDULE = '[train.schedule]\nkind = "cosine"\nwarmup_epochs = 0\nwarmup_lr = 0.0\nfinal_lr = 0.0\n'
SCHEDULE_ASSUMPTIONS = [
    (f'"train.schedule.{key}"', f'"train.{other}"')
    for key, other in (("warmup_epochs", "epochs"), ("final_lr", "seeds"))
]
OTHER_SIZES = "\n[profile.quick.model.mixer-ss-w]\npatch = 2\nS = 16\nC = 25\n\n[profile.quick.model.mixer-ss-w-equal]\npatch = 2\nS = 16\nC = 24\n"
JARGON = re.compile(r"pydantic|https?:|[Ii]nput should|Literal|union|tuple|dict\b|NoneType|\bstr\b|_type|BROKEN")
LR = "lr = [0.04, 0.05, 0.06]"

CASES: dict[str, tuple[list[tuple[str, str]], list[str]]] = {
    # numbers
    "too small": ([("depth = 2", "depth = ▶0")], ["`model.mixer-ss-8.depth` is 0", "a whole number from 1 to 1,000"]),
    "a point too many": ([("depth = 2", "depth = ▶2.0")], ["2.0", "a whole number", "write 2"]),
    "half a block": ([("depth = 2", "depth = ▶2.5")], ["2.5", "a whole number from 1 to 1,000"]),
    "a number in quotes": ([("depth = 2", 'depth = ▶"2"')], ['"2", text', "write 2 without quotes"]),
    "thousands of digits": (
        [("depth = 2", f"depth = ▶0x{'F' * 5000}")],
        ["a number of about 6,0", "digits", "from 1 to 1,000"],
    ),
    "a number above its range": ([("alpha = 0.05", "alpha = ▶5")], ["claim.wider-is-better.alpha` is 5", "below 0.5"]),
    "a quoted mean": ([("mean = 15.91", 'mean = ▶"15.91"')], ["reported.#1.mean", "write 15.91 without quotes"]),
    "infinite": ([("weight_decay = 0.01", "weight_decay = ▶inf")], ["is inf", "a number of at least 0"]),
    "not a number": ([("eps = 1e-8", "eps = ▶nan")], ["is nan", "a number above 0"]),
    "a date for a number": ([("epochs = 4000", "epochs = ▶1979-05-27")], ["1979-05-27, a date", "a whole number"]),
    "a negative seed": (
        [("seeds = [0, 1, 2]", "seeds = [0, ▶-1, 2]")],
        ["item 2 of `train.seeds` is -1", "from 0 to 2,147,483,647"],
    ),
    "true for a seed": ([("seeds = [0, 1, 2]", "seeds = [▶true, 1]")], ["true", "true or false", "a whole number"]),
    # texts and choices
    "another case": ([('mixing = "normal"', 'mixing = ▶"Normal"')], ['"Normal"', '"random"', 'did you mean "normal"?']),
    "an underscore": (
        [('normalize = "train-statistics"', 'normalize = ▶"train_statistics"')],
        ["data.cifar10.normalize", '"none"', 'did you mean "train-statistics"?'],
    ),
    "empty text": ([('place = "Table 1, §4.2"', 'place = ▶""')], ["has 0 characters", "1 to 4,000 characters"]),
    "a date for a text": ([('place = "Table 1, §4.2"', "place = ▶2024-06-01")], ["2024-06-01, a date", "in quotes"]),
    "a number for a choice": ([('precision = "fp32"', "precision = ▶32")], ["is 32", '"fp32", "tf32" or "bf16"']),
    "a name with capitals": (
        [('id = "wider-is-better"', 'id = ▶"Wider is better"')],
        ["lower-case letters", 'for instance "wider-is-better"'],
    ),
    "a control character": (
        [('place = "Table 1, §4.2"', 'place = ▶"\\u001b[31mred"')],
        ["claim.wider-is-better.place"],
    ),
    "1 for true": ([("bias = true", "bias = ▶1")], ["is 1, a whole number", "true or false", "write true"]),
    "true in quotes": ([("bias = true", 'bias = ▶"true"')], ['"true", text', "write true without quotes"]),
    "a choice in brackets": (
        [('precision = "fp32"', 'precision = ▶["fp32"]')],
        ['["fp32"], an array', 'write "fp32" without [ ]'],
    ),
    # arrays
    "no array": ([(LR, "lr = ▶0.04")], ["0.04", "an array of 1 to 100 values", "write [0.04]"]),
    "an empty array": ([(LR, "lr = ▶[]")], ["has 0 values", "1 to 100 values, each a number above 0"]),
    "an array too short": ([("betas = [0.9, 0.999]", "betas = ▶[0.9]")], ["has 1 value;", "an array of 2 values"]),
    "an array too long": ([("betas = [0.9, 0.999]", "betas = ▶[0.9, 0.9, 0.9]")], ["has 3 values", "of 2 values"]),
    "an array for a value": ([("depth = 2", "depth = ▶[2]")], ["[2], an array", "write 2 without [ ]"]),
    "a bad item": ([(LR, 'lr = [0.04, ▶"a"]')], ["item 2 of `train.optimizer.lr`", '"a", text', "a number above 0"]),
    "a shape of two": (
        [("shape = [32, 32, 3]", "shape = ▶[32, 32]")],
        ["data.cifar10.shape", "has 2 values", "of 3 values"],
    ),
    "ids without brackets": ([('data = ["digits"]', 'data = ▶"digits"')], ['write ["digits"]']),
    # keys
    "a missing key": (
        [(SS8, "▶" + SS8), ("depth = 2\n", "")],
        ["`model.mixer-ss-8` has no `depth`", "a whole number from 1 to 1,000", "Base blocks L", "add `depth = …`"],
    ),
    "a missing table": (
        [("[train]\n", "▶[train]\n"), (SCHEDULE, ""), *SCHEDULE_ASSUMPTIONS],
        ["`train` has no `schedule`", "The learning rate over time", "add a table [train.schedule]"],
    ),
    "a typo in a key": (
        [("depth = 2", "▶dept = 2")],
        ["no key `dept`", "known keys here: id,", "did you mean `depth`?"],
    ),
    "a typo in a table": (
        [("[train.schedule]", "▶[train.scheduler]")],
        ["`train` has no key `scheduler`", "did you mean `schedule`?"],
    ),
    "a typo at the top": ([("[experiment]", "▶[experment]")], ["a spec has no key `experment`", "`experiment`?"]),
    "a typo in one header of several": (
        [("[profile.quick]\n", "▶[profile.quikc]\n")],
        ["`quikc`", '"quick", "fast" or "paper"', "did you mean `quick`?"],
    ),
    "an unlike key": ([("depth = 2\n", "depth = 2\n▶zzz = 1\n")], ["no key `zzz`", "known keys here"]),
    "a key that steers the terminal": ([("depth = 2\n", 'depth = 2\n▶"\\u001b[2J" = 1\n')], ["no key `�[2J`"]),
    "a key of another table": (
        [("eps = 1e-8", "eps = 1e-8\n▶epochs = 3")],
        ["`train.optimizer` has no key `epochs`", "a key of [train]", "move it there"],
    ),
    "a key that is cut short": (
        [('source = "torchvision:CIFAR10"', 'source = "parquet"\n▶train = "a.parquet"\ntest_path = "b.parquet"')],
        ["has no key `train`", "did you mean `train_path`?"],
    ),
    "a key of a table below": ([("[train]\n", "[train]\n▶betas = [0.9, 0.9]\n")], ["a key of [train.optimizer]"]),
    "a lost header": (
        [(SCHEDULE, SCHEDULE.replace('[train.schedule]\nkind = "cosine"\n', "▶"))],
        [
            "no keys `warmup_epochs`, `warmup_lr`, `final_lr`",
            "keys of [train.schedule]",
            "write [train.schedule] above",
        ],
    ),
    "a key of another kind": (
        [('[[claim]]\nid = "ss-8-value"', '[[claim]]\n▶margin = 0.0\nid = "ss-8-value"')],
        ['`margin` is a key of kind = "less"', "`claim.ss-8-value` is of another", "change kind"],
    ),
    "a typo in an inline table": ([("stated = { place", "stated = { ▶plaec")], ["model.mixer-ss-8.stated", "`place`?"]),
    "a typo in one list header of several": (
        [('[[model]]\nid = "mixer-ss-w" ', '▶[[modle]]\nid = "mixer-ss-w" ')],
        ["a spec has no key `modle`", "did you mean `model`?"],
    ),
    "an id with points without quotes": (
        [
            ('id = "mixer-ss-w-equal"', 'id = "mixer.ss"'),
            ('a = "mixer-ss-w-equal"', 'a = "mixer.ss"'),
            ('"model.mixer-ss-w-equal.C"', '"model.mixer.ss.C"'),
            ("[profile.quick.model.mixer-ss-w-equal]", "▶[profile.quick.model.mixer.ss]"),
        ],
        ["the id `mixer.ss` has dots", 'write [profile.quick.model."mixer.ss"]'],
    ),
    # kinds
    "a kind that resembles": (
        [('kind = "mlp-mixer"', 'kind = ▶"mlpmixer"')],
        ['"mlpmixer"', '"mlp-mixer", "s-mixer", "structured-mixer"', 'did you mean "mlp-mixer"?'],
    ),
    "a kind of its own": (
        [('kind = "mlp-mixer"', 'kind = ▶"resnet"')],
        ['"resnet"', '"mlp-mixer", "s-mixer", "structured-mixer"'],
    ),
    "no kind": ([(SS8, "▶" + SS8), ('kind = "mlp-mixer"\n', "")], ["has no `kind`", "Architecture", "add `kind = …`"]),
    "a number for a kind": (
        [('kind = "mlp-mixer"', "kind = ▶3")],
        ["kind` is 3", '"mlp-mixer", "s-mixer", "structured-mixer"'],
    ),
    "a typo in the kind's key": ([('kind = "mlp-mixer"', '▶knd = "mlp-mixer"')], ["no key `knd`", "`kind`?"]),
    "an unknown source": ([('source = "digits"', 'source = ▶"digit"')], ['"imagefolder"', 'did you mean "digits"?']),
    # brackets
    "double brackets": ([("[experiment]", "▶[[experiment]]")], ["written [[experiment]]", "write [experiment]"]),
    "a table for a value": ([("depth = 2", "depth = ▶{ blocks = 2 }")], ["{ … }, a table", "a whole number"]),
    "a list of sizes": (
        [("[profile.quick.model.mixer-ss-8]", "▶[[profile.quick.model]]"), (OTHER_SIZES, "")],
        ["`profile.quick.model`", "an array", "a table", "[….<id>]"],
    ),
    "a path without quotes": (
        [('"train.optimizer.eps" =', "▶train.optimizer.eps =")],
        ["`train.optimizer.eps` is not one key without quotes", 'write "train.optimizer.eps" = …'],
    ),
    "a number for a reason": (
        [('Table 1 is no sweep over S: the plain skip path."', '"\n"train.epochs" = ▶3')],
        ["is 3", "text"],
    ),
    # profiles
    "a profile of another name": (
        [
            (f"[profile.fast{end}]", f"{mark}[profile.tiny{end}]")
            for mark, end in (("▶", ""), ("", ".train"), ("", ".train.optimizer"))
        ],
        ["`tiny`", '"quick", "fast" or "paper"'],
    ),
    "a profile that changes the mixing": (
        [("C = 60\n", 'C = 60\n▶mixing = "random"\n')],
        ["sets `mixing`", "a profile cannot change what is asked", "depth, patch, S, C, gamma", "another spec"],
    ),
    "a profile that changes the optimizer": (
        [("[profile.quick.train.optimizer]\n", '[profile.quick.train.optimizer]\n▶kind = "sgd"\n')],
        ["sets `kind`", "changes scale only: lr, weight_decay"],
    ),
    "a profile that changes a claim": (
        [("[profile.quick]\n", "[profile.quick]\n▶claim = 3\n")],
        ["sets `claim`", "cannot change"],
    ),
    "a profile that changes the selection": (
        [("[profile.fast.train]\n", '[profile.fast.train]\n▶select_lr_by = "test-error"\n')],
        ["`profile.fast.train` sets `select_lr_by`", "cannot change what is asked"],
    ),
    "a profile's key one table too high": (
        [("[profile.quick]\n", "[profile.quick]\n▶epochs = 3\n")],
        ["a key of [profile.quick.train]", "move it there"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_broken_spec_has_one_fault_at_its_place(name: str, tmp_path: Path) -> None:
    edits, words = CASES[name]
    broken = edited(*edits)
    faults = faults_in(tmp_path, broken.text)
    assert places_of(faults) == broken.places, [str(fault) for fault in faults]
    missing = [word for word in words if word not in str(faults[0])]
    assert not missing, str(faults[0])
    said = " ".join((faults[0].what, faults[0].constraint, faults[0].remedy))
    assert not JARGON.search(said), said
