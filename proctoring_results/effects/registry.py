"""The kinds of effects. A kind that is not listed here cannot be delivered."""

from __future__ import annotations

from collections.abc import Mapping

from proctoring_results.choices import EffectKind

from . import certificate, credit, grade, mail, notice, provider, report, schedule
from .base import Effect

# In the order in which the preview of a decision names them.
EFFECTS: Mapping[EffectKind, Effect] = {
    effect.kind: effect
    for effect in (
        grade.EFFECT,
        credit.EFFECT,
        certificate.EFFECT,
        mail.EFFECT,
        notice.EFFECT,
        provider.EFFECT,
        report.EFFECT,
        schedule.EFFECT,
    )
}
# They follow from all attempts that count, and so from archiving one, too.
LEVELS = tuple(kind for kind, effect in EFFECTS.items() if effect.is_level)


def effect_of(kind: str) -> Effect:
    """Return the entry of a stored kind. Raises ``LookupError`` if it has none: then nothing would be called."""
    try:
        return EFFECTS[EffectKind(kind)]
    except (KeyError, ValueError):
        raise LookupError(f"Nothing delivers effects of the kind “{kind}”.") from None
