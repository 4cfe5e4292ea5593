from .processing import (
    SweptInbox,
    attempt_of_caller,
    launch,
    receive,
    replay_message,
    rpnow_attempt,
    sweep_inbox,
    without_content,
)

__all__ = [
    "SweptInbox",
    "attempt_of_caller",
    "launch",
    "receive",
    "replay_message",
    "rpnow_attempt",
    "sweep_inbox",
    "without_content",
]
