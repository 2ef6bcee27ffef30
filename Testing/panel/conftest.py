"""Start the stand-in once, before any test of this room is imported."""

import host

host.start()

from host.fixtures import empty_scene, no_silent_errors  # noqa: E402, F401
