"""Variants: VCF rows as pysam reads them, windows as strings make them."""

from __future__ import annotations

from pathlib import Path

import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.sequence.alphabet import decode, encode
from genolect.sequence.variant import changed_window, read_vcf, variant_of

HEAD = (
    "##fileformat=VCFv4.2\n##contig=<ID=1,length=90>\n"
    '##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n##INFO=<ID=DB,Number=0,Type=Flag,Description="x">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)
ROWS = "1\t7\trs1\tA\tG,T\t.\t.\tAF=0.1,0.2;DB\n1\t9\t.\tACG\tA\t.\t.\t.\n1\t12\t.\tC\tCTT\t.\t.\t.\n"


def test_pysam_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_text(HEAD + ROWS)
    ours = read_vcf(path)
    with pysam.VariantFile(str(path)) as file:
        theirs = [(row.chrom, row.start, row.stop, row.ref, alt) for row in file for alt in row.alts]
    assert [(v.name, v.start, v.end, v.reference, v.alternative) for v in ours.variants] == theirs
    assert [variant.facts for variant in ours.variants[:2]] == [{"AF": "0.1", "DB": "1"}, {"AF": "0.2", "DB": "1"}]
    assert [variant.line for variant in ours.variants] == [6, 6, 7, 8]


def test_what_is_no_bases_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_text(HEAD + "1\t7\t.\tA\t<DEL>,*,G\t.\t.\t.\n1\t8\t.\tA\tA]2:5]\t.\t.\t.\n")
    found = read_vcf(path)
    assert [variant.alternative for variant in found.variants] == ["G"]
    assert dict(found.left_out) == {"<DEL>": 1, "*": 1, "breakend": 1}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1\t7\t.\tA\tG\n", ":6: the row has 5 columns"),
        ("1\t0\t.\tA\tG\t.\t.\t.\n", ":6: the position is 0"),
        ("1\tx\t.\tA\tG\t.\t.\t.\n", ":6: the position 'x' is not a whole number"),
        ("1\t7\t.\tA\ta\t.\t.\t.\n", ":6: reference and alternative are both 'A'"),
        ("1\t7\t.\tA\tG,T\t.\t.\tAF=0.1\n", ":6: '0.1' has 1 values, fewer than there are alleles"),
        ("1\t7\t.\tR\tG\t.\t.\t.\n", ":6: the allele 'R' is no bases"),
        ("", "there is no variant in the file"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "a.vcf"
    path.write_text(HEAD + row)
    with pytest.raises(InputError, match=message):
        read_vcf(path)


@given(
    text=st.text("ACGT", min_size=40, max_size=60),
    at=st.integers(8, 15),
    taken=st.integers(0, 4),
    alternative=st.text("ACGT", max_size=5),
    before=st.integers(0, 7),
    length=st.integers(12, 14),
)
def test_windows_are_what_strings_make_them(text, at, taken, alternative, before, length):
    reference = text[at : at + taken]
    if reference == alternative:
        return
    variant = variant_of("1", at + 1, (reference or "-", alternative or "-"))
    start = at - before
    plain, changed = changed_window(encode(text), variant, start, length)
    assert decode(plain) == text[start : start + length]
    assert decode(changed) == (text[:at] + alternative + text[at + taken :])[start : start + length]
    whole, other = changed_window(encode(text), variant, 0, None)
    assert (decode(whole), decode(other)) == (text, text[:at] + alternative + text[at + taken :])


def test_windows_that_leave_the_sequence_are_none():
    bases = encode("ACGTACGTAC")
    assert changed_window(bases, variant_of("1", 2, ("C", "T")), -1, 6) is None
    assert changed_window(bases, variant_of("1", 6, ("C", "T")), 5, 6) is None
    assert changed_window(bases, variant_of("1", 5, ("A", "-")), 4, 6) is None  # no base is left to move up
    assert changed_window(bases, variant_of("1", 5, ("A", "C")), 4, 6) is not None


@pytest.mark.parametrize(("position", "said"), [(2, "the genome has 'C'"), (11, "the genome has its end")])
def test_another_reference_is_refused(position, said):
    with pytest.raises(InputError, match=said):
        changed_window(encode("ACGTACGTAC"), variant_of("1", position, ("G", "T")), 0, 4)


def test_lower_case_reads_as_upper_case():
    plain, changed = changed_window(encode("acgtac"), variant_of("1", 3, ("g", "t")), 0, None)
    assert (decode(plain), decode(changed)) == ("acgtac", "acTtac")
