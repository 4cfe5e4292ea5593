"""Compiled queries: Django words their SQL once, and from then on it is only filled in.

For a small query Django takes several times as long to word it as the database to answer it. Where one stands in the
way of each review that a provider sends, it is compiled; everywhere else a queryset is what it always is.
All of them belong to the default database, where our transactions are.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar, TypeVarTuple, cast

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import TransactionManagementError

if TYPE_CHECKING:
    _Field = Field[Any, Any]

ModelT = TypeVar("ModelT", bound=Model)
Values = TypeVarTuple("Values")


class _Place(Expression):
    """Where a value comes in, each time another."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)


class _Statement(NamedTuple):
    """SQL with its parameters, some of which are places."""

    sql: str
    params: Sequence[Any]

    def filled(self, values: Mapping[str, Any]) -> list[Any]:
        return [values[param.name] if isinstance(param, _Place) else param for param in self.params]


# -------------------------------------------------------------------------------------------------------------- select


@dataclass(frozen=True, slots=True)
class _Part:
    """One object of a row: the values between two places of it, and the objects that hang on it."""

    model: type[Model]
    fields: Sequence[str]
    start: int
    stop: int
    key: int
    related: Sequence[tuple[Callable[[Model, Model | None], None], _Part]]

    @classmethod
    def of(cls, told: Mapping[str, Any], columns: Sequence[Any]) -> Self:
        """From what Django's compiler says of the rows of its query."""
        start, stop = told["select_fields"][0], told["select_fields"][-1] + 1
        fields = [column.target.attname for column in columns[start:stop]]
        related = [(each["local_setter"], cls.of(each, columns)) for each in told.get("related_klass_infos", ())]
        return cls(told["model"], fields, start, stop, start + fields.index(told["model"]._meta.pk.attname), related)

    def object(self, row: Sequence[Any], alias: str) -> Model | None:
        if row[self.key] is None:
            return None
        found = self.model.from_db(alias, self.fields, row[self.start : self.stop])
        for attach, part in self.related:
            attach(found, part.object(row, alias))
        return found


@dataclass(frozen=True, slots=True)
class _Question:
    """What a queryset asks, and how to read the answer."""

    statement: _Statement
    part: _Part
    # By the place in the row: what the database's value goes through.
    converters: Mapping[int, tuple[Sequence[Callable[..., Any]], Any]]
    locks: bool

    def objects(self, rows: Iterable[Sequence[Any]], connection: BaseDatabaseWrapper) -> list[Model | None]:
        if self.converters:
            rows = [self._converted(row, connection) for row in rows]
        return [self.part.object(row, connection.alias) for row in rows]

    def _converted(self, row: Sequence[Any], connection: BaseDatabaseWrapper) -> list[Any]:
        values = list(row)
        for index, (converters, column) in self.converters.items():
            for convert in converters:
                values[index] = convert(values[index], column, connection)
        return values


class CompiledQuery(Generic[ModelT, *Values]):
    """What ``compiled`` makes of a function: called with the values, it answers with the objects."""

    def __init__(self, ask: Callable[[*Values], QuerySet[ModelT]]) -> None:
        functools.update_wrapper(self, ask)
        self._ask = ask
        self._names = tuple(inspect.signature(ask).parameters)
        self._question: _Question | None = None

    def __call__(self, *values: *Values) -> list[ModelT]:
        connection = transaction.get_connection()
        question = self._question = self._question or self._compile(connection)
        if question.locks and not connection.in_atomic_block:
            raise TransactionManagementError("What locks rows belongs in a transaction.")
        named = dict(zip(self._names, cast("tuple[Any, ...]", values), strict=True))
        with connection.cursor() as cursor:
            cursor.execute(question.statement.sql, question.statement.filled(named))
            return cast("list[ModelT]", question.objects(cursor.fetchall(), connection))

    def first(self, *values: *Values) -> ModelT | None:
        return next(iter(self(*values)), None)

    def _compile(self, connection: BaseDatabaseWrapper) -> _Question:
        queryset = self._ask(*cast("tuple[*Values]", tuple(map(_Place, self._names))))
        compiler = queryset.query.get_compiler(connection=connection)
        statement = _Statement(*compiler.as_sql())
        columns = [column for column, _, _ in compiler.select]
        return _Question(
            statement,
            _Part.of(cast("Mapping[str, Any]", compiler.klass_info), columns),
            compiler.get_converters(columns),
            locks=queryset.query.select_for_update and connection.features.has_select_for_update,
        )


