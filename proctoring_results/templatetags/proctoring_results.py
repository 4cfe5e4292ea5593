"""``{% load proctoring_results %}``: for the pages of a host."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.base import FilterExpression, Parser, Token
from django.template.context import Context

from proctoring_results.queries.learner import LearnerResult, results_in_course

register = template.Library()

USAGE = "{% proctoring_result user course_id content_id %}, with “as name” where you draw it yourself."


@register.tag
def proctoring_result(parser: Parser, token: Token) -> ResultNode:
    """What a learner may read about an exam: ``{% proctoring_result user course_id content_id %}``.

    Draws ``proctoring_results/result.html``, or nothing where there is nothing to read. With ``as name`` it draws
    nothing, and the name holds a ``LearnerResult``, or None. One query a course, however many exams the page shows.
    """
    name, *arguments = token.split_contents()
    target = arguments.pop() if len(arguments) == 5 and arguments[-2] == "as" else None
    if target is not None:
        arguments.pop()
    if len(arguments) != 3:
        raise template.TemplateSyntaxError(f"“{name}” is written {USAGE}")
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
        # A template of its own sees nothing of the page but the result.
        drawn = context.template.engine.get_template("proctoring_results/result.html")  # type: ignore[union-attr]
        return str(drawn.render(context.new({"result": result})))


def _results(context: Context, user: Any, course_id: str) -> dict[str, LearnerResult]:
    """All of the course, asked once in a drawing of the page."""
    if not getattr(user, "is_authenticated", False):
        return {}
    key = f"proctoring_results:{user.pk}:{course_id}"
    if key not in context.render_context:
        context.render_context[key] = results_in_course(user, course_id)
    found: dict[str, LearnerResult] = context.render_context[key]
    return found
