from collections import defaultdict

from django.db import migrations, models

from lib import addresses


def compare(apps, schema_editor):
    """Give each account the one form of its address. Two accounts of one mailbox are for a person to sort out."""
    User = apps.get_model('accounts', 'User')
    found = defaultdict(list)
    users = User.objects.using(schema_editor.connection.alias).order_by('pk')
    for user in users.only('email', 'login_id').iterator():
        found[addresses.compared(user.email)].append(user.login_id)
    twice = [login_ids for login_ids in found.values() if len(login_ids) > 1]
    if twice:
        raise RuntimeError(
            'Nothing was changed. These accounts have the same email address, written in several ways: '
            + '; '.join(' and '.join(login_ids) for login_ids in twice)
            + '. Give all but one of each another address, or delete it, then migrate again.'
        )
    for compared, (login_id,) in found.items():
        users.filter(login_id=login_id).update(email_compared=compared)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_known_browsers'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='email_compared',
            field=models.CharField(max_length=254, null=True),
        ),
        migrations.RunPython(compare, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='user',
            name='email_compared',
            field=models.CharField(max_length=254, unique=True),
        ),
        migrations.AddField(
            model_name='session',
            name='former_digest',
            field=models.CharField(blank=True, default='', max_length=64),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(condition=models.Q(('former_digest', ''), _negated=True), fields=['former_digest'], name='session_former_key'),
        ),
    ]
