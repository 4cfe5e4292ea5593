"""Who has a role in which course. The table is made without migrations."""

from django.conf import settings
from django.db import models


class Role(models.TextChoices):
    INSTRUCTOR = "instructor"
    STAFF = "staff"
    VIEWER = "viewer"


class CourseRole(models.Model):
    # An app without migrations gets its tables before the others, so this one must not ask for theirs.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_constraint=False)
    course_id = models.CharField(max_length=255)
    role = models.CharField(max_length=32, choices=Role, default=Role.INSTRUCTOR)
