"""User models that are not Django's. The tables are made without migrations."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


class Account(AbstractBaseUser, PermissionsMixin):
    """Signs in by email address; keys are UUIDs, and there is no name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    mail = models.EmailField(unique=True)
    is_staff = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "mail"
    EMAIL_FIELD = "mail"
    objects = BaseUserManager()


class Candidate(AbstractBaseUser, PermissionsMixin):
    """Signs in by a number, and has a name but no email address."""

    number = models.CharField(max_length=32, unique=True)
    full_name = models.CharField(max_length=255)
    is_staff = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "number"
    objects = BaseUserManager()

    def get_full_name(self) -> str:
        return self.full_name
