"""What workers do for second factors."""

from celery import shared_task

from twofactor.methods.push.tasks import purge_push_calls

__all__ = ["purge_push_calls", "purge_twofactor"]


@shared_task
def purge_twofactor() -> None:
    from twofactor.housekeeping import purge

    purge()
