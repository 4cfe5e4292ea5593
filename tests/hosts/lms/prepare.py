"""Install: tables, checks, people, and an exam that was submitted. ``python -m tests.hosts.lms.prepare``."""

import os
import sys

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command

COURSE = "course-v1:MyOrg+Demo+2026"
PASSWORD = "correct horse battery staple"
LEARNER, TEACHER, SERVICE, BOSS = (f"{name}@lms.example" for name in ("ada", "tea", "proctortrack", "boss"))


def main() -> None:
    django.setup()
    if "S3_ENDPOINT_URL" in os.environ:
        make_bucket()
    call_command("migrate", verbosity=0)
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    call_command("check", databases=["default"], fail_level="WARNING")
    people = make_people()
    sys.stdout.write(submitted_attempt(people[LEARNER]).attempt_code)


def make_bucket() -> None:
    import boto3

    options = settings.STORAGES["proctoring_results"]["OPTIONS"]
    client = boto3.client(
        "s3",
        endpoint_url=options["endpoint_url"],
        aws_access_key_id=options["access_key"],
        aws_secret_access_key=options["secret_key"],
        region_name=options["region_name"],
    )
    client.create_bucket(
        Bucket=options["bucket_name"], CreateBucketConfiguration={"LocationConstraint": options["region_name"]}
    )


def make_people() -> dict:
    from django.contrib.auth.models import Group

    groups = {TEACHER: f"team:{COURSE}", SERVICE: "provider:proctortrack"}
    people = {}
    for name in (LEARNER, TEACHER, SERVICE, BOSS):
        rank = {"is_staff": name in (TEACHER, BOSS), "is_superuser": name == BOSS}
        person = people[name] = make_person(name, rank)
        if name in groups:
            person.groups.add(Group.objects.create(name=groups[name]))
    return people


def make_person(name: str, rank: dict):
    users = get_user_model().objects
    if get_user_model().USERNAME_FIELD == "username":
        return users.create_user(name, name, PASSWORD, **rank)
    return users.create_user(name, PASSWORD, **rank)


def submitted_attempt(learner):
    from proctoring_results import api

    exam = api.create_exam(COURSE, "final", exam_name="Final exam", time_limit_mins=90, provider="proctortrack")
    attempt = api.create_attempt(learner, exam, external_id="ext-1")
    api.mark_ready_to_start(attempt.attempt_code)
    api.start_attempt(attempt.attempt_code, by=learner)
    return api.submit_attempt(attempt.attempt_code, by=learner)


if __name__ == "__main__":
    main()
