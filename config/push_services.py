"""The push services of the browsers there are: where a subscription may point to, unless a setting says otherwise."""

ALL = "fcm.googleapis.com,*.push.services.mozilla.com,*.push.apple.com,*.notify.windows.com"
# A push service on this machine too, so that the demo can be tried without the internet.
DEMO = ALL + ",http://localhost,http://127.0.0.1"
