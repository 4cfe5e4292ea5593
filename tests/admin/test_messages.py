"""Providers' messages in the admin: their bodies, and replay."""

import pytest
from cryptography.fernet import Fernet
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from proctoring_results.models import ExamReview, ProviderMessage
from proctoring_results.services.messages import processing
from tests.rest.calling import REVIEW, account_of, post, rest_attempt, reviewed, signed_in

pytestmark = pytest.mark.django_db

BODY = {**REVIEW, "comments": [{**REVIEW["comments"][0], "comment": "<script>Looks away</script> \u00e0 gauche"}]}


@pytest.fixture
def message():
    rest_attempt()
    post(signed_in(account_of()), reviewed(), BODY)
    return ProviderMessage.objects.get()


def address(name, *args):
    return reverse(f"admin:proctoring_results_providermessage_{name}", args=args)


def replay_of(*messages):
    return f"{address('replay')}?chosen={','.join(str(message.pk) for message in messages)}"


def flash_messages(response):
    return [str(message) for message in response.context["messages"]]


# --- The body ---


def test_the_body_is_shown_to_those_with_both_permissions(staff, message):
    page = staff("view_providermessage", "read_message_body").get(address("body", message.pk))
    assert "&lt;script&gt;Looks away&lt;/script&gt; \u00e0 gauche" in page.content.decode()
    assert "review (REST)" in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_each_reading_of_the_body_is_logged(staff, message):
    client = staff("view_providermessage", "read_message_body")
    for _ in range(2):
        client.get(address("body", message.pk))
    assert list(LogEntry.objects.values_list("user", "object_id")) == [(client.user.pk, str(message.pk))] * 2


@pytest.mark.parametrize("permissions", [["view_providermessage"], ["read_message_body"], []], ids=str)
def test_nobody_reads_the_body_without_both_permissions(staff, message, permissions):
    client = staff(*permissions)
    assert client.get(address("body", message.pk)).status_code == 403
    assert address("body", message.pk) not in client.get(address("change", message.pk)).content.decode()
    assert not LogEntry.objects.exists()


def test_the_page_says_that_the_key_is_gone(admin, message):
    ProviderMessage.objects.update(body=Fernet(Fernet.generate_key()).encrypt(b"{}"))
    page = admin.get(address("body", message.pk))
    assert page.status_code == 200
    assert "is no longer in ENCRYPTION_KEYS" in page.content.decode()


def test_the_page_of_a_message_links_to_its_body_and_its_replay(admin, message):
    page = admin.get(address("change", message.pk)).content.decode()
    assert address("body", message.pk) in page
    assert replay_of(message) in page
    assert "Looks away" not in page


def test_an_unknown_message_is_not_found(admin):
    assert admin.get(address("body", 1)).status_code == 404


# --- Replay ---


def test_a_message_that_is_done_is_replayed_as_a_copy(admin, message):
    page = admin.get(replay_of(message)).content.decode()
    assert "A copy under your name will be processed" in page
    assert "review (REST)" in page
    assert ProviderMessage.objects.count() == 1
    answer = admin.post(replay_of(message), follow=True)
    copy = ProviderMessage.objects.get(replay_of=message)
    [sentence] = flash_messages(answer)
    assert sentence.startswith(f"Message {message.pk} was replayed as message {copy.pk}. The attempt stays “Waiting")
    assert (copy.state, ExamReview.objects.count()) == ("done", 2)
    assert LogEntry.objects.get().object_id == str(copy.pk)


def test_a_message_that_is_not_done_is_processed(admin, message, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(processing, "record_mended_review", lambda *args, **kwargs: 1 / 0)
        answer = admin.post(replay_of(message), follow=True)
    assert "could not be processed now. Upkeep will try again." in flash_messages(answer)[0]
    waiting = ProviderMessage.objects.get(state="received")
    assert "It was not processed yet." in admin.get(replay_of(waiting)).content.decode()
    assert f"Message {waiting.pk} was processed." in flash_messages(admin.post(replay_of(waiting), follow=True))[0]
    assert ProviderMessage.objects.count() == 2


def test_an_error_becomes_a_message(admin, message):
    ProviderMessage.objects.update(body=Fernet(Fernet.generate_key()).encrypt(b"{}"))
    assert "ENCRYPTION_KEYS" in flash_messages(admin.post(replay_of(message), follow=True))[0]


def test_a_selection_is_replayed_in_the_order_of_arrival(admin, message):
    post(signed_in(account_of()), reviewed(), {"status": "passed"})
    first, second = ProviderMessage.objects.order_by("pk")
    data = {"action": "replay", "_selected_action": [second.pk, first.pk]}
    page = admin.post(address("changelist"), data)
    assert page["Location"] == replay_of(first, second)
    admin.post(page["Location"])
    assert list(ProviderMessage.objects.order_by("pk").values_list("replay_of", flat=True)) == [
        None,
        None,
        first.pk,
        second.pk,
    ]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("permissions", [["view_providermessage"], []], ids=str)
def test_nobody_replays_without_the_permission(staff, message, permissions, method):
    client = staff(*permissions)
    assert getattr(client, method)(replay_of(message)).status_code == 403
    assert ProviderMessage.objects.count() == 1


@pytest.mark.parametrize("query", ["", "chosen=a", "chosen=1,,2", f"chosen={','.join(map(str, range(101)))}"])
def test_a_selection_that_the_list_did_not_make_is_a_bad_request(admin, query):
    assert admin.get(f"{address('replay')}?{query}").status_code == 400
