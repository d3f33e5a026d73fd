"""Workers and their timetable: celery -A config worker, celery -A config beat."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("sallyport")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Every task here asks the data what is due, so it does not matter if a tick is missed, late or comes twice.
# A tick that no worker took before the next one is dropped.
app.conf.beat_schedule = {
    "sweep messages": {
        "task": "messaging.tasks.sweep_messages",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    "write audit checkpoints": {
        "task": "audit.tasks.write_checkpoints",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "tell half-finished sign-ins": {
        "task": "accounts.tasks.tell_half_finished_sign_ins",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "bring removed methods back": {
        "task": "twofactor.tasks.bring_methods_back",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "wipe backup codes that were shown": {
        "task": "twofactor.tasks.wipe_shown_codes",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "purge calls of phones": {
        "task": "twofactor.methods.push.tasks.purge_push_calls",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "purge events": {
        "task": "audit.tasks.purge_events",
        "schedule": crontab(hour="3", minute="37"),
        "options": {"expires": 3600.0},
    },
    "purge accounts": {
        "task": "accounts.tasks.purge_accounts",
        "schedule": crontab(hour="3", minute="27"),
        "options": {"expires": 3600.0},
    },
    "purge second factors' links": {
        "task": "twofactor.tasks.purge_twofactor",
        "schedule": crontab(hour="3", minute="47"),
        "options": {"expires": 3600.0},
    },
    "purge messages": {
        "task": "messaging.tasks.purge_messages",
        "schedule": crontab(hour="3", minute="17"),
        "options": {"expires": 3600.0},
    },
}
