"""What workers do for the record."""

from celery import shared_task


@shared_task
def write_checkpoints() -> None:
    from audit.checkpoints import write

    write()


@shared_task
def purge_events() -> None:
    from audit.actions import purge_old

    purge_old()
