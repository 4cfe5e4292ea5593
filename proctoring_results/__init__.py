"""Results of proctored exams for an LMS: attempts, reviews, decisions and the instructor's report."""

__version__ = "0.1.0"
