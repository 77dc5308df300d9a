"""Everything a run imports, for a process to fork commands from."""

import sklearn.datasets  # noqa: F401
import torch

import pkbench.cli.main
import pkbench.execute.perform
import pkbench.execute.session
import pkbench.report.study
import pkbench.store.mirror
import pkbench.train.together  # noqa: F401

torch.set_num_threads(1)
