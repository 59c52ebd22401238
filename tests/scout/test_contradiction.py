"""The answer to a question about something that is not there."""

from __future__ import annotations

from twist_scout.boxes.verdict import says_question_is_invalid
from twist_scout.scout.contradiction import contradiction
from twist_scout.scout.references import without_references


def test_it_names_what_is_there_from_the_caption(captioned):
    reply = contradiction(captioned, "dog", caption=captioned.captions[0])
    assert reply == (
        "Step 1: Find the dog. Step 2: There is a man <box:0>, an orange hat <box:1> and two bicycles <box:2> "
        "in the image, not a dog. This question is invalid."
    )


def test_it_names_what_is_there_from_the_annotations(annotated):
    reply = contradiction(annotated, "cat")
    assert "There is a red dog <box:0>, a blue dog <box:1> and a green car <box:2> in the image, not a cat." in reply


def test_it_is_read_as_a_refusal(captioned):
    assert says_question_is_invalid(
        without_references(contradiction(captioned, "umbrella", caption=captioned.captions[0]))
    )


def test_several_missing_things_have_no_article(captioned):
    assert "not skis." in contradiction(captioned, "skis", caption=captioned.captions[0])


def test_without_boxes_there_is_nothing_to_contradict_with(captioned):
    bare = captioned.model_copy(update={"captions": ("A man.",), "boxes": ()})
    assert contradiction(bare, "dog", caption="A man.") is None


def test_several_things_of_one_name_are_counted(annotated):
    plain = [entity.model_copy(update={"attributes": {}}) for entity in annotated.entities]
    reply = contradiction(annotated.model_copy(update={"entities": tuple(plain)}), "cat")
    assert "There are two dogs <box:0,1> and a car <box:2> in the image, not a cat." in reply
