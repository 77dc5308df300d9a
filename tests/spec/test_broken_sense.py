"""Sizes, data and recipes that do not fit each other are reported at the value that has to change."""

from pathlib import Path

import pytest

from tests.spec.broken import edited, faults_in, places_of

RP = 'mixing = "normal"'
QUICK_SS8 = "patch = 4\nS = 4\nC = 60\n"

CASES: dict[str, tuple[list[tuple[str, str]], list[str]]] = {
    # data
    "one colour too few": (
        [("shape = [32, 32, 3]", "shape = [32, 32, ▶1]")],
        ["[32, 32, 1], images in 1 colour", "torchvision:CIFAR10 has images of 32 x 32", "shape = [32, 32, 3]"],
    ),
    "another size without a resize": (
        [("shape = [32, 32, 3]", "shape = ▶[28, 28, 3]")],
        ["nothing resizes", 'write shape = [32, 32, 3], or add resize = "bilinear"'],
    ),
    "resized colours": (
        [("shape = [8, 8, 1]", 'resize = "bilinear"\nshape = [8, 8, ▶3]')],
        ["digits has images of 8 x 8 pixels in 1 colour"],
    ),
    "classes of another source": ([("classes = 100", "classes = ▶10")], ["CIFAR100 has 100 classes", "write 100"]),
    "nothing left to train on": (
        [("validation_count = 5000", "validation_count = ▶50000")],
        ["validation_count = 50000 leave no image to train on", "50,000 images"],
    ),
    "no digits left": (
        [("test_count = 450", "test_count = 1700"), ("validation_count = 250", "validation_count = ▶250")],
        ["test_count = 1700 and validation_count = 250", "1,797 images"],
    ),
    "two test parts": (
        [
            ('source = "digits"', 'source = "parquet"\ntrain_path = "a"\ntest_path = "b"'),
            ("test_count = 450", "test_count = ▶450"),
        ],
        ["both test_path and test_count", "leave one of them out"],
    ),
    "no test part": (
        [
            (
                '[[data]]\nid = "digits"\nsource = "digits"',
                '▶[[data]]\nid = "digits"\nsource = "imagefolder"\ntrain_path = "a"',
            ),
            ("test_count = 450\n", ""),
        ],
        ["nothing about its test images", "test_path or test_count"],
    ),
    "a test part that is not looked up": (
        [('source = "digits"', 'source = "npz"\npath = "a"\ntest_images = ▶"x"')],
        ["both test_count and test_images", "not looked up"],
    ),
    # models
    "a patch that does not divide": (
        [("patch = 8", "patch = ▶7")],
        ["`model.mixer-ss-8` has patch = 7", "32 x 32 pixels", "patches that fit: 1, 2, 4, 8, 16, 32"],
    ),
    "a profile's patch that does not divide": (
        [(QUICK_SS8, QUICK_SS8.replace("patch = 4", "patch = ▶3"))],
        ["patch = 3 at profile quick", "8 x 8 pixels", "patches that fit: 1, 2, 4, 8"],
    ),
    "tokens that are not the patches": (
        [("S = 16\n", "S = ▶17\n")],
        ['S = 17 with first_skip = "identity"', "S = S0 = 16", 'write S = 16, or first_skip = "layer"'],
    ),
    "a profile's tokens that are not the patches": (
        [(QUICK_SS8, "patch = 4\nS = ▶5\nC = 60\n")],
        ["S = 5 at profile quick", "S = S0 = 4"],
    ),
    "a profile's patch that leaves the spec's tokens": (
        [(QUICK_SS8, "patch = ▶4\nC = 60\n")],
        ["S = 16 at profile quick"],
    ),
    "tokens from a small omega": ([("S = 16\n", "omega = ▶1000000\n")], ["S = 1, solved from omega,", "S = S0 = 16"]),
    "neither tokens nor omega": (
        [('[[model]]\nid = "mixer-ss-8"', '▶[[model]]\nid = "mixer-ss-8"'), ("S = 16\n", "")],
        ["neither S nor omega", "add S = … tokens"],
    ),
    "an omega of other sizes": (
        [("S = 16\n", "S = 16\nomega = ▶25600000\n")],
        ["states omega = 25,600,000", "31,615,104", "within 1%", "write omega = 31615104, or S = 13"],
    ),
    "a profile's omega of other sizes": (
        [(QUICK_SS8, QUICK_SS8 + "omega = ▶9999\n")],
        ["omega = 9,999 at profile quick", "30,720"],
    ),
    "a profile that outdates omega": (
        [("S = 16\n", "omega = 31615104\n"), (QUICK_SS8, "patch = 4\nC = ▶60\n")],
        ["neither S nor omega at profile quick", "omega = 31,615,104 is that of its own sizes", "given anew"],
    ),
    "an omega that leads to no token": (
        [("S = 16\n", "omega = ▶1000\n")],
        [
            "omega = 1,000 and C = 986: S is solved to be 0.000",
            "from 1 to 1,000,000 tokens",
            "write omega = 1946364 or",
        ],
    ),
    "an omega that leads to no end of tokens": (
        [("S = 16\nC = 986\ngamma = 4", "omega = ▶1000000000000000\nC = 986\ngamma = 1e-300")],
        ["S is solved to be inf", "from 1 to 1,000,000 tokens", "a smaller omega"],
    ),
    "random mixing without a placement": (
        [('[[model]]\nid = "mixer-ss-8"', '▶[[model]]\nid = "mixer-ss-8"'), (RP, 'mixing = "random"')],
        ["no rp_placement", '"block"', '"layer"', 'add rp_placement = "block"'],
    ),
    "a placement without random mixing": (
        [(RP, f'{RP}\nrp_placement = ▶"block"')],
        ["does not mix at random", "take it out"],
    ),
    "gamma for an s-mixer": (
        [
            (
                'kind = "mlp-mixer"\nmixing = "normal"\ndepth = 2\npatch = 8\nS = 16\nC = 986\ngamma = 4\n',
                'kind = "s-mixer"\nmixing = "normal"\ndepth = 2\npatch = 8\nS = 16\nC = 986\n',
            ),
            (QUICK_SS8, QUICK_SS8 + "gamma = ▶2\n"),
        ],
        ["profile quick gives `model.mixer-ss-8` the field gamma", "s-mixer", "take it out"],
    ),
    # recipe
    "a seed twice": ([("seeds = [0, 1, 2]", "seeds = [0, 1, ▶1]")], ["`train.seeds` has 1 twice, as values 2 and 3"]),
    "a profile's seed twice": (
        [("seeds = [0, 1, 2, 3, 4]", "seeds = [7, ▶7]")],
        ["`profile.quick.train.seeds` has 7 twice"],
    ),
    "a learning rate twice": ([("[0.04, 0.05, 0.06]", "[0.04, ▶0.04]")], ["has 0.04 twice", "each is tried once"]),
    "warm-up to the end": (
        [
            (
                "[profile.quick.train.optimizer]",
                "[profile.quick.train.schedule]\nwarmup_epochs = ▶30\n\n[profile.quick.train.optimizer]",
            )
        ],
        ["warmup_epochs is 30 and epochs 20 at profile quick", "train longer"],
    ),
    "a last rate above the peak": (
        [
            (
                "[profile.quick.train.optimizer]",
                "[profile.quick.train.schedule]\nfinal_lr = ▶0.5\n\n[profile.quick.train.optimizer]",
            )
        ],
        ["final_lr is 0.5 and the least lr", "write final_lr = 0.0"],
    ),
    "nesterov without momentum": (
        [
            ('kind = "adamw"', 'kind = "sgd"'),
            ("betas = [0.9, 0.999]\neps = 1e-8", "momentum = 0.0\nnesterov = ▶true"),
            ('"train.optimizer.betas" =', '"train.seeds" ='),
            ('"train.optimizer.eps" =', '"train.epochs" ='),
        ],
        ["nesterov` is true with momentum = 0", "momentum above 0"],
    ),
    "colours that a policy lacks": (
        [('policy = "none"', 'policy = ▶"autoaugment-cifar10"')],
        ["at profile quick", "data digits has 1 colour", "3 colours"],
    ),
    "a crop of nothing": ([("crop_padding = 0", "crop_padding = ▶8")], ["crop_padding is 8 at profile quick", "8 x 8"]),
    "a batch larger than the data": (
        [("batch_size = 64", "batch_size = ▶1098")],
        ["batch_size is 1098 at profile quick", "1,097 training images", "write at most 1097"],
    ),
    "nothing to choose a rate by": (
        [("validation_count = 250", "validation_count = ▶0")],
        ["`data.digits.validation_count` is 0", "profile quick tries 2 learning rates", "give one lr"],
    ),
    "too many runs": (
        [
            ("[profile.quick]\n", "▶[profile.quick]\n"),
            ("seeds = [0, 1, 2, 3, 4]", f"seeds = {list(range(1000))}"),
            ("lr = [0.01, 0.03]", f"lr = {[(n + 1) / 1000 for n in range(40)]}"),
        ],
        ["120 learning rates of 3 single models x 1 data set x 1,000 seeds = 120,000 runs", "at most 20,000"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_parts_that_do_not_fit_have_one_fault(name: str, tmp_path: Path) -> None:
    edits, words = CASES[name]
    broken = edited(*edits)
    faults = faults_in(tmp_path, broken.text)
    assert places_of(faults) == broken.places, [str(fault) for fault in faults]
    missing = [word for word in words if word not in str(faults[0])]
    assert not missing, str(faults[0])
