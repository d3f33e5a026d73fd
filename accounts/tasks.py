"""What workers do for accounts."""

from celery import shared_task


@shared_task
def purge_accounts() -> None:
    from accounts.housekeeping import purge

    purge()
