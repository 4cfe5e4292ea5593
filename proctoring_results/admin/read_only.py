"""Admin pages without changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateTimeField, Field, Model
from django.http import HttpRequest
from django.urls import reverse

from proctoring_results.moments import moment

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
else:
    # Only the type checker knows them as generic classes.
    ModelAdmin, TabularInline = admin.ModelAdmin, admin.TabularInline


class ReadOnly:
    """Show the model to those who may view it, and let nobody change it."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def moment_column(model: type[Model], name: Any) -> Any:
    """Return a column that prints a time as all pages do, or the name of another column."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return name
    return _time_column(field) if isinstance(field, DateTimeField) else name


# Django looks for a column among the read-only ones by equality, so that a field has to get the same one again.
@cache
def _time_column(field: Field[Any, Any]) -> Callable[[Model], str]:
    @admin.display(description=field.verbose_name, ordering=field.name)
    def column(row: Model) -> str:
        return moment(getattr(row, field.name)) or "–"

    # Part of the class of the cells.
    column.__name__ = field.name
    return column


class ReadOnlyAdmin(ReadOnly, ModelAdmin):
    class Media:
        css = {"all": ["proctoring_results/admin.css"]}

    # It costs a second count of the whole table.
    show_full_result_count = False
    list_per_page = 50

    def page_url(self, page: str, *args: object) -> str:
        """Return the address of a page of this model in this admin site: a host may have more than one."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=args, current_app=self.admin_site.name)

    def get_list_display(self, request: HttpRequest) -> Any:
        return [moment_column(self.model, name) for name in super().get_list_display(request)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return all columns, also those that are not editable."""
        names = [field.name for field in self.model._meta.fields if field.name not in (self.exclude or ())]
        return [moment_column(self.model, name) for name in names]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_readonly_fields(request, obj)


class ReadOnlyInline(ReadOnly, TabularInline):
    extra = 0
    show_change_link = True

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [moment_column(self.model, name) for name in self.fields or ()]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_readonly_fields(request, obj)
