"""A mixture is a function of its seed: exact counts, every record equally often, and nothing lost on the way."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from twist_scout.data.mixture import Mixture, Part
from twist_scout.data.mixture_parts import PAPER_SIZES
from twist_scout.data.records import Example, write_examples
from twist_scout.errors import BadConfig, BadInput, BadRecord


def make(id: str, image: str = "a.png") -> Example:
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]
    return Example(id=id, image=image, width=4, height=4, task="rec", messages=messages)


def records(name: str, count: int) -> list[Example]:
    return [make(f"{name}{i}", f"{name}{i % 7}.png") for i in range(count)]


def ids(mixture: Mixture) -> list[str]:
    return [mixture[place].id for place in range(len(mixture))]


def mixture(**options: object) -> Mixture:
    parts = [
        Part("rec", records("r", 7), size=20),
        Part("gic", records("g", 10), size=10),
        Part("scout", records("s", 50), size=15),
    ]
    return Mixture(parts, **options)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=40)
@given(
    sizes=st.lists(st.tuples(st.integers(1, 12), st.integers(0, 30)), min_size=1, max_size=4),
    seed=st.integers(0, 99),
    epochs=st.integers(1, 3),
    fresh=st.booleans(),
)
def test_an_epoch_takes_what_is_asked_for_and_no_record_much_more_often_than_another(
    sizes: list[tuple[int, int]], seed: int, epochs: int, fresh: bool
) -> None:
    if not any(size for _, size in sizes):
        sizes = [*sizes, (3, 1)]
    parts = [Part(f"p{n}", records(f"p{n}-", count), size=size) for n, (count, size) in enumerate(sizes)]
    mixed = Mixture(parts, seed=seed, epochs=epochs, fresh=fresh)
    draws = [mixed.draw(place) for place in range(len(mixed))]
    assert len(draws) == epochs * sum(size for _, size in sizes)
    assert len(set(draws)) == len(draws)  # (part, record, repeat) names a place
    for epoch in range(epochs):
        within = draws[epoch * mixed.per_epoch : (epoch + 1) * mixed.per_epoch]
        for n, (count, size) in enumerate(sizes):
            times = Counter(draw.record for draw in within if draw.part == f"p{n}")
            assert times.total() == size
            assert all(times[record] in (size // count, -(-size // count)) for record in range(count))
    for n, (count, size) in enumerate(sizes):
        times = Counter(draw.record for draw in draws if draw.part == f"p{n}")
        if fresh:  # over all epochs too
            assert max(times.values(), default=0) - min((times[r] for r in range(count)), default=0) <= 1
        elif size:
            assert len(times) == min(count, size)  # every epoch takes the same ones


def test_the_order_depends_on_the_seed_alone() -> None:
    first = ids(mixture(seed=1, epochs=2))
    assert first == ids(mixture(seed=1, epochs=2))
    assert Counter(first) != Counter(ids(mixture(seed=2, epochs=2)))  # another choice too
    assert first[:45] != first[45:]
    assert Counter(first[:45]) == Counter(first[45:])


def test_parts_are_mixed_all_along() -> None:
    parts = [Part("a", records("a", 1000), size=1000), Part("b", records("b", 1000), size=1000)]
    names = [Mixture(parts).draw(place).part for place in range(2000)]
    for start in range(0, 2000, 200):
        assert 60 <= names[start : start + 200].count("a") <= 140


def test_a_smaller_size_is_a_subset_of_a_larger_one() -> None:
    """So that Table 10's sizes differ in size alone; and other parts change nothing."""
    scout = records("s", 64)
    taken = [set(ids(Mixture([Part("scout", scout, size=size)]))) for size in (8, 16, 32, 64)]
    assert taken[0] < taken[1] < taken[2] < taken[3]
    beside = Mixture([Part("rec", records("r", 5), size=5), Part("scout", scout, size=16)])
    assert {id for id in ids(beside) if id[0] == "s"} == taken[1]


