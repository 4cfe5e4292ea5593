"""Admin pages without changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

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

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return all columns, also those that are not editable."""
        return [field.name for field in self.model._meta.fields if field.name not in (self.exclude or ())]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_readonly_fields(request, obj)


class ReadOnlyInline(ReadOnly, TabularInline):
    extra = 0
    show_change_link = True

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields
