"""The words of a rate: every form that the schedule writes, and that nothing of them is lost."""

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestration.sources.tariff_rates import Part, cleaned, codes_in, rates


def only(text: str) -> Part:
    """The only part of the only rate of a text."""
    (rate,) = rates(text)
    (part,) = rate.parts
    return part


def amounts(text: str) -> list[tuple]:
    """What each part of the only rate comes to."""
    (rate,) = rates(text)
    return [
        (part.kind, part.ad_valorem_rate, part.specific_amount_usd, part.specific_unit, part.applies_to)
        for part in rate.parts
    ]


def percent(text: str) -> Decimal:
    return (Decimal(text) / 100).quantize(Decimal("1e-10"))


@pytest.mark.parametrize("text", ["", " ", "\n", None])
def test_an_empty_cell_has_no_rate(text):
    assert rates(text) == ()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Free", "free"),
        ("No change", "no_change"),
        ("No Change.", "no_change"),
        ("No additional duty", "no_additional_duty"),
        ("The duty provided in the applicable subheading", "applicable_duty"),
        ("The duty provided for in the applicable subheading.", "applicable_duty"),
        ("The rate applicable to the natural juice in heading 2009", "rule"),
        ("A duty upon the value of the repairs or alterations (see U.S. note 3 of this subchapter)", "rule"),
        ("See additional U.S. note 1", "reference"),
        (
            "3.6606¢/kg less 0.020668¢/kg for each degree under 100 degrees but not less than 3.143854¢/kg",
            "text",
        ),
        ("Twelve per hundred", "text"),
        ("5% or so", "text"),
        (":", "text"),
    ],
)
def test_what_kind_of_rate_it_is(text, kind):
    assert only(text).kind == kind


@pytest.mark.parametrize(
    ("text", "rate", "applies_to"),
    [
        ("2.6%", "2.6", None),
        ("6.5% ", "6.5", None),
        ("33 1/3%", "33.3333333333333", None),
        ("20%<il></il>", "20", None),
        ("1.5 percent of the fair retail value", "1.5", "of the fair retail value"),
        ("2.5% on the value of the lead content", "2.5", "on the value of the lead content"),
    ],
)
def test_a_fraction_of_the_value(text, rate, applies_to):
    part = only(text)
    assert (part.kind, part.ad_valorem_rate, part.applies_to) == ("ad_valorem", percent(rate), applies_to)


@pytest.mark.parametrize(
    ("text", "amount", "unit", "applies_to"),
    [
        ("3.9¢/kg", "0.039", "kg", None),
        ("$1.50/doz.", "1.50", "doz", None),
        ("0.9¢ each", "0.009", "each", None),
        ("4.5¢/ liter", "0.045", "liter", None),
        ("31.4¢/pf.liter", "0.314", "pf. liter", None),
        ("$1.34/1,000", "1.34", "1000", None),
        ("0.3¢/line/ gross", "0.003", "line/gross", None),
        ("$2.13/m<sup>2</sup>", "2.13", "m2", None),
        ("86.1¢/m<sup>2</sup> of recording surface", "0.861", "m2", "of recording surface"),
        ("3.7¢/kg on drained weight", "0.037", "kg", "on drained weight"),
        ("2.8¢/jewel over 7", "0.028", "jewel", "over 7"),
        ("$1.76/t, including weight of container", "1.76", "t", "including weight of container"),
    ],
)
def test_an_amount_for_each_unit(text, amount, unit, applies_to):
    part = only(text)
    assert (part.kind, part.specific_unit, part.applies_to) == ("specific", unit, applies_to)
    assert part.specific_amount_usd == Decimal(amount)


def test_parts_are_added_up():
    assert amounts("30.5¢/kg + 8.5%") == [
        ("specific", None, Decimal("0.305"), "kg", None),
        ("ad_valorem", percent("8.5"), None, None, None),
    ]
    assert amounts("$1.75 each + 4.8% on the case +2.2% on the strap, band or bracelet") == [
        ("specific", None, Decimal("1.75"), "each", None),
        ("ad_valorem", percent("4.8"), None, None, "on the case"),
        ("ad_valorem", percent("2.2"), None, None, "on the strap, band or bracelet"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "The duty provided in the applicable subheading + 25%",
        "The duty provided in the applicable subheading plus 25%",
        "The duty provided inthe applicable subheading+ 25%.",
    ],
)
def test_a_duty_on_top_of_that_of_the_subheading(text):
    assert amounts(text) == [
        ("applicable_duty", None, None, None, None),
        ("ad_valorem", percent("25"), None, None, None),
    ]


def test_a_duty_on_a_part_of_the_value_and_one_that_is_taken_off():
    metal = (
        "The duty provided in the applicable subheading + a duty of 50% upon the value of the steel content."
    )
    assert amounts(metal)[1] == ("ad_valorem", percent("50"), None, None, "on the value of the steel content")
    assert amounts("The duty rate provided in such subheading minus 2.0%") == [
        ("applicable_duty", percent("-2"), None, None, None)
    ]


