"""Reading an archive of results that may come from anybody.

What is in it is data: names are taken from a fixed form and never as paths, sizes are stated first and nothing longer is read,
and no byte of it is executed or unpickled.
"""

from __future__ import annotations

import gzip
import hashlib
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Final, cast

from pydantic import ValidationError

from pkbench.errors import UsageError
from pkbench.results.archive import NAME, Contents, Member, place_of
from pkbench.store.seal import unseal

_MANIFEST_BYTES: Final = 64 * 2**20
_RECORD_BYTES: Final = 256 * 2**20
_HEADER_BYTES: Final = 2**20
_MOST_FILES: Final = 1_000_000
_FAULTS = (
    *(ValueError, LookupError, EOFError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error),
)
"""What the standard library raises of bytes that are no archive."""


class _Bounded:
    """A file of which ``most`` bytes are read at once: a header may say to be as long as it likes."""

    def __init__(self, file: gzip.GzipFile, most: int | None) -> None:
        self._file = file
        self.most = most

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; ``ValueError`` where that is more than is read at once."""
        if self.most is not None and not 0 <= size <= self.most:
            raise ValueError("a header in it is far too long")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place, which is then returned."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The place."""
        return self._file.tell()


class Archive:
    """An archive that is open; its ``contents`` are what its manifest says, in names and sizes.

    Raises:
        UsageError: it cannot be read, is damaged, or holds what no archive of results does; the message says what.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open = ExitStack()
        self._zip: zipfile.ZipFile | None = None
        self._tar: tarfile.TarFile | None = None
        try:
            with self._refusing():
                self.contents = self._checked(self._sizes())
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def read(self, member: Member) -> bytes:
        """The bytes of ``member``, which have the size and the checksum that the manifest states.

        Raises:
            UsageError: they have not.
        """
        with self._refusing():
            content = self._bytes(member.name, member.size)
        if hashlib.sha256(content).hexdigest() != member.sha256:
            raise self._refused(f"{member.name!r} is not what the manifest says")
        return content

    def _sizes(self) -> dict[str, int]:
        """Stated size of every file by name."""
        if not stat.S_ISREG(self.path.stat().st_mode):
            # Opening a pipe would wait for a writer.
            raise self._refused("this is no regular file")
        if zipfile.is_zipfile(self.path):
            self._zip = self._open.enter_context(zipfile.ZipFile(self.path))
            listed = [(info.filename, info.file_size) for info in self._zip.infolist()]
        else:
            listed = self._sizes_in_tar()
        sizes = dict(listed)
        if len(sizes) != len(listed):
            raise self._refused("a file is in it twice")
        return sizes

    def _sizes_in_tar(self) -> list[tuple[str, int]]:
        unpacked = self._open.enter_context(gzip.open(self.path))  # noqa: SIM115 - closed by the stack
        file = _Bounded(unpacked, _HEADER_BYTES)
        self._tar = self._open.enter_context(tarfile.open(fileobj=cast(IO[bytes], file), mode="r:"))  # noqa: SIM115 - closed by the stack
        listed = []
        for info in self._tar:
            if not info.isreg():
                raise self._refused(f"{info.name!r} is no regular file")
            listed.append((info.name, info.size))
            if len(listed) > _MOST_FILES:
                raise self._refused(f"it has more than {_MOST_FILES:,} files")
        # What is read from now on is files, whose sizes are known.
        file.most = None
        return listed

    def _checked(self, sizes: dict[str, int]) -> Contents:
        size = sizes.pop(NAME, None)
        if size is None or size > _MANIFEST_BYTES:
            raise self._refused(f"it has no {NAME}" if size is None else f"its {NAME} is far too long")
        try:
            contents = Contents.model_validate(unseal(self._bytes(NAME, size), "manifest")[0])
        except ValidationError as error:
            raise self._refused(f"its {NAME} has another format ({error.error_count()} unexpected fields)") from error
        stated = {member.name: member.size for member in contents.members}
        if len(stated) != len(contents.members):
            raise self._refused(f"a file is in its {NAME} twice")
        for name, length in sorted(stated.items() ^ sizes.items()):
            raise self._refused(f"{name!r} with {length:,} bytes is not in both the archive and its {NAME}")
        for name, length in stated.items():
            if place_of(name).kind != "weights" and length > _RECORD_BYTES:
                raise self._refused(f"{name!r} is far too long for a record")
        return contents

    def _bytes(self, name: str, size: int) -> bytes:
        """Exactly ``size`` bytes: a file may unpack to more than is stated."""
        with self._stream(name) as file:
            content = file.read(size + 1)
        if len(content) != size:
            raise self._refused(f"{name!r} has not the {size:,} bytes that are stated")
        return content

    def _stream(self, name: str) -> IO[bytes]:
        if self._zip is not None:
            return self._zip.open(name)
        found = None if self._tar is None else self._tar.extractfile(name)
        if found is None:
            raise self._refused(f"{name!r} is no regular file")
        return found

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Whatever goes wrong with the file becomes one line."""
        try:
            yield
        except (tarfile.TarError, gzip.BadGzipFile) as error:
            raise self._refused("it is neither a .zip nor a .tar.gz archive, or a damaged one") from error
        except OSError as error:
            raise self._refused(error.strerror or str(error)) from error
        except _FAULTS as error:
            raise self._refused(" ".join(str(error).split()) or type(error).__name__) from error

    def _refused(self, reason: str) -> UsageError:
        return UsageError(
            f"{self.path}: {reason}",
            constraint="an archive that `pkbench export` wrote, unaltered",
            remedy="nothing was taken from it; get it again",
        )
