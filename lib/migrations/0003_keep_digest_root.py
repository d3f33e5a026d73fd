"""Keep the root of digests from the start, so that no later change of PORTAL_KEYS can change a digest."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def keep(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # The root is what this ring makes of digests now, under whatever models: sealing needs the real ones.
    from lib import rotation

    rotation.keep_digest_root(existing=rotation.columns_in(schema_editor.connection))


class Migration(migrations.Migration):
    dependencies = [
        ("lib", "0002_digest_root"),
    ]

    operations = [
        migrations.RunPython(keep, migrations.RunPython.noop, elidable=False),
    ]
