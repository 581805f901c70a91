"""What a vision language model is asked, and what becomes of its answers."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from dubench.duvlm.prompts import AS_NANO, Question
from dubench.duvlm.views import as_pictures, for_nano
from dubench.predictors.vlm.asking import Asked, Reply
from dubench.predictors.vlm.prompts import zero_shot
from generators.errors import InputError
from generators.taxonomy import KEYS, TYPES

GREY = np.full((32, 32, 3), 128, np.uint8)


class Scripted:
    """Answers as a function of the picture and the text."""

    name, batch = "scripted", 4

    def __init__(self, answer: Callable[[np.ndarray, str], str | Reply]) -> None:
        self.about = {"weights": "none"}
        self.asked: list[tuple[Question, bool]] = []
        self._answer = answer

    def ask(self, questions: Sequence[Question], anew: bool = False) -> list[Reply]:
        self.asked += [(question, anew) for question in questions]
        replies = [self._answer(question[0], question[-1]) for question in questions]
        return [one if isinstance(one, Reply) else Reply(one) for one in replies]


def seeing(answer: str | Reply) -> Scripted:
    def look(image: np.ndarray, text: str) -> str | Reply:
        if "Which colour" not in text:
            return answer
        return "Red." if image[0, 0, 0] == 255 else "It is plain blue"

    return Scripted(look)


def test_a_model_that_sees_is_asked_after_two_colours_once() -> None:
    model = seeing('{"type": "blur", "parameters": {"sigma": 3}}')
    asked = Asked(model, zero_shot())
    assert [asked.predict([GREY, GREY])[1], *asked.predict([GREY])] == [
        {"output": '{"type": "blur", "parameters": {"sigma": 3}}'}
    ] * 2
    assert [anew for _, anew in model.asked] == [True, True, False, False, False]
    for question, _ in model.asked[2:]:
        assert question[0] is GREY
        assert question[1] == zero_shot().text
    assert asked.notes == []


@pytest.mark.parametrize(
    "answer",
    ["red", "blue", "Red, green, blue or yellow", "I cannot see pictures.", "", "<think>red, blue"],
)
def test_a_blind_model_is_asked_nothing_more(answer: str) -> None:
    model = Scripted(lambda image, text: answer)
    with pytest.raises(InputError, match=r"scripted is blind: shown a plain .*--anyway"):
        Asked(model, zero_shot()).predict([GREY])
    assert len(model.asked) == 2
    assert Asked(model, zero_shot(), anyway=True).predict([GREY]) == [{"output": answer}]


def test_thoughts_about_other_colours_are_no_answer() -> None:
    model = Scripted(
        lambda image, text: f"<think>red? blue?</think>{'RED' if image[0, 0, 0] else 'blue'}"
    )
    assert len(Asked(model, zero_shot()).predict([GREY])) == 1


def test_how_sure_it_says_it_is_goes_into_the_record() -> None:
    text = (
        'Foggy. {"type": "haze", "parameters": {"A": 0.8, "t": 0.4}, "type_probabilities": '
        '{"haze": 0.9, "blur": 0.1}, "ranges": {"t": [0.3, 0.5]}}'
    )
    (record,) = Asked(seeing(Reply(text, fields={"latency_s": 2.5})), zero_shot()).predict([GREY])
    assert record == {
        "output": text,
        "latency_s": 2.5,
        "type_probabilities": {"haze": 0.9, "blur": 0.1},
        "ranges": {"t": [0.3, 0.5]},
    }


def test_what_cannot_be_read_or_was_cut_is_counted() -> None:
    text = '{"type": "none", "parameters": {}, "type_probabilities": {"none": 7}}'
    asked = Asked(seeing(Reply(text, cut=True)), zero_shot())
    assert asked.predict([GREY, GREY]) == [{"output": text}] * 2
    cut, uncertain = asked.notes
    assert cut == "2 answers reached --max-tokens and were cut off there"
    assert uncertain.startswith("2 answers name type_probabilities or ranges that cannot be read")


def test_the_prompt_names_every_type_and_key_with_unit_and_range() -> None:
    text = zero_shot().text
    for type_ in TYPES.values():
        assert f"- {type_.name}: {type_.meaning}" in text
    for key in KEYS.values():
        assert f"- {key.name}: {key.meaning} (" in text
        assert f"{key.unit}, {key.low:g} to {key.high:g})" in text


def test_the_prompts_words_are_those_of_its_version() -> None:
    """Other words need another version: answers under one name must be to one question."""
    assert zero_shot().about == {
        "prompt": "zero-shot-1",
        "prompt_sha256": "fc4ec18f4856418cba92af3e4cedd60b608066f4ce7a307c922bb56d1a4ee390",
    }


def test_views_are_shown_with_captions_in_the_order_asked_for() -> None:
    model = seeing("x")
    asked = Asked(model, zero_shot(), views=("edges", "fft"))
    photo = np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint8)
    asked.predict([photo])
    question = model.asked[-1][0]
    first, image, *shown, text = question
    assert (first, text) == ("The photograph:", zero_shot().text)
    assert image is photo
    assert [part for part in shown if isinstance(part, str)] == [
        "The strength of its edges, by Sobel's filter:",
        "Its log-amplitude spectrum, zero frequency in the middle:",
    ]
    edges, fft = (part for part in shown if not isinstance(part, str))
    for picture, name in ((edges, "edges"), (fft, "fft")):
        np.testing.assert_array_equal(picture, as_pictures(photo, [name])[0])
    assert asked.about["views"] == ["edges", "fft"]
    assert "views" not in Asked(model, zero_shot()).about


def test_nano_gets_its_own_pictures_and_no_question_of_colours() -> None:
    model = seeing("x")
    asked = Asked(model, zero_shot(), views=AS_NANO, anyway=True)
    photo = np.random.default_rng(0).integers(0, 256, (200, 256, 3), np.uint8)
    asked.predict([photo])
    *shown, text = model.asked[-1][0]
    assert text == zero_shot().text
    for picture, expected in zip(shown, for_nano(photo), strict=True):
        np.testing.assert_array_equal(picture, expected)
    with pytest.raises(InputError, match="at most 256 pixels a side, not 300 × 256"):
        asked.predict([np.zeros((256, 300, 3), np.uint8)])
