"""Reading what a language model wrote: the good is kept, the rest is turned down with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.scout.question_text import read_questions

CAPTION = "Two boys pull a wooden sled up a snowy hill."


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("Q: What are the boys pulling?\nA: a sled", "the form that was asked for"),
        ("Q1. What are the boys pulling?\nA1: a sled", "numbered"),
        ("**Question 1:** What are the boys pulling?\n**Answer:** a sled.", "Markdown"),
        ("Query 1: What are the boys pulling? [Answer]: a sled", "on one line, as the paper's prompt has it"),
        ("1) Q: What are the boys pulling?\n   A: a sled", "numbered and indented"),
        ('```json\n[{"question": "What are the boys pulling?", "answer": "a sled"}]\n```', "JSON in a fence"),
        (
            "Sure! Here you go.\n\nQ: What are the boys pulling?\nA: a sled\n\nDescription: A cat\nQ: What?\nA: x",
            "chatter",
        ),
    ],
)
def test_every_usual_form_is_read(reply, why):
    read = read_questions(reply, about=CAPTION)
    assert [(a.question, a.answer) for a in read.usable] == [("What are the boys pulling?", "a sled")], why
    assert not read.unusable


@pytest.mark.parametrize(
    ("reply", "check"),
    [
        ("Q: Are the boys happy?\nA: yes", "question"),
        ("Q: What the boys pull\nA: a sled", "question"),
        ("Q: What is at [31, 60, 140, 300]?\nA: a boy", "question"),
        ("Q: What does the description mention?\nA: boys", "question"),
        (f"Q: What {'very ' * 40} boys?\nA: a sled", "question"),
        ("Q: What are the boys pulling?", "answer"),
        ("Q: What are the boys wearing?\nA: not mentioned", "answer"),
        ("Q: What are the boys pulling?\nA: it is a very long story that begins a year ago", "answer"),
        ("Q: What is the elephant eating?\nA: hay", "about"),
        ("", "form"),
        ("I cannot help with that.", "form"),
    ],
)
def test_what_cannot_be_used_is_turned_down_with_a_reason(reply, check):
    read = read_questions(reply, about=CAPTION)
    assert not read.usable
    assert [bad.check for bad in read.unusable] == [check]
    assert read.unusable[0].reason


def test_a_question_that_is_asked_twice_counts_once():
    read = read_questions("Q: What is the sled made of?\nA: wood\nq: what is the sled made of?\nA: wood", about=CAPTION)
    assert len(read.usable) == 1
    assert read.unusable[0].check == "repeated"


def test_a_negative_question_says_what_is_missing():
    read = read_questions("Q: Where is the horse standing?\nMISSING: A horse.", about=CAPTION, negative=True)
    assert [(a.question, a.missing) for a in read.usable] == [("Where is the horse standing?", "horse")]


@pytest.mark.parametrize(
    "reply",
    [
        "Q: Where is the sled?\nMISSING: sleds",
        "Q: Where is the horse?\nMISSING: snowman",
        "Q: Where is the horse?",
        "Q: Where is the horse?\nMISSING: a thing that nobody could have seen there",
        "Q: What is the most valuable item?\nMISSING: item",
        "Q: Where is the horse?\nMISSING: the",
        "Q: Where is the horse?\nMISSING: ***",
    ],
)
def test_what_is_said_to_be_missing_is_asked_about_and_not_in_the_caption(reply):
    read = read_questions(reply, about=CAPTION, negative=True)
    assert not read.usable
    assert read.unusable[0].check == "missing"


@given(st.text(), st.text(), st.booleans())
def test_reading_never_raises(reply, caption, negative):
    read = read_questions(reply, about=caption, negative=negative)
    assert read.usable or read.unusable


@given(st.lists(st.sampled_from(["Q:", "A:", "[", "{", "MISSING:", "\n", "what", "?", "sled", '"question"', "]", "}"])))
def test_reading_broken_forms_never_raises(pieces):
    read_questions(" ".join(pieces), about=CAPTION)
