"""Quick pulse: what one tap is, and what the room sees of many."""

from __future__ import annotations

from typing import Any

import pytest

from workshop.activities import KINDS
from workshop.activities.pulse import WORDS, PulseConfig
from workshop.errors import AnswerRefused

PULSE = KINDS["pulse"]


def test_a_word_of_another_set_is_refused() -> None:
    for fields in ({"choice": ["clear"]}, {"choice": ["good", "so-so"]}, {}, {"choice": []}):
        with pytest.raises(AnswerRefused):
            PULSE.clean(PulseConfig(), fields)
    with pytest.raises(ValueError, match="words"):
        PulseConfig.model_validate({"words": "weather"})


@pytest.mark.parametrize("words", list(WORDS))
def test_each_set_has_three_to_five_short_words_and_faces_only_where_they_judge_nobody(words: Any) -> None:
    config = PulseConfig(words=words)
    assert 3 <= len(config.options) <= 5
    assert all(len(option.label) <= 24 for option in config.options)
    smiles = [face.smile for face in config.faces]
    assert smiles == [None] * 3 if words == "pace" else (smiles[0], smiles[-1]) == (1, -1)


def test_nine_see_words_and_twelve_see_numbers() -> None:
    def said(good: int, others: int) -> list[str]:
        bodies = [{"choice": ["good"]}] * good + [{"choice": ["so-so"]}] * others
        chart = PULSE.chart(PulseConfig(), PULSE.aggregate(PulseConfig(), bodies))
        return [bar.shown for bar in chart.bars] if chart else []

    assert said(2, 2) == []
    assert all(not word.isdigit() for word in said(5, 4))
    assert "7" in said(7, 5) or "5" in said(7, 5)