def compiled(ask: Callable[[*Values], QuerySet[ModelT]]) -> CompiledQuery[ModelT, *Values]:
    """Make a question of a function from texts and numbers to a queryset: ``asked(…)``, ``asked.first(…)``.

    The function is called once, with places instead of values: it compares something with them, and decides nothing
    by them. Its queryset has no annotations; of related objects those that ``select_related`` names are there.
    """
    return CompiledQuery(ask)


# -------------------------------------------------------------------------------------------------------------- insert


# More rows than these are left to Django, whose words for them are not many more.
MAX_AT_ONCE = 20


def insert(*rows: Model) -> None:
    """Write new rows of one model, in their order, and take their keys from the database: ``bulk_create``.

    MySQL tells the key of a single row only.
    """
    if not rows:
        return
    model = type(rows[0])
    if len(rows) > MAX_AT_ONCE:
        model._base_manager.bulk_create(rows)
        return
    connection = transaction.get_connection()
    values = [_to_save(row, field, connection) for row in rows for field in _without_key(model)]
    with connection.cursor() as cursor:
        cursor.execute(_inserting(model, len(rows)), values)
        keys: Iterable[Any] = ()
        if connection.features.can_return_rows_from_bulk_insert:
            keys = [key for (key,) in cursor.fetchall()]
        elif len(rows) == 1:
            keys = [connection.ops.last_insert_id(cursor, model._meta.db_table, model._meta.pk.column)]
    for row, key in zip_longest(rows, keys):
        row.pk = key
        row._state.adding = False
        row._state.db = connection.alias


@functools.cache
def _inserting(model: type[Model], number: int) -> str:
    connection = transaction.get_connection()
    fields = _without_key(model)
    query = InsertQuery(model)
    # Only the SQL is kept. Of places it has one "%s" for each value; of values, PostgreSQL's would be made of arrays.
    row = model(**{field.attname: _Place(field.attname) for field in fields})
    query.insert_values(fields, [row] * number, raw=True)
    compiler = query.get_compiler(connection=connection)
    if connection.features.can_return_rows_from_bulk_insert:
        compiler.returning_fields = [model._meta.pk]
    [(sql, _)] = compiler.as_sql()
    return cast("str", sql)


@functools.cache
def _without_key(model: type[Model]) -> tuple[_Field, ...]:
    return tuple(field for field in model._meta.concrete_fields if not field.primary_key)


def _to_save(row: Model, field: _Field, connection: BaseDatabaseWrapper) -> Any:
    return field.get_db_prep_save(field.pre_save(row, row._state.adding), connection=connection)


# -------------------------------------------------------------------------------------------------------------- update


def update(row: Model, fields: tuple[str, ...], **only_if: str) -> bool:
    """Write these fields of a row, where it stands in the database as ``only_if`` says; tell whether it did.

    ``save(update_fields=…)`` without the signals.
    """
    connection = transaction.get_connection()
    statement = _updating(type(row), fields, tuple(only_if.items()))
    values = {name: _to_save(row, cast("_Field", row._meta.get_field(name)), connection) for name in fields}
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.filled({**values, "pk": row.pk}))
        return bool(cursor.rowcount)


@functools.cache
def _updating(model: type[Model], fields: tuple[str, ...], only_if: tuple[tuple[str, str], ...]) -> _Statement:
    query = cast("UpdateQuery", model._base_manager.filter(pk=_Place("pk"), **dict(only_if)).query.chain(UpdateQuery))
    query.add_update_values({name: _Place(name) for name in fields})
    return _Statement(*query.get_compiler(connection=transaction.get_connection()).as_sql())
