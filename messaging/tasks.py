"""What workers do with messages. Arguments are ids; whatever runs twice finds the row already taken."""

from uuid import UUID

from celery import shared_task

# A poke that nobody heard for so long is dropped: the sweep has poked again meanwhile.
POKE_EXPIRES_SECONDS = 60


@shared_task(expires=POKE_EXPIRES_SECONDS)
def deliver_message(message_id: str) -> None:
    from messaging.actions import deliver

    deliver(UUID(message_id))


@shared_task
def sweep_messages() -> None:
    """Hand what was left behind to all workers, rather than send it one by one here."""
    from messaging.actions import sweep
    from messaging.poke import poke

    sweep(poke)


@shared_task
def purge_messages() -> None:
    from messaging.actions import purge

    purge()
