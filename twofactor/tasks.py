"""What workers do for second factors."""

from celery import shared_task

from twofactor.methods.push.tasks import purge_push_calls

__all__ = ["purge_push_calls", "purge_twofactor"]


@shared_task
def bring_methods_back() -> None:
    from twofactor.devices.actions import bring_back_due

    bring_back_due()


@shared_task
def wipe_shown_codes() -> None:
    from twofactor.methods.backup_codes.actions import wipe_shown

    wipe_shown()


@shared_task
def purge_twofactor() -> None:
    from twofactor.housekeeping import purge

    purge()
