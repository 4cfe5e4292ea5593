"""Messages of providers: stored in a transaction of their own, then processed. The sweep retries what failed."""

from .processing import SweptInbox, launch, process_message, sweep_inbox
from .receiving import attempt_of_account, attempt_of_envelope, receive, without_content
from .replay import replay_message

__all__ = [
    "SweptInbox",
    "attempt_of_account",
    "attempt_of_envelope",
    "launch",
    "process_message",
    "receive",
    "replay_message",
    "sweep_inbox",
    "without_content",
]
