"""A refusal says what is not allowed, and leads on."""

from django.urls import reverse

from tests.factories import COURSE
from tests.pages.conftest import client_of, person, text

ORIGIN = "http://testserver/courses/"


def refusal(user, **headers):
    address = reverse("proctoring_results:sessions", args=[COURSE])
    response = client_of(user).get(address, **headers)
    assert response.status_code == 403
    return address, text(response)


def test_it_names_in_words_what_is_not_allowed_and_who_is_signed_in():
    user = person()
    _, page = refusal(user)
    assert "Your account may not look at the exam sessions of this course." in page
    assert f"You are signed in as {user.username}." in page
    # Only members of the course are told more.
    assert "proctoring_results.view_sessions" not in page


def test_it_leads_back_and_to_another_sign_in():
    _, page = refusal(person(), HTTP_REFERER=ORIGIN)
    assert f'href="{ORIGIN}">Back</a>' in page
    assert "/login/?next=" in page


def test_it_leads_neither_to_another_site_nor_to_itself_again():
    for origin in (
        "https://evil.example/",
        "http://testserver" + reverse("proctoring_results:sessions", args=[COURSE]),
    ):
        _, page = refusal(person(), HTTP_REFERER=origin)
        assert f'href="{origin}"' not in page
