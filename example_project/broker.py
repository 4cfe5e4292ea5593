"""A broker in a folder: Celery without a server, for trying things out on one machine."""

import uuid
from pathlib import Path
from time import monotonic
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    # kombu's own classes do not agree on the name of the second argument.
    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        """Write a message in one step. With kombu's method a worker can read the file while it is empty."""
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        partial = folder / f"{name}.partial"
        partial.write_text(dumps(payload))
        partial.rename(folder / name)


class Transport(filesystem.Transport):
    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Return often: a worker notices a request to stop only between two calls."""
        super().drain_events(connection, timeout=None if timeout is None else min(timeout, 0.25))
