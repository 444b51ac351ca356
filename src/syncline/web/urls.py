"""The addresses that are served."""

from django.urls import path

from syncline.web import views

urlpatterns = [
    path("", views.status),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("metrics", views.metrics),
]
