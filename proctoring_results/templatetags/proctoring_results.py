"""``{% load proctoring_results %}``: for the pages of a host."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.template.base import FilterExpression, Parser, Token
from django.template.context import Context

from proctoring_results.moments import moment
from proctoring_results.queries.learner import LearnerResult, results_in_course

register = template.Library()

USAGE = "{% proctoring_result user course_id content_id %}, with “as name” to render it yourself."


@register.simple_tag
def proctoring_moment(at: datetime | None, *, with_seconds: bool = False) -> str:
    """Print a time in the time zone of the site, with UTC beside it: ``{% proctoring_moment attempt.completed_at %}``.

    With the script ``proctoring_results/_shared/moments.js`` it is in the reader's own time zone.
    """
    return moment(at, with_seconds=with_seconds)


@register.tag
def proctoring_result(parser: Parser, token: Token) -> ResultNode:
    """Render what a learner may read about an exam: ``{% proctoring_result user course_id content_id %}``.

    It renders ``proctoring_results/result.html``, or nothing if there is nothing to read. With ``as name`` it renders
    nothing and sets the name to a ``LearnerResult`` or None. It takes one query for all exams of a course.
    """
    name, *arguments = token.split_contents()
    target = arguments.pop() if len(arguments) == 5 and arguments[-2] == "as" else None
    if target is not None:
        arguments.pop()
    if len(arguments) != 3:
        raise template.TemplateSyntaxError(f"“{name}” is written: {USAGE}")
    user, course_id, content_id = map(parser.compile_filter, arguments)
    return ResultNode(user, course_id, content_id, target)


class ResultNode(template.Node):
    def __init__(
        self, user: FilterExpression, course_id: FilterExpression, content_id: FilterExpression, target: str | None
    ) -> None:
        self.user, self.course_id, self.content_id, self.target = user, course_id, content_id, target

    def render(self, context: Context) -> str:
        user, course_id, content_id = (
            expression.resolve(context) for expression in (self.user, self.course_id, self.content_id)
        )
        result = _results(context, user, course_id).get(content_id)
        if self.target is not None:
            context[self.target] = result
            return ""
        if result is None:
            return ""
        # The template gets nothing of the page but the result.
        result_template = context.template.engine.get_template("proctoring_results/result.html")  # type: ignore[union-attr]
        return str(result_template.render(context.new({"result": result})))


def _results(context: Context, user: Any, course_id: str) -> dict[str, LearnerResult]:
    """Return all results of the course, queried once each time a page is rendered."""
    if not getattr(user, "is_authenticated", False):
        return {}
    key = f"proctoring_results:{user.pk}:{course_id}"
    if key not in context.render_context:
        context.render_context[key] = results_in_course(user, course_id)
    results: dict[str, LearnerResult] = context.render_context[key]
    return results
