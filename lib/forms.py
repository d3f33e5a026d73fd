"""How forms are drawn: one template for a field, one summary for all errors."""

from django.forms.renderers import DjangoTemplates
from django.template import engines
from django.template.backends.django import Template


class FormRenderer(DjangoTemplates):
    """Fields through templates/components/field.html; widgets through Django's own templates."""

    field_template_name = "components/field.html"

    def get_template(self, template_name: str) -> Template:
        if template_name.startswith("components/"):
            return engines["django"].get_template(template_name)
        return super().get_template(template_name)
