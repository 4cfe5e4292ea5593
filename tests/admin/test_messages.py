"""What providers have sent: read by those who may, and taken up once more."""

import pytest
from cryptography.fernet import Fernet
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from proctoring_results.models import ExamReview, ProviderMessage
from proctoring_results.services.messages import processing
from tests.rest.calling import REVIEW, account_of, post, rest_attempt, reviewed, signed_in

pytestmark = pytest.mark.django_db

SENT = {**REVIEW, "comments": [{**REVIEW["comments"][0], "comment": "<script>Looks away</script> \u00e0 gauche"}]}


@pytest.fixture
def message():
    rest_attempt()
    post(signed_in(account_of()), reviewed(), SENT)
    return ProviderMessage.objects.get()


def address(name, *args):
    return reverse(f"admin:proctoring_results_providermessage_{name}", args=args)


def replay_of(*messages):
    return f"{address('replay')}?chosen={','.join(str(message.pk) for message in messages)}"


def told(response):
    return [str(one) for one in response.context["messages"]]


# --- Reading ---


def test_those_who_may_read_what_was_sent(staff, message):
    page = staff("view_providermessage", "read_message_body").get(address("body", message.pk))
    assert "&lt;script&gt;Looks away&lt;/script&gt; \u00e0 gauche" in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_each_reading_is_written_down(staff, message):
    client = staff("view_providermessage", "read_message_body")
    for _ in range(2):
        client.get(address("body", message.pk))
    assert list(LogEntry.objects.values_list("user", "object_id")) == [(client.user.pk, str(message.pk))] * 2


@pytest.mark.parametrize("permissions", [["view_providermessage"], ["read_message_body"], []], ids=str)
def test_nobody_reads_it_without_both_permissions(staff, message, permissions):
    client = staff(*permissions)
    assert client.get(address("body", message.pk)).status_code == 403
    assert address("body", message.pk) not in client.get(address("change", message.pk)).content.decode()
    assert not LogEntry.objects.exists()


def test_it_says_so_when_the_key_is_gone(admin, message):
    ProviderMessage.objects.update(body=Fernet(Fernet.generate_key()).encrypt(b"{}"))
    page = admin.get(address("body", message.pk))
    assert page.status_code == 200
    assert "is not in ENCRYPTION_KEYS any more" in page.content.decode()


def test_the_messages_own_page_leads_to_both(admin, message):
    page = admin.get(address("change", message.pk)).content.decode()
    assert address("body", message.pk) in page
    assert replay_of(message) in page
    assert "Looks away" not in page


def test_an_unknown_message_is_not_found(admin):
    assert admin.get(address("body", 1)).status_code == 404


# --- Replaying ---


def test_a_message_that_is_done_is_replayed_as_a_copy(admin, message):
    assert "A copy of it" in admin.get(replay_of(message)).content.decode()
    assert ProviderMessage.objects.count() == 1
    answer = admin.post(replay_of(message), follow=True)
    copy = ProviderMessage.objects.get(replay_of=message)
    assert told(answer) == [
        f"Message {message.pk} was replayed as {copy.pk}. The attempt stays “second review required”."
    ]
    assert (copy.state, ExamReview.objects.count()) == ("done", 2)
    assert LogEntry.objects.get().object_id == str(copy.pk)


def test_one_that_is_not_done_is_taken_up(admin, message, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(processing, "record_review_of", lambda *args, **kwargs: 1 / 0)
        answer = admin.post(replay_of(message), follow=True)
    assert "could not be taken up now. Upkeep tries again." in told(answer)[0]
    waiting = ProviderMessage.objects.get(state="received")
    assert "It was not taken up yet." in admin.get(replay_of(waiting)).content.decode()
    assert f"Message {waiting.pk} was taken up." in told(admin.post(replay_of(waiting), follow=True))[0]
    assert ProviderMessage.objects.count() == 2


def test_an_error_becomes_a_message(admin, message):
    ProviderMessage.objects.update(body=Fernet(Fernet.generate_key()).encrypt(b"{}"))
    assert "ENCRYPTION_KEYS" in told(admin.post(replay_of(message), follow=True))[0]


def test_a_selection_is_replayed_in_the_order_it_came(admin, message):
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
