"""Changing groups of images within a batch, each group at once."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def change_groups(images: Tensor, groups: Tensor, change: Callable[[int, Tensor, Tensor], Tensor]) -> Tensor:
    """``images`` with those of each group changed.

    Args:
        images: (B, …) on any device; left as they are.
        groups: int64 (B,) on the CPU: the group of each image from 1, or 0 for one that stays.
        change: gets a group, its images (n, …) and their places in the batch, int64 (n,) on the CPU; gives what becomes of
            them, of the same shape and type. It is called for groups that have images, in ascending order.
    """
    order = groups.argsort(stable=True)
    sizes: list[int] = torch.bincount(groups, minlength=1).tolist()
    # Sorted, changed piece by piece and put back: copies of whole images, far cheaper than writing into places by index.
    pieces = list(torch.split(images.index_select(0, order.to(images.device, non_blocking=True)), sizes))
    for group, places in enumerate(torch.split(order, sizes)):
        if group and len(places):
            pieces[group] = change(group, pieces[group], places)
    return torch.cat(pieces).index_select(0, order.argsort().to(images.device, non_blocking=True))
