"""The page: complete, the same every time, silent about nothing, inert whatever the names are."""

from __future__ import annotations

import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.report import page
from genolect.report.page import render, write_report
from tests.report.example import example_results

SECTIONS = [key for key in example_results() if key not in ("format", "title")]
MEGABYTE = 1_000_000
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
HOSTILE = [
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(1)</script>",
    "</style><style>body{display:none}</style>",
    "' onmouseover='alert(1)",
    "{{ 7*7 }}{% include 'x' %}",
    "<!-- --><svg/onload=alert(1)>",
    "\x1b[31mred\x1b[0m\x00\x07",
    "\u202eright to left\u202d \u05e2\u05d1\u05e8\u05d9\u05ea",
    "\ud800 alone",
    "&#x3c;b&gt;",
]


class Outline(HTMLParser):
    """Tags with their attributes' names, links, ids and the text of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.links, self.ids, self.text = [], [], [], ""
        self.feed(html.partition("<style>")[0] + html.partition("</style>")[2])
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, *sorted(name for name, _ in attributes)))
        self.links += [value for name, value in attributes if name in ("href", "src", "xlink:href", "action", "data")]
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_data(self, data):
        self.text += data


def text_of(results):
    return " ".join(Outline(render(results)).text.split())


def renamed(value, name, number=None):
    """The same results with every free text replaced; what has a meaning by its word stays."""
    number = itertools.count() if number is None else number
    if isinstance(value, dict):
        fixed = ("arm", "metric", "role", "split")
        return {
            key if re.fullmatch(r"[a-z_0-9]+", key) else f"{name}{next(number)}": held
            if key in fixed
            else renamed(held, name, number)
            for key, held in value.items()
        }
    if isinstance(value, list):
        return [renamed(one, name, number) for one in value]
    return f"{name}{next(number)}" if isinstance(value, str) else value


def only(*sections):
    return {key: value for key, value in example_results().items() if key in ("format", "title", *sections)}


def test_the_same_results_give_the_same_page():
    shuffled = dict(reversed(example_results().items()))
    assert render(example_results()) == render(shuffled) == render(json.loads(json.dumps(example_results())))


def test_other_results_give_another_page():
    assert render(example_results()) != render(example_results() | {"seed": 8})


def test_the_page_carries_every_figure_of_the_example():
    content = example_results()
    text = text_of(content)
    for figure in ("1.9061", "[1.9032, 1.9090]", "1.9289", "−0.0228", "46,537", "0.873", "[0.864, 0.882]", "n = 1,312"):
        assert figure in text
    for said in (content["command"], content["pretraining"]["verdict"], content["split"]["rule"], *content["notes"]):
        assert " ".join(said.split()) in text
    for one in content["inputs"]:
        assert one["path"] in text
        assert one["sha256"] in text
    headings = ("Verdict The", "Learning held-out", "Map of the embeddings", "Limits One run")
    assert [text.index(heading) for heading in headings] == sorted(text.index(heading) for heading in headings)


def test_the_probes_sentences_all_stand_on_the_page_the_first_three_foremost():
    said = example_results()["probe"]["sentences"]
    text = text_of(example_results())
    places = [text.index(sentence) for sentence in said]
    assert places[2] < text.index("The comparisons behind the verdict") < places[3]


def test_a_synthetic_genome_is_called_one_loudly_and_a_real_one_is_not():
    loud = render(example_results() | {"synthetic": True})
    assert "<title>Synthetic genome: " in loud
    assert 'class="badge"' in loud
    quiet = render(example_results())
    assert 'class="badge"' not in quiet
    assert "ynthetic genome" not in quiet


@pytest.mark.parametrize("section", SECTIONS)
def test_any_section_may_be_missing_or_null(section):
    content = example_results()
    del content[section]
    assert render(content) == render(example_results() | {section: None})
    assert "None" not in Outline(render(content)).text.replace("None of", "")


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from(SECTIONS)))
def test_any_sections_together_make_a_page(sections):
    outline = Outline(render(only(*sections)))
    assert "Limits" in outline.text
    assert {link[1:] for link in outline.links if link.startswith("#")} <= set(outline.ids)


@pytest.mark.parametrize(
    ("sections", "said", "unsaid"),
    [
        ([], "This run has no pretraining", "This run has no pretraining or"),
        (["pretraining"], "This run has no evaluation", "This run has no pretraining"),
        (["evaluation", "probe"], "This run has no pretraining", "This run has no evaluation"),
        (["evaluation"], "This run left no map of the embeddings", "This run has no evaluation"),
        (["genome"], "This run has no annotation", "The results do not describe the genome"),
        (
            ["pretraining", "evaluation", "probe"],
            "do not say how their intervals were made",
            "This run has no pretraining",
        ),
    ],
)
def test_the_page_says_what_is_absent(sections, said, unsaid):
    text = text_of(only(*sections))
    assert said in text
    assert unsaid not in text


def test_a_whole_run_lacks_nothing():
    assert "Not on this page" not in text_of(example_results())


@pytest.mark.parametrize("payload", HOSTILE)
def test_a_hostile_name_adds_no_element_and_no_attribute(payload):
    harmless = Outline(render(renamed(example_results(), "name")))
    hostile = Outline(render(renamed(example_results(), payload)))
    assert hostile.tags == harmless.tags
    assert hostile.links == harmless.links
    assert hostile.ids == harmless.ids


@pytest.mark.parametrize("payload", HOSTILE)
def test_no_control_or_direction_character_reaches_the_page(payload):
    html = render(renamed(example_results(), payload))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)


def test_the_outline_would_notice_an_element():
    harmless = render(example_results())
    assert Outline(harmless.replace("</main>", f'"{HOSTILE[0]}</main>')).tags != Outline(harmless).tags


def test_the_page_asks_for_nothing_and_runs_nothing():
    html = render(renamed(example_results() | {"synthetic": True}, "name"))
    outline = Outline(html)
    assert f'http-equiv="Content-Security-Policy" content="{POLICY}"' in html
    assert {link for link in outline.links if not link.startswith("#")} == {"data:,"}
    assert not {"script", "iframe", "object", "embed", "form", "base", "img"} & {tag for tag, *_ in outline.tags}
    assert not [tag for tag in outline.tags if any(name.startswith("on") for name in tag[1:])]
    assert not re.search(r"url\(|@import|https?:", html)


def test_ids_are_unique_and_every_link_leads_somewhere():
    outline = Outline(render(example_results()))
    assert len(outline.ids) == len(set(outline.ids))
    assert {link[1:] for link in outline.links if link.startswith("#")} <= set(outline.ids)


def test_every_picture_is_described_or_hidden():
    pictures = [tag for tag in Outline(render(example_results())).tags if tag[0] == "svg" and "class" in tag]
    assert pictures
    assert all("aria-label" in tag or "aria-hidden" in tag for tag in pictures)


def test_the_example_is_well_below_a_megabyte():
    assert len(render(example_results()).encode()) < MEGABYTE / 4


def test_endless_names_stay_below_a_megabyte():
    assert len(render(renamed(example_results(), "A" * MEGABYTE)).encode()) < MEGABYTE


def test_endless_results_stay_below_a_megabyte_and_say_what_is_left_out():
    content = example_results()
    many = 5000
    content["genome"] = [content["genome"][0] | {"name": f"scaffold_{k}", "length": many - k} for k in range(many)]
    content["split"]["regions"] = [
        {"role": "test", "name": f"scaffold_{k % 30}", "start": 0, "end": 700} for k in range(many)
    ]
    for key in ("inputs", "annotation", "notes", "evaluation", "species"):
        content[key] = (content[key] * many)[:many]
    content["pretraining"]["curve"] = (content["pretraining"]["curve"] * 50)[:many]
    probe = content["probe"]
    probe["classes"] = [{"name": f"class {k}", "training": 3, "test": 2} for k in range(many)]
    probe["map"] = {"x": [k % 71 for k in range(many)], "y": [k % 53 for k in range(many)], "label": list(range(many))}
    probe["sentences"] = [f"Sentence {k}." for k in range(many)]
    probe["calibration"] = {f"arm {k}": probe["calibration"]["random_probe"] for k in range(many)}
    content["model"]["configuration"] = {f"key {k}": {"a": k} for k in range(many)}
    content["versions"] = {f"package {k}": "1" for k in range(many)}
    html = render(content)
    text = " ".join(Outline(html).text.split())
    assert len(html.encode()) < MEGABYTE
    for what in (
        "shorter sequences",
        "species",
        "kinds",
        "files",
        "classes",
        "notes",
        "settings",
        "stretches",
        "versions",
        "arms",
    ):
        assert re.search(rf"4,?\d+ further {what} are in results\.json|3,500 further {what} are", text), what
    assert "4,700 further rows are not drawn" in text
    assert f"of which {3000:,}, evenly spread, are drawn" in text


def contrast(first, second):
    def luminance(colour):
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_marks_stand_out_in_both_themes(theme):
    style = Path(page.__file__).with_name("style.css").read_text("utf-8")
    themes = style.partition("@media screen and (prefers-color-scheme: dark)")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", themes[2 * theme].partition("* {")[0]))
    for text in ("ink", "soft", "ours", "count", "good", "bad"):
        assert contrast(colours[text], colours["paper"]) >= 4.5, text
    for mark in ("train", "validation", "test", *(f"c{k}" for k in range(8))):
        assert contrast(colours[mark], colours["paper"]) >= 3, mark
    assert contrast(colours["badge"], colours["badge-ink"]) >= 7


def test_the_report_is_written_beside_the_results(tmp_path):
    (tmp_path / "results.json").write_text(json.dumps(example_results()), "utf-8")
    report = write_report(tmp_path)
    assert report == tmp_path / "report.html"
    assert report.read_text("utf-8") == render(example_results())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "results.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b'{"format": 1', "not JSON"),
        (b'{"format": 1, "seed": NaN}', "NaN is not a JSON number"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"format": 3}', "format is '3'"),
        (b'{"format": 1, "genome": 5}', r"'genome' is '5'"),
    ],
)
def test_garbled_results_are_refused_with_their_path(tmp_path, content, message):
    (tmp_path / "results.json").write_bytes(content)
    with pytest.raises(InputError, match=message) as refused:
        write_report(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / 'results.json'}: ")
    assert not (tmp_path / "report.html").exists()


def test_missing_results_are_refused(tmp_path):
    with pytest.raises(InputError, match="no results here"):
        write_report(tmp_path)
    (tmp_path / "results.json").mkdir()
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        write_report(tmp_path)
