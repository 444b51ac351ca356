"""The store as Django's application."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    name = "syncline.store"
    label = "store"
