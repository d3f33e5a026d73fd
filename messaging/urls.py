"""The demo's mailbox."""

from django.urls import path

from messaging import views

app_name = "messaging"
urlpatterns = [
    path("demo/messages/", views.demo_messages, name="demo_messages"),
    path("demo/messages.json", views.demo_messages_json, name="demo_messages_json"),
]