def test_fresh_epochs_see_everything_before_anything_twice() -> None:
    mixed = Mixture([Part("scout", records("s", 30), size=10)], epochs=3, fresh=True)
    assert len(set(ids(mixed))) == 30


def test_sizes_and_weights() -> None:
    def taken(*parts: Part, size: int | None = None) -> list[int]:
        return [count.taken for count in Mixture(list(parts), size=size).counts]

    a, b, c = records("a", 10), records("b", 20), records("c", 5)
    assert taken(Part("a", a), Part("b", b)) == [10, 20]
    assert taken(Part("a", a, weight=2.5), Part("b", b, weight=0.5)) == [25, 10]
    assert taken(Part("a", a, weight=1), Part("b", b, weight=2), size=100) == [33, 67]
    assert taken(Part("a", a, size=40), Part("b", b, weight=3), Part("c", c), size=100) == [40, 45, 15]
    assert taken(Part("a", a, size=0), Part("b", b)) == [0, 20]
    for name, size in PAPER_SIZES.items():
        assert taken(Part(name, a)) == [size]
        assert taken(Part(name, a, weight=1)) == [10]
        assert taken(Part(name, a), size=7) == [7]
    assert sum(PAPER_SIZES.values()) == 748_000


@pytest.mark.parametrize(
    ("parts", "size", "words"),
    [
        ([], None, "one or more parts"),
        ([Part("a", []), Part("a", [])], None, "name of its own"),
        ([Part("a", [], size=3)], None, "no records"),
        ([Part("a", records("a", 3), size=0)], None, "empty"),
        ([Part("a", records("a", 3), size=9)], 5, "leave -4"),
        ([Part("a", records("a", 3), size=4)], 5, "leave 1"),
    ],
)
def test_what_does_not_fit_is_one_sentence(parts: list[Part], size: int | None, words: str) -> None:
    with pytest.raises((BadConfig, BadInput), match=words):
        Mixture(parts, size=size)


@pytest.mark.parametrize(
    "options", [{"size": 1, "weight": 1.0}, {"size": -1}, {"weight": -1.0}, {"weight": float("nan")}]
)
def test_a_part_says_one_thing(options: dict[str, float]) -> None:
    with pytest.raises(BadConfig, match=r"[Pp]art 'a'"):
        Part("a", [], **options)  # type: ignore[arg-type]


def test_places_outside() -> None:
    mixed = mixture()
    assert mixed[-1].id == mixed[44].id
    for place in (45, -46):
        with pytest.raises(IndexError):
            mixed[place]


@pytest.fixture
def files(tmp_path: Path) -> list[Part]:
    for name, count in (("r", 9), ("s", 40)):
        write_examples(tmp_path / name / "x.jsonl", records(name, count))
    return [
        Part("rec", tmp_path / "r" / "x.jsonl", size=20),
        Part("scout", [str(tmp_path / "s" / "x.jsonl")], size=17),
    ]


def test_files_sequences_and_streams_are_mixed_alike(files: list[Part]) -> None:
    def stream() -> Iterator[Example]:
        yield from records("s", 40)

    in_memory = Mixture([Part("rec", records("r", 9), size=20), Part("scout", records("s", 40), size=17)])
    spooled = Mixture([Part("rec", iter(records("r", 9)), size=20), Part("scout", stream(), size=17)])
    from_files = Mixture(files)
    assert ids(in_memory) == ids(from_files) == ids(spooled)
    assert Path(from_files[0].image).parent.name in ("r", "s")  # joined to the folder of its file
    assert spooled[0].image == in_memory[0].image
    copied = pickle.loads(pickle.dumps(from_files))
    assert ids(copied) == ids(from_files)


