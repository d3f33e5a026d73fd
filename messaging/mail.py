"""E-mail, through whatever EMAIL_BACKEND is."""

from __future__ import annotations

import smtplib
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend

from lib import addresses
from messaging.errors import Refused, TemporaryFailure

if TYPE_CHECKING:
    from django.core.mail.backends.base import BaseEmailBackend

    from messaging.content import Content
    from messaging.models import Message

PERMANENT = 500  # SMTP replies from here on say: do not try again


def send(message: Message, content: Content) -> None:
    """Returns once the mail server has taken the mail."""
    connection = get_connection()
    try:
        connection.open()
        connection.send_messages([as_mail(message, content)])
    except smtplib.SMTPRecipientsRefused as refusal:
        raise _failure(min(code for code, _text in refusal.recipients.values())) from None
    except smtplib.SMTPDataError as refusal:
        raise _failure(refusal.smtp_code) from None
    except (
        smtplib.SMTPSenderRefused
    ) as refusal:  # it refuses us: that is mended there or here, and then the mail may go
        raise TemporaryFailure(f"SMTP {refusal.smtp_code}") from None
    except OSError as failure:  # every other error of smtplib too: no connection, no log-in, no TLS, a hang-up
        raise TemporaryFailure(type(failure).__name__) from None
    finally:
        _hang_up(connection)


def as_mail(message: Message, content: Content) -> EmailMultiAlternatives:
    mail = EmailMultiAlternatives(
        subject=content.subject,
        body=content.text,
        to=[addresses.compared(message.recipient_email)],  # as it is compared: no library reads it in another way
        headers={
            # The same at each try, so that a mailbox can drop the second copy of a mail sent twice.
            "Message-ID": f"<{message.pk.hex}@{urlsplit(settings.SITE_URL).hostname}>",
            "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office replies
            # The same for Exchange, and no receipts; that a mail could not be delivered is still reported.
            "X-Auto-Response-Suppress": "DR, RN, NRN, OOF, AutoReply",
        },
    )
    if content.html:
        mail.attach_alternative(content.html, "text/html")
    return mail


def _failure(code: int) -> Exception:
    """The server's number only: its words may quote the address or the mail."""
    reason = f"SMTP {code}"
    return Refused(reason) if code >= PERMANENT else TemporaryFailure(reason, is_about_recipient=True)


def _hang_up(connection: BaseEmailBackend) -> None:
    """Say goodbye without waiting for the answer.

    The mail has left: whatever goes wrong now must not make it look unsent, and each moment until it is marked sent
    is one in which a killed worker would leave a second copy to be sent.
    """
    with suppress(OSError):
        if isinstance(connection, EmailBackend) and connection.connection is not None:
            connection.connection.putcmd("quit")
            connection.connection.close()
        else:
            connection.close()
