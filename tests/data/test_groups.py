import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pkbench.data.groups import change_groups


@given(st.lists(st.integers(0, 5), max_size=12))
def test_each_image_is_changed_by_its_group(groups: list[int]) -> None:
    images = torch.arange(len(groups) * 6).view(-1, 1, 2, 3)
    before = images.clone()
    calls = []

    def change(group: int, members: Tensor, places: Tensor) -> Tensor:
        calls.append(group)
        assert torch.equal(members, images[places])
        assert [groups[place] for place in places.tolist()] == [group] * len(members)
        return members + 1000 * group

    changed = change_groups(images, torch.tensor(groups, dtype=torch.int64), change)
    assert torch.equal(changed, images + 1000 * torch.tensor(groups, dtype=torch.int64).view(-1, 1, 1, 1))
    assert calls == sorted(set(groups) - {0})
    assert torch.equal(images, before)
