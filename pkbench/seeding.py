"""Random streams named by their purpose.

Every stream's seed is a hash of the parts that name it, so adding a model, a probe or another stream
never changes the numbers any other stream draws. No stream is ever shared or advanced across purposes.
"""

from __future__ import annotations

import hashlib


def stream_seed(*parts: str | int) -> int:
    """The 63-bit seed of the stream named by ``parts``.

    Parts are length-prefixed and typed before hashing: ``("a", 12)``, ``("a1", 2)`` and ``("a", "12")``
    are three different streams. 63 bits fit both ``torch.Generator.manual_seed`` and ``numpy``.
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = f"{type(part).__name__}:{part}".encode()
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return int.from_bytes(digest.digest()[:8], "big") >> 1
