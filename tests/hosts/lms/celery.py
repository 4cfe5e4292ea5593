from celery import Celery

app = Celery("lms")
app.config_from_object("django.conf:settings", namespace="CELERY")