def test_a_bad_line_is_found_at_the_start(files: list[Part], tmp_path: Path) -> None:
    with (tmp_path / "s" / "x.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(BadRecord, match="line 41"):
        Mixture(files)


@settings(deadline=None, max_examples=30)
@given(world=st.integers(1, 5), start=st.integers(0, 50))
def test_processes_share_the_records_without_loss_or_repeat(world: int, start: int) -> None:
    mixed = mixture(epochs=2)
    shares = [[e.id for e in mixed.stream(start, rank=rank, world=world)] for rank in range(world)]
    together = [share[n] for n in range(len(mixed)) for share in shares if n < len(share)]
    assert together == ids(mixed)[start:]
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("world", [1, 2])
def test_the_workers_of_a_loader_share_them_too(workers: int, world: int, files: list[Part]) -> None:
    mixed = Mixture(files, epochs=2)
    seen: Counter[str] = Counter()
    for rank in range(world):
        stream = mixed.stream(rank=rank, world=world)
        loader = DataLoader(stream, batch_size=4, num_workers=workers, collate_fn=lambda batch: [e.id for e in batch])
        for batch in loader:
            seen.update(batch)
    assert seen == Counter(ids(mixed))


def test_a_loader_takes_it_as_a_map_too(files: list[Part]) -> None:
    mixed = Mixture(files)
    loader = DataLoader(mixed, batch_size=5, shuffle=True, collate_fn=lambda batch: [e.id for e in batch])
    assert Counter(id for batch in loader for id in batch) == Counter(ids(mixed))


@settings(deadline=None, max_examples=30)
@given(given=st.integers(0, 90), world=st.integers(1, 4), later=st.integers(1, 4))
def test_a_run_goes_on_where_it_stopped_also_with_other_processes(given: int, world: int, later: int) -> None:
    mixed = mixture(epochs=2)
    streams = [mixed.stream(rank=rank, world=world) for rank in range(world)]
    turns = [iter(stream) for stream in streams]
    each = given // world
    before = [next(turn).id for _ in range(each) for turn in turns]
    states = [stream.state_dict() for stream in streams]
    assert all(state == states[0] for state in states) or each == 0
    after = []
    for rank in range(later):
        stream = mixture(epochs=2).stream(rank=rank, world=later)
        stream.load_state_dict(states[0])
        after.append([e.id for e in stream])
    rest = [share[n] for n in range(len(mixed)) for share in after if n < len(share)]
    assert before + rest == ids(mixed)


def test_the_state_of_another_mixture_is_refused(files: list[Part], tmp_path: Path) -> None:
    state = Mixture(files).stream().state_dict()
    for other in (Mixture(files, seed=1), Mixture(files[:1]), Mixture(files, fresh=True)):
        with pytest.raises(BadConfig, match="other parts"):
            other.stream().load_state_dict(state)
    Mixture(files, epochs=3).stream().load_state_dict(state)
    write_examples(tmp_path / "r" / "x.jsonl", records("other", 9))
    with pytest.raises(BadConfig):
        Mixture(files).stream().load_state_dict(state)
    with pytest.raises(BadConfig, match="Rank 2 of 2"):
        Mixture(files).stream(rank=2, world=2)


def test_refused_pictures_are_left_out_before_sizes_are_counted() -> None:
    asked: list[str] = []

    def refuse(image: str) -> bool:
        asked.append(image)
        return image == "r3.png"

    mixed = Mixture([Part("rec", records("r", 20), size=40)], refuse=refuse)
    assert len(asked) == len(set(asked)) == 7  # once for each picture
    (count,) = mixed.counts
    assert (count.records, count.taken, count.refused) == (17, 40, 3)
    assert {mixed[n].image for n in range(40)} == {f"r{n}.png" for n in range(7)} - {"r3.png"}


def test_counts_are_told() -> None:
    told = [str(count) for count in mixture().counts]
    assert told == [
        "rec: 20 of 7 records, each 2 or 3 times",
        "gic: 10 of 10 records, each once",
        "scout: 15 of 50 records",
    ]
    twice = Mixture([Part("a", records("a", 5), size=10)], refuse=lambda image: image == "a0.png")
    assert str(twice.counts[0]) == "a: 10 of 4 records, each 2 or 3 times; 1 refused"
    assert str(Mixture([Part("a", records("a", 5), weight=3)]).counts[0]) == "a: 15 of 5 records, each 3 times"
