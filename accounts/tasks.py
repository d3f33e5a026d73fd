"""What workers do for accounts."""

from celery import shared_task


@shared_task
def tell_half_finished_sign_ins() -> None:
    from accounts.login.alerts import tell_half_finished

    tell_half_finished()


@shared_task
def purge_accounts() -> None:
    from accounts.housekeeping import purge

    purge()
