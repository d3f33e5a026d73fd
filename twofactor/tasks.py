"""What workers do for second factors."""

from celery import shared_task


@shared_task
def purge_twofactor() -> None:
    from twofactor.housekeeping import purge

    purge()
