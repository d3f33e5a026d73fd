"""What workers do for phones."""

from celery import shared_task


@shared_task
def purge_push_calls() -> None:
    from twofactor.methods.push.housekeeping import purge_calls

    purge_calls()
