"""Signals for hosts. Each is sent after the commit; an error in a receiver is logged and stops nothing.

A process that dies between the commit and the signal sends none. What must happen belongs in the ``Lms`` class, whose
calls are repeated until they succeed.
"""

from django.dispatch import Signal

# sender: the ExamAttempt class. attempt_code, change (a StatusChange).
attempt_status_changed = Signal()
# sender: the ExamReview class. attempt_code, review (an ExamReview).
review_recorded = Signal()
# sender: the Report class. report (a Report).
report_ready = Signal()
# The same, after the last try; a person may retry it. ``report.failure`` and ``report.reference`` say why.
report_failed = Signal()
