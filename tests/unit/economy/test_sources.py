"""Traps in the files of the sources: spellings, flags, types, cut-off and foreign content."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from importlib import resources
from pathlib import Path

import pytest

from monitor.economy.entities import entity_rules
from monitor.economy.sources import tables
from monitor.economy.sources.epoch import Epoch
from monitor.economy.sources.huggingface import HuggingFace
from monitor.economy.sources.known import SOURCES, read_vintage, recognised
from monitor.economy.sources.openrouter import OpenRouter
from monitor.errors import InputError
from monitor.model import UNATTRIBUTED, Layer, Observation

DATA = Path(__file__).parents[2] / "data" / "economy"
NOW = date(2026, 10, 8)
OLD = {
    "end_date": "End date", "owner": "Owner", "designer": "Chip manufacturer",
    "h100e_med": "Compute estimate in H100e (median)", "h100e_p5": "H100e (5th percentile)",
    "h100e_p95": "H100e (95th percentile)", "incomplete": "Incomplete",
}  # fmt: skip
NEW = {
    **OLD, "designer": "Designer", "h100e_med": "H100e (median)",
}  # fmt: skip


def shipped(name: str) -> bytes:
    return gzip.decompress((resources.files("monitor.economy") / "data" / f"{name}.csv.gz").read_bytes())


def respelt(names: Mapping[str, str], change: Callable[[dict[str, str]], dict[str, str]] = dict) -> bytes:
    """The shipped table of Epoch with other column names, and rows changed."""
    rows = [change(row) for row in csv.DictReader(io.StringIO(shipped("epoch").decode()))]
    out = io.StringIO()
    writer = csv.DictWriter(out, ["Notes", *names.values()])
    writer.writeheader()
    writer.writerows({"Notes": "", **{names[key]: row[key] for key in names}} for row in rows)
    return out.getvalue().encode()


def american(row: dict[str, str]) -> dict[str, str]:
    year, month, day = row["end_date"].split("-")
    flag = "checked" if row["incomplete"] == "1" else ""
    return {**row, "end_date": f"{int(month)}/{int(day)}/{year}", "incomplete": flag}


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/") + ".csv", content)
    return out.getvalue()


# -- Epoch -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        respelt(OLD, american),
        respelt(NEW),
        zipped(cumulative_by_designer=respelt(OLD, american)),
        zipped(quarterly_by_chip=b"x", data__owners_cumulative_by_designer=respelt(NEW)),
        b"\xef\xbb\xbf" + respelt(NEW).replace(b"\r\n", b"\n"),
    ],
    ids=["old names, American dates", "new names", "zip", "new zip", "byte order mark"],
)
def test_epoch_by_every_spelling(data: bytes) -> None:
    assert Epoch().read([data], NOW) == Epoch().read([shipped("epoch")], NOW)


def test_epoch_as_published() -> None:
    found = Epoch().read([(DATA / "amd_owners_cumulative_totals.csv").read_bytes()], NOW)
    assert {each.entity for each in found if each.layer is Layer.DESIGNER} == {"AMD"}
    assert {"Microsoft", "Meta", UNATTRIBUTED} <= {each.entity for each in found if each.layer is Layer.OWNERSHIP}


def test_epoch_without_its_incomplete_quarter() -> None:
    assert max(each.period for each in Epoch().read([shipped("epoch")], NOW)) == date(2025, 12, 31)
    with pytest.raises(InputError, match="neither yes nor no"):
        Epoch().read([respelt(NEW, lambda row: {**row, "incomplete": "partly"})], NOW)


def test_epoch_without_an_announced_column_is_refused_with_its_names() -> None:
    with pytest.raises(InputError, match=r"no column 'H100e \(median\)' or .*: its columns are Notes, .*compute_h100e"):
        Epoch().read([respelt({**NEW, "h100e_med": "compute_h100e"})], NOW)


def test_epoch_with_percentiles_that_mean_something_else_is_refused() -> None:
    swapped = {**NEW, "h100e_p5": NEW["h100e_p95"], "h100e_p95": NEW["h100e_p5"]}
    with pytest.raises(InputError, match="not between its percentiles"):
        Epoch().read([respelt(swapped)], NOW)


def test_epoch_rows_without_percentiles_keep_their_median() -> None:
    found = Epoch().read([shipped("epoch")], NOW)
    xai = next(each for each in found if each.entity == "xAI" and each.period == date(2025, 12, 31))
    assert (xai.weight, xai.low, xai.high) == (553714, None, None)


def test_epoch_without_percentiles_is_refused_as_its_errors_are_not_known() -> None:
    def blank(*names: str) -> bytes:
        return respelt(NEW, lambda row: {**row, **dict.fromkeys(names, "")})

    with pytest.raises(InputError, match="has percentiles for 0% of the weight"):
        Epoch().read([blank("h100e_p5", "h100e_p95")], NOW)
    with pytest.raises(InputError, match="has only one percentile"):
        Epoch().read([blank("h100e_p95")], NOW)


def test_a_quarter_that_lacks_an_owner_of_the_one_before_is_incomplete() -> None:
    def without(row: dict[str, str]) -> dict[str, str]:
        newest = row["end_date"].startswith("2025-12-31")
        return {**row, "owner": "Alphabet"} if newest and row["owner"] == "Google" else row

    assert max(each.period for each in Epoch().read([respelt(NEW, without)], NOW)) < date(2025, 12, 31)


def test_epoch_of_the_future_is_refused() -> None:
    with pytest.raises(InputError, match="has a quarter that ends on 2024-"):
        Epoch().read([shipped("epoch")], date(2024, 1, 1))


def test_an_owner_of_the_name_of_the_remainder_belongs_to_it() -> None:
    named = respelt(NEW, lambda row: {**row, "owner": "Unattributed" if row["owner"] == "Other" else row["owner"]})
    found, expected = (
        entity_rules().periods(each for each in Epoch().read([data], NOW) if each.layer is Layer.OWNERSHIP)
        for data in (named, shipped("epoch"))
    )
    assert found == expected


@pytest.mark.parametrize("spelling", ["google", "GOOGLE ", "Ｇｏｏｇｌｅ"])
def test_names_that_differ_in_case_spaces_or_form_are_one_entity(spelling: str) -> None:
    def respell(row: dict[str, str]) -> dict[str, str]:
        odd = row["owner"] == "Google" and row["end_date"].startswith(("2024-06", "2025-12"))
        return {**row, "owner": spelling if odd else row["owner"]}

    found, expected = (
        entity_rules().periods(each for each in Epoch().read([data], NOW) if each.layer is Layer.OWNERSHIP)
        for data in (respelt(NEW, respell), shipped("epoch"))
    )
    assert found == expected, "and no quarter lacks an owner"


def test_names_of_two_editions_are_one_entity_and_the_newest_name_is_shown() -> None:
    older, newer = (
        Observation(Layer.USAGE, date(2026, 1, day), name, 10.0)
        for day, name in ((1, "DeepSeek"), (2, "deepseek"))
    )  # fmt: skip
    merged = Observation(Layer.USAGE, date(2026, 1, 2), "Meta-Llama", 5.0)
    assert [list(each.named) for each in entity_rules().periods([newer, older, merged])] == [
        ["deepseek"], ["deepseek", "meta"],
    ]  # fmt: skip


def test_a_row_that_comes_twice_counts_once_and_one_that_contradicts_is_refused() -> None:
    table = shipped("epoch")
    _, first, *_ = table.splitlines()
    assert Epoch().read([table + first], NOW) == Epoch().read([table], NOW)
    other = first.replace(b",Amazon,Amazon,", b",amazon,AMAZON,").replace(b"32836", b"32837")
    with pytest.raises(InputError, match="Amazon with chips of Amazon on 2024-03-31 has two rows with different"):
        Epoch().read([table + other], NOW)

    rankings = (DATA / "openrouter_export_sample.csv").read_bytes()
    row = rankings.splitlines()[1]
    day, model, rank, tokens, share = row.split(b",")
    assert OpenRouter().read([rankings + row], NOW) == OpenRouter().read([rankings], NOW)
    other = b",".join((day, model.upper(), rank, tokens + b"0", share))
    with pytest.raises(InputError, match="has two rows with different figures"):
        OpenRouter().read([rankings + other], NOW)


def test_smuggled_chips_are_in_neither_layer() -> None:
    found = Epoch().read([shipped("epoch")], NOW)
    total = {layer: sum(e.weight for e in found if e.layer is layer) for layer in (Layer.DESIGNER, Layer.OWNERSHIP)}
    assert "China (smuggled)" not in {each.entity for each in found}
    assert total[Layer.DESIGNER] == pytest.approx(total[Layer.OWNERSHIP])


def test_a_zip_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_BYTES", 2**20)
    with pytest.raises(InputError, match="is longer than"):
        Epoch().read([zipped(cumulative_by_designer=bytes(2**24))], NOW)


def test_a_zip_file_without_the_table_or_cut_off_is_refused() -> None:
    with pytest.raises(InputError, match=r"has no file .*: it has other\.csv"):
        Epoch().read([zipped(other=b"x")], NOW)
    with pytest.raises(InputError, match="not a usable zip file"):
        Epoch().read([zipped(cumulative_by_designer=respelt(NEW))[:-200]], NOW)


# -- OpenRouter --------------------------------------------------------------------------------------------------------


def test_openrouter_export_with_crlf_and_an_empty_rank() -> None:
    data = (DATA / "openrouter_export_sample.csv").read_bytes()
    assert b"\r\n" in data
    assert b"other,," in data
    found = OpenRouter().read([data], NOW)
    assert {each.period for each in found} == {date(2026, 9, 30), date(2026, 10, 7)}
    rest = {each.period: each.weight for each in found if each.entity == UNATTRIBUTED}
    assert rest[date(2026, 10, 7)] == 1771712615873


def test_openrouter_anonymous_authors_are_no_entity() -> None:
    found = OpenRouter().read([(DATA / "openrouter_export_sample.csv").read_bytes()], NOW)
    assert not {"stealth", "openrouter", "other"} & {each.entity for each in found}


def keyed(change: Callable[[dict[str, str]], object] = lambda row: row) -> bytes:
    """The same in the shape of the API: tokens are strings."""
    rows = csv.DictReader((DATA / "openrouter_export_sample.csv").read_text("utf-8").splitlines())
    keep = ("date", "model_permaslug", "total_tokens")
    return json.dumps({"data": [change({key: row[key] for key in keep}) for row in rows], "meta": {}}).encode()


def test_openrouter_api_with_strings_for_tokens() -> None:
    expected = OpenRouter().read([(DATA / "openrouter_export_sample.csv").read_bytes()], NOW)
    assert OpenRouter().read([keyed()], NOW) == expected
    assert OpenRouter().read([keyed(lambda row: {**row, "total_tokens": int(row["total_tokens"])})], NOW) == expected


def test_a_day_that_is_not_over_is_left_out() -> None:
    data = (DATA / "openrouter_export_sample.csv").read_bytes()
    assert {each.period for each in OpenRouter().read([data], date(2026, 10, 7))} == {date(2026, 9, 30)}


def test_a_day_that_is_cut_off_is_refused() -> None:
    lines = shipped("openrouter").splitlines(keepends=True)
    with pytest.raises(InputError, match=r"has \d+ models on .*: it is cut off"):
        OpenRouter().read([b"".join(lines[: 1 + 38 * 51 + 25])], NOW)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x" * 200_000, "is not a table"),
        (b"date,model_permaslug,total_tokens\n2026-01-01,a/b,1e300\n", "not a number"),
        (b'date,model_permaslug,total_tokens\n2026-01-01,a/b,"1,5"\n', "not a number"),
        (b"date,model_permaslug,total_tokens\n2026-01-01x,a/b,5\n", "not a date"),
        (b"<!DOCTYPE html><html></html>", "not a table but HTML"),
        (b'{"error":{"code":404}}', "not the known JSON"),
        (b"", "is empty"),
        (b"date,model_permaslug,total_tokens\n", "no rows"),
        (b"date,model_permaslug,total_tokens\n2026-01-01,a/b,1\n", "cut off"),
        (b"\xff\xfe", "not UTF-8"),
        (b"date,model_permaslug,total_tokens\n2026-01-01,a/b,many\n", "not a number"),
        (b"date,model_permaslug,total_tokens\n2026-01-01,a/b,nan\n", "not a number"),
        (b"date,model_permaslug,total_tokens\n2026-01-01,a/b,-5\n", "not a number"),
        (b"date,model_permaslug,total_tokens\nyesterday,a/b,5\n", "not a date"),
        (b"date,model_permaslug,total_tokens\n2026-01-01,b,5\n", "not a model with an author"),
    ],
)
def test_openrouter_refuses_what_it_does_not_know(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        OpenRouter().read([data], NOW)


# -- Hugging Face ------------------------------------------------------------------------------------------------------


def page(authors: range) -> bytes:
    return json.dumps([{"id": f"a{n}/m", "author": f"a{n}", "downloads": 1000 - n} for n in authors]).encode()


def test_huggingface_pages() -> None:
    found = HuggingFace().read([page(range(30)), page(range(29, 60))], NOW)
    assert found[29] == Observation(Layer.OPEN_WEIGHTS, NOW, "a29", 971.0), "a repository on two pages counts once"
    assert len(found) == 60


def test_huggingface_author_from_the_name() -> None:
    rows = [{"id": f"a{n}/m", "author": None, "downloads": 1} for n in range(30)]
    assert {each.entity for each in HuggingFace().read([json.dumps(rows).encode()], NOW)} == {
        f"a{n}" for n in range(30)
    }


@pytest.mark.parametrize("many", ["true", "-1", "1e400", "1" * 30, '"5"'])
def test_huggingface_downloads_are_whole_numbers(many: str) -> None:
    rows = page(range(30)).replace(b"990", many.encode())
    with pytest.raises(InputError, match="is not a number of downloads"):
        HuggingFace().read([rows], NOW)


@pytest.mark.parametrize("data", [b'{"error":"sort"}', b"[1]", page(range(3)), b"[" * 100_000])
def test_huggingface_refuses_what_it_does_not_know(data: bytes) -> None:
    with pytest.raises(InputError):
        HuggingFace().read([data], NOW)


@pytest.mark.parametrize("name", ["a\u001b[2J", "a" * 101, "a\u202eb"])
def test_names_that_cannot_be_shown_are_refused(name: str) -> None:
    rows = [{"id": f"{n}/m", "author": name if n == 3 else f"a{n}", "downloads": 1} for n in range(30)]
    with pytest.raises(InputError, match="a name that cannot be shown"):
        read_vintage(HuggingFace(), [json.dumps(rows).encode()], 1.8e9)


def test_only_the_largest_uploaders_are_named() -> None:
    found = HuggingFace().read([page(range(600))], NOW)
    assert len(found) == 501
    assert found[0].entity == "a0"
    assert found[-1] == Observation(
        Layer.OPEN_WEIGHTS, NOW, UNATTRIBUTED, float(sum(1000 - n for n in range(500, 600)))
    )
    (whole,), (cut,) = (entity_rules().periods(each) for each in (HuggingFace().read([page(range(500))], NOW), found))
    assert cut.total - whole.total == cut.rest.value


def test_a_file_given_by_hand_is_recognised_by_its_columns() -> None:
    assert recognised(respelt(NEW)).source == "epoch"
    assert recognised(zipped(cumulative_by_designer=respelt(OLD, american))).source == "epoch"
    assert recognised((DATA / "openrouter_export_sample.csv").read_bytes()).source == "openrouter"
    assert recognised(keyed()).source == "openrouter"
    assert recognised(page(range(30))).source == "huggingface"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (respelt({**NEW, "h100e_med": "h100"}), r"Epoch AI, .* has no column 'H100e \(median\)'"),
        (zipped(other=b"x"), "Epoch AI, .* has no file"),
        (b"date,model,total_tokens\n2026-01-01,a/b,5\n", "OpenRouter, .* has no column 'model_permaslug'"),
        (b'{"data":[{"date":"2026-01-01","model":"a/b","total_tokens":"5"}]}', "OpenRouter, .* is not the known JSON"),
        (b'[{"id":"a/b","downloads":1}]', "Hugging Face Hub, downloads has 1 authors: it is cut off"),
        (b"id,author,downloads\na/b,a,5\n", "Hugging Face Hub, downloads: a page is not the known JSON"),
    ],
)
def test_a_file_that_is_refused_is_refused_by_the_source_that_it_resembles(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as refused:
        recognised(data)
    assert sum(source.title in str(refused.value) for source in SOURCES) == 1


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\n<html>", "it is HTML"),
        (b"", "it has no columns"),
        (b"\xff\xfe", "it has no columns"),
        (b"[" * 100_000, "it has no columns"),
        (b'{"error":{"code":404}}', "it has no columns"),
        (b"date,something\n1,2\n", "its columns are date, something"),
    ],
)
def test_a_file_of_no_source_is_refused_with_what_it_is_and_what_to_give(data: bytes, what: str) -> None:
    with pytest.raises(
        InputError, match=f"no source has such a file: {what}; give the zip file or the CSV table of Epoch"
    ):
        recognised(data)
