"""The page Sessions, ready to be printed: the template asks no questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proctoring_results import permissions
from proctoring_results.choices import Archived, SessionTab
from proctoring_results.exceptions import InvalidInput
from proctoring_results.filters import AttemptFilter
from proctoring_results.lms import course_zone, lms
from proctoring_results.pages._shared.filter_form import FilterForm
from proctoring_results.pages._shared.formats import number
from proctoring_results.pages._shared.paging import Pager, page_of, pager
from proctoring_results.pages._shared.permission_names import MissingPermission, missing_permission
from proctoring_results.pages._shared.search import Search, problem_of
from proctoring_results.pages._shared.session_list import filter_form
from proctoring_results.pages._shared.statuses import explanations_url
from proctoring_results.providers.registry import provider_named
from proctoring_results.queries.lookups import exams_in_course
from proctoring_results.queries.sessions import ListOrder, in_tab, sessions, tab_numbers

from .rows import Head, SessionRow, Viewer, has_deciders, heads_of, rows_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ProctoredExam


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    label: str
    url: str
    # “1 of 38” in what requires attention, if the list is narrowed.
    count: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set; ``url`` is the list without it."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class SessionList:
    heads: list[Head]
    rows: list[SessionRow]
    pager: Pager
    # If there is nothing in it.
    sentence: str
    # Whether a session on this page can be passed together with others.
    has_ticks: bool


@dataclass(frozen=True, slots=True)
class SessionsPage:
    tab: SessionTab
    tabs: list[Tab]
    form: FilterForm
    # Filters, search and order as they stand in the address.
    filters: str
    # What a form that changes the filters keeps of the address.
    hidden: dict[str, str]
    chips: list[Chip]
    # If the list is of one exam, and the same list of all exams.
    exam_name: str
    all_exams: str
    search: Search
    # Beside the field, and then nothing is listed.
    search_problem: str
    # The same list without its search, and without filters too, but of the same exam; empty if there are none.
    unsearched: str
    unfiltered: str
    # Data Download with a report of what is listed. Empty with a search, which no report has, and for a person who may
    # not generate reports.
    export_url: str
    # In which the days of the filters are.
    time_zone: str
    may_decide: bool
    # To decide, for a person who may not.
    missing: MissingPermission | None
    whom_to_ask: str
    # Providers of the exams listed that do second reviews themselves.
    second_reviewers: list[str]
    # None if filters or search are refused.
    list: SessionList | None

    @property
    def has_deciders(self) -> bool:
        return has_deciders(self.tab)

    @property
    def is_refused(self) -> bool:
        return self.list is None


@dataclass(frozen=True, slots=True)
class ListAddress:
    """What the address of the list says, and the addresses of its variants."""

    tab: SessionTab
    order: ListOrder
    filters: Mapping[str, str]
    search: str

    @property
    def params(self) -> dict[str, str]:
        """Return everything but the tab and the number of the page."""
        others = {"search": self.search, "sort": self.order.param}
        return {**self.filters, **{name: value for name, value in others.items() if value}}

    def url(self) -> str:
        return f"?{urlencode({'tab': self.tab.value, **self.params})}"

    def without(self, name: str) -> str:
        return replace(self, filters={key: value for key, value in self.filters.items() if key != name}).url()


def default_tab(filters: Mapping[str, str], exams: list[ProctoredExam]) -> SessionTab:
    """Return the list of an address that names none: attempts at a practice exam never require attention."""
    is_practice = any(exam.is_practice_exam for exam in exams if exam.content_id == filters.get("exam"))
    return SessionTab.PRACTICE if is_practice else SessionTab.ATTENTION


def sessions_page(course_id: str, user: AbstractBaseUser, params: Mapping[str, Any], search: Search) -> SessionsPage:
    """``params`` are those of the address: tab, order, filters, and the number of the page."""
    exams = list(exams_in_course(course_id).with_result())
    form = filter_form(params, exams)
    may_decide = permissions.may(user, permissions.DECIDE_ATTEMPT, course_id)
    viewer = Viewer(user, user if may_decide else None, explanations_url(user, course_id))
    filters, problem = form.filters(), search.problem
    name = params.get("tab", "")
    tab = SessionTab(name) if name in SessionTab.values else default_tab(filters, exams)
    address = ListAddress(tab, ListOrder.read(params.get("sort", "")), filters, search.token)
    of_list = [exam for exam in exams if filters.get("exam", exam.content_id) == exam.content_id]
    tabs: list[Tab] = []
    listed = None
    if form.is_valid() and not problem:
        try:
            tabs, listed = _list(course_id, of_list, form.attempt_filter(), search.text, address, params, viewer)
        except InvalidInput as refusal:
            problem = problem_of(refusal)
    providers = sorted({exam.provider for exam in of_list})
    return SessionsPage(
        tab=tab,
        tabs=tabs,
        form=form,
        filters=urlencode({"tab": tab.value, **address.params}),
        hidden={key: value for key, value in address.params.items() if key in ("search", "sort")} | {"tab": tab.value},
        chips=_chips(form, address) if form.is_valid() else [],
        exam_name=of_list[0].exam_name if "exam" in filters and of_list else "",
        all_exams=address.without("exam"),
        search=search,
        search_problem=problem,
        export_url=_export_url(course_id, user, address) if form.is_valid() and not search.token else "",
        time_zone=str(course_zone(course_id)),
        unsearched=replace(address, search="").url(),
        unfiltered=replace(address, filters=_of_exam(filters), search="").url() if _is_narrowed(address) else "",
        may_decide=may_decide,
        missing=None if may_decide else missing_permission(permissions.DECIDE_ATTEMPT),
        whom_to_ask="" if may_decide else lms().whom_to_ask(course_id),
        second_reviewers=[name for name in providers if provider_named(name).policy.provider_does_second_reviews],
        list=listed,
    )


def _chips(form: FilterForm, address: ListAddress) -> list[Chip]:
    """The exam is the heading of the list."""
    return [Chip(label, address.without(name)) for name, label in form.in_words()]


def _export_url(course_id: str, user: AbstractBaseUser, address: ListAddress) -> str:
    needed = (permissions.VIEW_REPORTS, permissions.GENERATE_REPORT)
    if not all(permissions.may(user, permission, course_id) for permission in needed):
        return ""
    # A report has archived attempts unless it is asked to leave them out; the list is the other way round.
    query = urlencode({"archived": Archived.WITHOUT.value, "tab": address.tab.value, **address.filters})
    return f"{reverse('proctoring_results:data_download', args=[course_id])}?{query}#pr-choose"


def _of_exam(filters: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in filters.items() if name == "exam"}


def _is_narrowed(address: ListAddress) -> bool:
    """Return whether there is more than the choice of an exam, which makes a list of its own."""
    return bool(address.search) or dict(address.filters) != _of_exam(address.filters)


def _list(
    course_id: str,
    exams: Sequence[ProctoredExam],
    attempt_filter: AttemptFilter,
    search: str,
    address: ListAddress,
    params: Mapping[str, Any],
    viewer: Viewer,
) -> tuple[list[Tab], SessionList]:
    keys = [exam.pk for exam in exams]
    every = sessions(course_id, attempt_filter, search, exams=keys)
    numbers = tab_numbers(every)
    attempts = page_of(in_tab(every, address.tab, address.order, numbers[address.tab]), params.get("page"))
    counts = {tab: sum(numbers[tab].values()) for tab in SessionTab}
    waiting = counts[SessionTab.ATTENTION]
    if _is_narrowed(address):
        # These are still to be done.
        waiting = sessions(course_id, AttemptFilter(tab=SessionTab.ATTENTION), exams=keys).count()
    rows = rows_of(list(attempts), address.tab, urlencode(address.params), lms().decision_limit(course_id), viewer)
    page_params = {"tab": address.tab.value, **address.params}
    return _tabs(address, counts, waiting), SessionList(
        heads=heads_of(
            address.tab,
            address.order,
            lambda order: replace(address, order=order).url(),
            has_scores=any(row.score for row in rows),
        ),
        rows=rows,
        pager=pager(attempts, "page", params=page_params),
        sentence=_sentence(address, waiting),
        has_ticks=viewer.decider is not None and any(not row.why_not for row in rows),
    )


def _tabs(address: ListAddress, counts: Mapping[SessionTab, int], waiting: int) -> list[Tab]:
    tabs = []
    for tab in SessionTab:
        is_current = tab is address.tab
        # A course without practice exams has no use for their list.
        if tab is SessionTab.PRACTICE and not (counts[tab] or is_current):
            continue
        count = number(counts[tab])
        if tab is SessionTab.ATTENTION and _is_narrowed(address):
            count = _("%(count)s of %(every)s") % {"count": count, "every": number(waiting)}
        # Not all lists have the same columns to sort by.
        url = replace(address, tab=tab, order=address.order if is_current else ListOrder()).url()
        tabs.append(Tab(tab.value, str(tab.label), url, count, is_current))
    return tabs


def _sentence(address: ListAddress, waiting: int) -> str:
    """Return what stands in place of an empty list. Filters that match nothing must not read as if all were done."""
    if not _is_narrowed(address):
        return _("Nothing requires attention here.") if address.tab is SessionTab.ATTENTION else _("No sessions here.")
    texts = [_("No session matches these filters.")]
    if waiting:
        params = {"every": number(waiting)}
        texts.append(ngettext("%(every)s requires attention.", "%(every)s require attention.", waiting) % params)
    return " ".join(texts)
