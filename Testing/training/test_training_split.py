"""The split: 80 to 20, by patient, like cases on both sides, the same again for the same seed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.training.cases import Part
from PTLFPredictorLib.training.split import Item, Split, split

cohorts = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from([0.0, 1.5, 20.0, 300.0]), st.sampled_from([1.0, 5.0])),
    min_size=12,
    max_size=60,
).map(lambda drawn: [Item(f"case_{k:03d}", *values) for k, values in enumerate(drawn, start=1)])


def patients(items, names) -> set[int]:
    return {item.patient for item in items if item.name in names}


@given(cohorts, st.integers(2, 5), st.integers(0, 99))
def test_every_case_is_in_one_place_and_no_patient_in_two(items, folds, seed):
    count = len({item.patient for item in items})
    if count < folds + 1 + round(0.2 * count):
        return
    made = split(items, folds, seed)
    places = [made.test, *made.folds]
    assert sorted(name for names in places for name in names) == [item.name for item in items]
    of_places = [patients(items, names) for names in places]
    assert sum(map(len, of_places)) == count
    assert len(of_places[0]) == max(1, round(0.2 * count))
    sizes = [len(one) for one in of_places[1:]]
    assert max(sizes) - min(sizes) <= 1
    assert split(items[::-1], folds, seed) == made  # the order of the table does not matter
    assert Split.from_dict(made.to_dict()) == made


def cohort(count: int, volumes=(10.0, 40.0, 160.0)) -> list[Item]:
    return [Item(f"case_{k:03d}", k, volumes[k % len(volumes)] + k / 100, 5.0) for k in range(count)]


def test_a_hundred_cases_as_in_the_paper():
    made = split(cohort(100), 5, 0)
    assert (len(made.train), len(made.test)) == (80, 20)
    assert [len(names) for names in made.folds] == [16] * 5


def test_each_side_has_small_middle_and_large_tumours_alike():
    items = cohort(90)
    made = split(items, 5, 3)
    for names in (made.test, *made.folds):
        counts = [
            sum(low <= item.tumour_ml < high for item in items if item.name in names)
            for low, high in ((0, 20), (20, 100), (100, 1000))
        ]
        assert max(counts) - min(counts) <= 1


def test_another_seed_is_another_split():
    assert len({split(cohort(60), 5, seed).test for seed in range(5)}) == 5


def test_nnunet_is_told_the_same_folds():
    made = split(cohort(25), 5, 0)
    told = made.for_nnunet()
    assert [tuple(fold["val"]) for fold in told] == list(made.folds)
    assert all(sorted((*fold["train"], *fold["val"])) == list(made.train) for fold in told)
    assert not any(name in made.test for fold in told for name in (*fold["train"], *fold["val"]))


def test_a_given_split_is_kept():
    items = cohort(12)
    said = {item.name: Part.TEST if k in (2, 5) else Part.TRAIN for k, item in enumerate(items)}
    made = split(items, 5, 0, said)
    assert made.test == ("case_002", "case_005")
    assert "as the table says" in made.by


@pytest.mark.parametrize(("count", "folds"), [(2, 2), (5, 5), (1, 1)])
def test_too_few_patients(count, folds):
    with pytest.raises(BadInput, match="too few"):
        split(cohort(count), folds, 0)
    split(cohort(6), 5, 0)  # the smallest
