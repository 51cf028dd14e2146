"""Files and settings that a command refuses, before it starts the framework."""

import gzip

from support.spoilers import (
    Mistake,
    cell,
    column,
    data,
    first,
    keys,
    lines,
    named,
    other_file,
    refused_before_it_computes,
    refused_in_a_process_of_its_own,
    renamed_data,
    replaced,
    settings,
    without_key,
)

DAYS = column(0, lambda row: f"01/{row + 2:02d}/2021")

MISTAKES = [
    # files
    Mistake("data missing", "train", other_file("data", "no.csv"), "no.csv does not exist"),
    Mistake("data missing 2", "test", other_file("data", "no.csv"), "no.csv does not exist"),
    Mistake("data a folder", "train", other_file("data", "no/"), "is a directory"),
    Mistake("data empty", "train", data(b""), "the file is empty"),
    Mistake("data blank", "train", data(b"\n \n"), "the file is empty"),
    Mistake("header only", "train", data(first(1)), "it has a header but no rows"),
    Mistake("one column", "train", data(lambda t: "time\n2021-01-01\n"), "only column is `time`"),
    Mistake("workbook", "train", data(b"PK\x03\x04\0\0"), "the zip archive is damaged"),
    Mistake("Latin-1", "train", data("time,Stör\n1,2\n".encode("latin-1")), "is not UTF-8"),
    Mistake("broken gzip", "train", data(gzip.compress(b"x" * 99)[:20]), "cannot be read"),
    Mistake("broken Parquet", "train", renamed_data("a.parquet", b"PAR1"), "Parquet"),
    Mistake("open quote", "train", data(replaced(3, "2021", '"2021')), "(is a quote open?)"),
    Mistake("long row", "train", data(lines(lambda f: [*f, f[-1] + ",1"])), "has 5"),
    Mistake(
        "short row", "train", data(replaced(9, ",", " ")), "the header has 4 columns but row 9"
    ),
    Mistake("text", "train", data(cell(3, 2, "oops")), "row 3 (line 4), column `s1` holds `oops`"),
    Mistake("truth", "train", data(cell(3, 2, "truth")), "column `s1` holds `truth`"),
    Mistake("infinity", "train", data(cell(3, 2, "inf")), "expected a finite number or empty"),
    Mistake("no header", "train", data(lines(lambda f: f[1:])), "the first line starts with the"),
    Mistake("no name", "train", data(replaced(0, "s1", "")), "column 3 has no name"),
    Mistake("two names", "train", data(replaced(0, "s1", "s2")), "column name `s2` is repeated"),
    Mistake("no time", "train", data(cell(3, 0, "")), "the time is missing in row 3 (line 4)"),
    Mistake("not a time", "train", data(cell(3, 0, "soon")), "row 3 (line 4) holds `soon`"),
    Mistake("numbered rows", "train", data(column(0, str)), "counts rows"),
    Mistake("same time", "train", data(lines(lambda f: [*f, f[-1]])), "have the same time"),
    Mistake("backwards", "train", data(lines(lambda f: [*f, f[4]])), "time goes backwards from"),
    Mistake("swapped", "train", data(lines(lambda f: [f[0], f[2], f[1], *f[3:]])), "sort the rows"),
    Mistake(
        "two zones", "train", data(replaced(3, ":00,", ":00+01:00,")), "carry a UTC offset and"
    ),
    Mistake("day or month", "train", data(lambda t: DAYS(first(10)(t))), "are ambiguous"),
    Mistake(
        "empty series", "train", data(column(2, lambda r: "")), "column `s1` is empty in every"
    ),
    Mistake("too short", "train", data(first(6)), "train.csv has 5 rows, but at least 40 are"),
    Mistake("no validation", "train", data(first(30)), "train.csv has 29 rows, but at least 40"),
    Mistake("all outliers", "train", keys(max_std=1e-9), "within `max_std` = 1e-09"),
    Mistake("name of a result", "train", data(cell(0, 2, "system alarm")), "results are"),
    Mistake("too large", "train", data(cell(3, 2, "1e300")), "`s1` cannot be standardized"),
    # settings
    Mistake("settings missing", "train", other_file("settings.txt", "x"), "does not exist"),
    Mistake("settings a folder", "train", other_file("settings.txt", "x/"), "is a folder"),
    Mistake("settings empty", "train", settings(""), "is empty; expected a JSON object"),
    Mistake("settings no JSON", "train", settings("T = 8"), "is not valid JSON"),
    Mistake("settings a list", "train", settings("[1]"), "must hold a JSON object"),
    Mistake("settings UTF-16", "train", settings("{}".encode("utf-16")), "is not UTF-8 text"),
    Mistake("comma", "train", settings('{"T": 8,}'), "Delete the comma"),
    Mistake("comment", "train", settings('{"T": 8 # rows\n}'), "JSON has no comments"),
    Mistake("Python word", "train", settings('{"scale": True}'), "JSON writes true, not True"),
    Mistake("twice", "train", settings('{"T": 8, "T": 9}'), "`T`: expected once, received 2 times"),
    Mistake("CSV for settings", "train", settings("time,a\n2021,1\n"), "is not valid JSON"),
    Mistake("no name given", "train", without_key("model_name"), "`model_name`: missing"),
    Mistake("misspelt", "train", keys(epoch=3), "`epoch`: unknown key; did you mean `epochs`?"),
    Mistake("recurrent", "train", keys(rnn_units=[8, 4]), "`cnn_units`: belongs to `archi"),
    Mistake("T text", "train", keys(T="8"), "`T`: expected a whole number"),
    Mistake("T truth", "train", keys(T=True), "`T`: expected a whole number"),
    Mistake("T one", "train", keys(T=1), "(a window of one row has no past), received 1"),
    Mistake("T fraction", "train", keys(T=8.5), "`T`: expected a whole number"),
    Mistake("T long", "train", keys(T=1000), "at least 5,000 are needed"),
    Mistake("J zero", "train", keys(J=0), "`J`: expected a whole number, at least 1"),
    Mistake("M other", "train", keys(M=12), "`M` is 12 in"),
    Mistake("lr zero", "train", keys(lr=0), "`lr`: expected a number, above 0"),
    Mistake("lr no number", "train", settings('{"model_name": "a", "lr": NaN}'), "a finite number"),
    Mistake("all validation", "train", keys(val_percent=1), "`val_percent`: expected a number"),
    Mistake("per cent", "train", keys(val_percent=20), "`val_percent`: expected a number"),
    Mistake("much validation", "train", keys(val_percent=0.99), "240 rows, but at least 7"),
    Mistake("no units", "train", keys(cnn_units=[]), "`cnn_units`: expected a list"),
    Mistake("units number", "train", keys(cnn_units=4), "`cnn_units`: expected a list"),
    Mistake("rates", "train", keys(dil_rate=[1, 2, 4, 8, 16]), "`dil_rate`: expected as many"),
    Mistake("kernel", "train", keys(kernel=1), "a kernel of 1 sees no past row"),
    Mistake("stride", "train", keys(strs=2), "`strs`: expected 1"),
    Mistake("activation", "train", keys(activation="tan"), "`activation`: expected"),
    Mistake("fidelity", "train", keys(fidelity="both"), "`fidelity`: expected"),
    Mistake(
        "path for a name", "train", keys(model_name="../toy"), "`model_name`: expected a folder"
    ),
    Mistake("reserved name", "train", keys(model_name="toy.previous"), "used by this project"),
    Mistake("many", "train", keys(T=0, J=0, lr=0), "`J`: expected a whole number"),
]

FEW = ("text",)


def test_the_names_of_the_mistakes_differ():
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) >= 50
    assert {mistake.name for mistake in MISTAKES} >= set(FEW)


@named(MISTAKES)
def test_a_mistake_is_refused_before_it_computes(spoiled):
    refused_before_it_computes(*spoiled)


@named([mistake for mistake in MISTAKES if mistake.name in FEW])
def test_a_mistake_is_refused_in_a_process_of_its_own(spoiled, poison):
    refused_in_a_process_of_its_own(*spoiled, poison)
