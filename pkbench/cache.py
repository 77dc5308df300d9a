"""Where what can be made again is kept between commands: calibrations, checksums, the compiled C part."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """The folder of pkbench in the user's cache folder. It need not exist; where the user has no home it cannot be made either."""
    try:
        found = platformdirs.user_cache_path("pkbench")
    except RuntimeError:
        # Neither $HOME nor an entry in the system's list of users.
        return Path("/nonexistent/pkbench")
    # Older versions leave '~' in it then, which would become a folder of that name here.
    return found if found.is_absolute() else Path("/nonexistent/pkbench")
