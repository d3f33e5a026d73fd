"""The code app's own pages."""

from django.urls import path

from twofactor.methods.totp import views

app_name = "totp"
urlpatterns = [
    path("add/", views.add, name="add"),
    path("<int:pk>/replace/", views.replace, name="replace"),
]
