"""Does your second step still work?"""

from django.urls import path

from twofactor.checkup import views

app_name = "checkup"
urlpatterns = [
    path("2fa/check-up/", views.check_up, name="check_up"),
    path("2fa/check-up/tomorrow/", views.tomorrow, name="tomorrow"),
]
