"""A user model of another kind: signed in by e-mail address, known by a UUID, without names. One shape uses it."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


class MemberManager(BaseUserManager):
    def create_user(self, mail, password=None, **fields):
        member = self.model(mail=mail, **fields)
        member.set_password(password)
        member.save()
        return member


class Member(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    mail = models.EmailField(unique=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    objects = MemberManager()
    USERNAME_FIELD = EMAIL_FIELD = "mail"

    class Meta:
        swappable = "AUTH_USER_MODEL"
