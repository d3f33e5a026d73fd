"""Keys' own pages."""

from django.urls import path

from twofactor.methods.webauthn import views

app_name = "webauthn"
urlpatterns = [
    path("add/", views.add, name="add"),
    path("add/options/", views.add_options, name="add_options"),
    path("signals/", views.signals, name="signals"),
    path("<int:pk>/try/", views.try_key, name="try"),
    path("<int:pk>/try/options/", views.try_options, name="try_options"),
    path("confirm/options/", views.confirm_options, name="confirm_options"),
]
