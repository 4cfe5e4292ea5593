"""Tokens of the example LMS: who gets one, and which account it represents."""

import pytest
from django.test import Client
from oauth2_provider.models import get_application_model

from example_project.campus.models import ProviderAccount
from tests.factories import UserFactory
from tests.rest.calling import REVIEW, post, rest_attempt, reviewed

pytestmark = pytest.mark.django_db


def account_of(provider="proctortrack"):
    return ProviderAccount.objects.create(user=UserFactory(), provider=provider).user


def application_of(user, secret="secret"):
    kind = get_application_model()
    return kind.objects.create(
        user=user,
        client_id=f"client-{user.pk}",
        client_secret=secret,
        client_type=kind.CLIENT_CONFIDENTIAL,
        authorization_grant_type=kind.GRANT_CLIENT_CREDENTIALS,
    )


def token_for(application, secret="secret", **others):
    form = {"grant_type": "client_credentials", "client_id": application.client_id, "client_secret": secret}
    return Client().post("/oauth2/access_token", {**form, "token_type": "jwt", **others})


@pytest.mark.parametrize("scheme", ["JWT", "Bearer", "jwt"])
def test_a_provider_signs_in_by_a_token(scheme):
    rest_attempt()
    granted = token_for(application_of(account_of())).json()
    assert granted["expires_in"] > 0
    response = post(Client(), reviewed(), REVIEW, Authorization=f"{scheme} {granted['access_token']}")
    assert response.status_code == 200


def test_a_token_stands_for_the_owner_of_the_application_only():
    rest_attempt()
    token = token_for(application_of(UserFactory())).json()["access_token"]
    assert post(Client(), reviewed(), REVIEW, Authorization=f"JWT {token}").status_code == 403


@pytest.mark.parametrize("authorization", ["JWT nonsense", "Bearer", "JWT", "JWT a b c", "Token x"])
def test_a_token_that_is_none_is_refused(authorization):
    rest_attempt()
    response = post(Client(), reviewed(), REVIEW, Authorization=authorization)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer ")


def test_a_token_dies_with_its_owners_account():
    rest_attempt()
    account = account_of()
    token = token_for(application_of(account)).json()["access_token"]
    account.is_active = False
    account.save()
    assert post(Client(), reviewed(), REVIEW, Authorization=f"JWT {token}").status_code == 401


def test_a_wrong_secret_gets_no_token():
    assert token_for(application_of(account_of()), secret="wrong").status_code == 401
