"""Every kind of message, who writes it, and whether it ages: messaging calls upwards only through these names."""

from messaging.kinds import Kind

KINDS = {
    "signup_verify": Kind("accounts.signup.messages.verify", ages=True),
    "signup_known": Kind("accounts.signup.messages.known", ages=True),
    "signup_invitation": Kind("accounts.signup.messages.invitation", ages=False),
    "welcome": Kind("accounts.signup.messages.welcome", ages=False),
    "password_reset": Kind("accounts.password.messages.reset", ages=True),
    "password_known": Kind("accounts.password.messages.known", ages=False),
    "back_in": Kind("accounts.lock.messages.back_in", ages=False),
    "email_verify": Kind("accounts.email.messages.verify", ages=True),
    "email_known": Kind("accounts.email.messages.known", ages=True),
    "email_stop": Kind("accounts.email.messages.stop", ages=False),
    "email_changed": Kind("accounts.email.messages.changed", ages=False),
    "email_restored": Kind("accounts.email.messages.restored", ages=False),
    "account_deleted": Kind("accounts.settings.messages.deleted", ages=False),
    "new_sign_in": Kind("accounts.login.messages.new_sign_in", ages=False),
    "half_finished": Kind("accounts.login.messages.half_finished", ages=False),
    "first_method": Kind("twofactor.enrolment.messages.added", ages=False),
    "first_method_check": Kind("twofactor.enrolment.messages.check", ages=True),
    "push_request": Kind("twofactor.methods.push.messages.request", ages=True),
    "push_alert": Kind("twofactor.methods.push.messages.alert", ages=True),
    "security_event": Kind("audit.messages.security_event", ages=False),
}
