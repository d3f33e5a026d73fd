"""The product's settings with one bare view: how fast anything behind this middleware can be."""

from config.settings import *  # noqa: F403 - the same middleware, the same database

ROOT_URLCONF = "bench.floor"
