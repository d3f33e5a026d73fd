"""How forms are drawn: one template for a field, one summary for all errors."""

from typing import Any

from django.core.validators import RegexValidator
from django.forms.renderers import DjangoTemplates
from django.template import engines
from django.utils.translation import gettext_lazy as _

# Line breaks would reach mail headers, and marks that turn the reading direction make one name look like another.
one_line = RegexValidator(
    r"\A[^\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]*\Z",
    message=_("Use letters, digits and signs on one line only."),
    code="one_line",
)


class FormRenderer(DjangoTemplates):
    """Fields through templates/components/field.html, or their own; widgets through Django's own templates."""

    field_template_name = "components/field.html"

    def get_template(self, template_name: str) -> Any:
        engine = self.engine if template_name.startswith("django/") else engines["django"]
        return engine.get_template(template_name)