def test_free_may_have_a_condition():
    part = only("Free, under bond, as prescribed in U.S. note 1 to this subchapter")
    assert (part.kind, part.applies_to) == (
        "free", "under bond, as prescribed in U.S. note 1 to this subchapter",
    )  # fmt: skip


def test_each_rate_has_its_programmes():
    found = rates("Free (A+,AU, BH,CL,E IL,.OM) 8.8¢/liter + 1% (JO)See 9822.05.20 (P+) 2% (KR,)")

    assert [rate.programmes for rate in found] == [
        ("A+", "AU", "BH", "CL", "E", "IL", "OM"), ("JO",), ("P+",), ("KR",),
    ]  # fmt: skip
    assert [[part.kind for part in rate.parts] for rate in found] == [
        ["free"], ["specific", "ad_valorem"], ["reference"], ["ad_valorem"],
    ]  # fmt: skip
    assert found[2].parts[0].referenced_codes == ("98220520",)


def test_brackets_that_name_no_programmes_belong_to_the_rate():
    (rate,) = rates("Free (See U.S. note 4 of this subchapter)")
    assert (rate.programmes, rate.parts[0].applies_to) == ((), "See U.S. note 4 of this subchapter")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("See 9903.88.15. ", ("99038815",)),
        ("See 9903.88.25, 9903.88.26 and\xa0 9903.88.28.\xa0 ", ("99038825", "99038826", "99038828")),
        ("See subheadings 9904.04.50-9904.05.01. ", ("99040450-99040501",)),
        ("See 9903.52.00 through 9903.52.26.", ("99035200-99035226",)),
        ("See 99.19.04.14 (PA)", ("99190414",)),
        ("See U.S. note 16 to subchapter III, chapter 99. ", ()),
    ],
)
def test_headings_that_a_text_names(text, codes):
    assert codes_in(text) == codes


def test_words_broken_at_the_end_of_a_line_are_put_together():
    assert (
        cleaned("The rate of duty appli- cable to  that\narticle.")
        == "The rate of duty applicable to that article"
    )


NUMBERS = st.decimals(0, 999, places=4, allow_nan=False).map(lambda number: f"{number.normalize():f}")
UNITS = st.sampled_from(["kg", "liter", "pf. liter", "m2", "doz", "1000", "clean kg", "line/gross"])
ENDINGS = st.sampled_from(["", " on the case", " on drained weight", " of total sugars"])
PERCENTAGES = st.builds("{}%{}".format, NUMBERS, ENDINGS)
CENTS = st.builds("{}¢/{}{}".format, NUMBERS, UNITS, ENDINGS)
DOLLARS = st.builds("${}/{}{}".format, NUMBERS, UNITS, ENDINGS)
EACH = st.builds("{}¢ each".format, NUMBERS)
APPLICABLE = st.just("The duty provided in the applicable subheading")
SUMMANDS = st.one_of(PERCENTAGES, CENTS, DOLLARS, EACH, APPLICABLE, st.just("Free"))
SUMS = st.lists(SUMMANDS, min_size=1, max_size=4)
PROGRAMMES = st.lists(st.sampled_from(["A", "A*", "A+", "AU", "S", "S+", "KR", "P"]), min_size=1, unique=True)


@given(st.lists(st.tuples(SUMS, PROGRAMMES), min_size=1, max_size=4))
def test_what_is_written_is_read(written):
    text = " ".join(f"{' + '.join(parts)} ({','.join(programmes)})" for parts, programmes in written)

    found = rates(text)

    assert [rate.programmes for rate in found] == [tuple(programmes) for _, programmes in written]
    assert [[part.text for part in rate.parts] for rate in found] == [parts for parts, _ in written]
    assert not any(part.kind == "text" for rate in found for part in rate.parts)


@given(NUMBERS, UNITS, NUMBERS)
def test_figures_are_those_that_are_written(cents, unit, percentage):
    specific, ad_valorem = amounts(f"{cents}¢/{unit} + {percentage}%")

    assert specific == ("specific", None, Decimal(cents) / 100, unit, None)
    assert ad_valorem == ("ad_valorem", Decimal(percentage) / 100, None, None, None)


@given(st.text(alphabet="Free 12.5%¢$/(),+kgABS", max_size=60) | st.text(max_size=40))
@example("1 1/0%")
@example("$/kg")
@example("12345678901234567890123456789012345%")
@example("$1.00000000000000000000000000000000001/kg")
@example("¢")
@example("(A)")
@example("1,,%")
@example("0plus")
def test_no_text_is_an_error_and_no_letter_of_it_is_lost(text):
    found = rates(text)

    kept = "".join("".join(part.text for part in rate.parts) + "".join(rate.programmes) for rate in found)
    added = re.sub(r"\bplus\b", "", cleaned(text))
    assert re.sub(r"[\W_]", "", kept) == re.sub(r"[\W_]", "", added)
