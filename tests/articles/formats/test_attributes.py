import pytest

from summsvc.articles.formats import attributes


def test_attributes_are_parsed_by_lower_case_name_and_the_first_counts() -> None:
    found = attributes.parse(""" Class="a b" id='x' hidden data-n=3 class=other""")
    assert found == {"class": "a b", "id": "x", "hidden": "", "data-n": "3"}


@pytest.mark.parametrize(
    "text",
    [
        " hidden",
        ' hidden="hidden"',
        ' style="color: red; display:none"',
        ' style="display : none !important"',
        " style='visibility: hidden'",
        " aria-hidden=true",
        ' role="dialog" class="x"',
        ' role="alertdialog"',
        ' aria-modal="true"',
        ' class="label visually-hidden"',
        ' class="u-visuallyHidden"',
        ' class="sr-only"',
        ' class="screen-reader-text"',
    ],
)
def test_what_a_reader_does_not_see_is_hidden(text: str) -> None:
    assert attributes.hides(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ' class="hidden-xs"',
        ' class="hidden md:block"',
        ' data-hidden="true"',
        ' aria-hidden="false"',
        ' hidden="until-found"',
        ' style="overflow:hidden"',
        ' title="a hidden place"',
        ' class="not-sr-only"',
        ' class="modal-open"',
    ],
)
def test_similar_attributes_hide_nothing(text: str) -> None:
    assert not attributes.hides(text)
