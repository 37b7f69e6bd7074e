"""A plan expands to one spec a run, or is refused before anything starts."""

from pathlib import Path

import pytest

from course_utils.batch import UsageError
from course_utils.batch.lessons import Lesson
from course_utils.batch.parameters import UNTYPED, Parameter
from course_utils.batch.plan import EVERYTHING, Figure, Plan, Run, expand, read_plan, with_sweep

SEED = Parameter("SEED", "int", 0, "")
LESSONS = [
    Lesson(
        "01_convolution",
        "convolution",
        Path("01.ipynb"),
        {"IMAGE": Parameter("IMAGE", "str", "chelsea", ""), "SEED": SEED},
    ),
    Lesson(
        "06_augmentation",
        "augmentation",
        Path("06.ipynb"),
        {"EPOCHS": Parameter("EPOCHS", "int", 5, ""), "SEED": SEED, "FLIP": Parameter("FLIP", "bool", True, "")},
    ),
]


def plan(**run):
    return Plan("t", (Run(**{"lesson": "*", **run}),))


def test_the_quick_plan_is_every_lesson_at_its_defaults():
    specs = expand(plan(), LESSONS)
    assert [(spec.name, spec.changed) for spec in specs] == [("01_convolution", {}), ("06_augmentation", {})]
    assert specs[1].parameters == {"EPOCHS": 5, "SEED": 0, "FLIP": True}


def test_a_grid_and_seeds_make_one_run_for_each_combination():
    specs = expand(plan(lesson="06", parameters={"EPOCHS": 2}, grid={"FLIP": [False, True]}, seeds=3), LESSONS)
    assert [(spec.changed["FLIP"], spec.changed["SEED"]) for spec in specs] == [
        (f, s) for f in (False, True) for s in range(3)
    ]
    assert all(spec.changed["EPOCHS"] == 2 for spec in specs)
    assert len({spec.name for spec in specs}) == 6


def test_a_parameter_goes_to_the_lessons_that_have_it():
    specs = expand(plan(), LESSONS, overrides={"EPOCHS": "2"})
    assert [spec.changed for spec in specs] == [{}, {"EPOCHS": 2}]


def test_an_override_replaces_a_grid():
    specs = expand(plan(lesson="06", grid={"EPOCHS": [1, 2, 3]}), LESSONS, overrides={"EPOCHS": "9"})
    assert [spec.changed for spec in specs] == [{"EPOCHS": 9}]


def test_only_the_chosen_lessons_run():
    assert [spec.lesson for spec in expand(plan(), LESSONS, only=["convolution"])] == ["01_convolution"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"overrides": {"EPOCH": "2"}}, r"no selected lesson has a parameter 'EPOCH' \(did you mean EPOCHS\?\)"),
        (
            {"overrides": {"EPOCHS": "2"}, "only": ["01"]},
            "no selected lesson has a parameter 'EPOCHS'; there are IMAGE, SEED",
        ),
        (
            {"overrides": {"EPOCHS": "many"}},
            "06_augmentation: parameter EPOCHS: int is expected, such as 5; got 'many'",
        ),
        ({"only": ["7"]}, "no lesson '7'"),
    ],
)
def test_what_no_lesson_has_is_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        expand(plan(), LESSONS, **arguments)


def test_a_lesson_that_the_plan_does_not_run_is_refused():
    with pytest.raises(UsageError, match="the plan runs none of the lessons 06_augmentation"):
        expand(plan(lesson="01"), LESSONS, only=["06"])


def test_a_misspelt_parameter_in_a_plan_is_refused():
    with pytest.raises(UsageError, match=r"'FLIPS' \(did you mean FLIP\?\)"):
        expand(plan(grid={"FLIPS": [True]}), LESSONS)


def test_a_relative_path_means_the_callers_folder(tmp_path):
    (tmp_path / "cat.jpg").touch()
    specs = expand(plan(), LESSONS, ["01"], {"IMAGE": "cat.jpg"}, tmp_path)
    assert specs[0].changed == {"IMAGE": str(tmp_path / "cat.jpg")}
    (tmp_path / "folder").mkdir()
    (tmp_path / "coffee").mkdir()
    specs = expand(plan(), LESSONS, ["01"], {"IMAGE": "folder"}, tmp_path)
    assert specs[0].changed == {"IMAGE": str(tmp_path / "folder")}, "also without a slash"
    specs = expand(plan(), LESSONS, ["01"], {"IMAGE": "coffee"}, tmp_path)
    assert specs[0].changed == {"IMAGE": "coffee"}


def test_a_missing_file_is_noticed_before_anything_starts(tmp_path):
    with pytest.raises(UsageError, match="parameter IMAGE: there is no file or folder .*nix.jpg"):
        expand(plan(), LESSONS, ["01"], {"IMAGE": "nix.jpg"}, tmp_path)


@pytest.mark.parametrize("value", ["~nobody_of_this_name/x.png", "x" * 300 + ".png"])
def test_what_can_be_no_path_is_refused(tmp_path, value):
    with pytest.raises(UsageError, match="parameter IMAGE: .* is not a path"):
        expand(plan(), LESSONS, ["01"], {"IMAGE": value}, tmp_path)


def write(folder, text):
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_plan_file_is_read(tmp_path):
    path = write(tmp_path, 'title = "T"\n[[run]]\nlesson = "06"\nparameters = { EPOCHS = 30 }\nseeds = 5\n')
    assert read_plan(path) == Plan("T", (Run("06", {"EPOCHS": 30}, {}, 5),), 1800)


@pytest.mark.parametrize(
    "text, message",
    [
        ("title = ", "cannot be read"),
        ("titel = 'x'\n[[run]]\nlesson='06'", "got 'titel'"),
        ("title = 'x'", "needs at least one"),
        ("[[run]]\nlesson = 6", "each .*run.* needs lesson"),
        ("[[run]]\nlesson = '06'\nseed = 3", r"got 'seed' \(did you mean seeds\?\)"),
        ("[[run]]\nlesson = '06'\nseeds = 0", "seeds must be a whole number, at least 1; got 0"),
        ("[[run]]\nlesson = '06'\ngrid = { EPOCHS = 3 }", "grid must be a table .* of lists"),
        ("[[run]]\nlesson = '06'\nparameters = 3", "parameters must be a table"),
        ("run = ['01']", "needs at least one"),
        ("timeout = 0\n[[run]]\nlesson = '06'", "timeout must be a whole number of seconds, at least 1; got 0"),
        ("title = ['x']\n[[run]]\nlesson = '06'", "title must be a text"),
        ("[[run]]\nlesson = '06'\nparameters = { A = 1 }\ngrid = { A = [1] }", "A is given twice"),
        ("[[run]]\nlesson = '06'\ngrid = { SEED = [1] }\nseeds = 2", "SEED is given twice"),
    ],
)
def test_a_malformed_plan_is_refused(tmp_path, text, message):
    with pytest.raises(UsageError, match=message):
        read_plan(write(tmp_path, text))


def test_a_missing_plan_names_those_that_exist(tmp_path):
    write(tmp_path, "title = 'x'")
    with pytest.raises(UsageError, match=r"no plan .*main.toml.*beside it there are mine"):
        read_plan(tmp_path / "main.toml")


def test_the_longest_time_of_a_cell_is_the_callers_or_the_plans_or_half_an_hour(tmp_path):
    run = "[[run]]\nlesson = '06'\n"
    patient, usual = (read_plan(write(tmp_path, text)) for text in ("timeout = 7200\n" + run, run))
    assert [expand(plan, LESSONS)[0].timeout for plan in (patient, usual)] == [7200, 1800]
    assert expand(patient, LESSONS, timeout=60)[0].timeout == 60


def copies(*names, **about):
    """Notebooks of several students: copies of the lesson 06_augmentation under these names."""
    values = {"parameters": LESSONS[1].parameters, **about}
    return [Lesson(name, "augmentation", Path(f"{name}.ipynb"), **values) for name in names]


def names(specs):
    return [spec.name for spec in specs]


def test_a_lessons_name_and_number_mean_students_copies_too():
    everybody = [*LESSONS, *copies("Copy of 06_augmentation", "06_augmentation-smith")]
    for word in ("augmentation", "06", "6"):
        assert names(expand(plan(), everybody, only=[word])) == names(expand(plan(), everybody[1:]))
    assert names(expand(plan(), everybody, only=["06_augmentation-smith"])) == ["06_augmentation-smith"]
    assert len(expand(plan(lesson="augmentation"), everybody)) == 3


def test_what_a_number_meant_is_said_in_the_command_and_in_a_plan():
    said = []
    expand(plan(lesson="06"), LESSONS, only=["augmentation", "6"], say=said.append)
    assert said == ["lesson 6 is augmentation (06_augmentation)", "lesson 06 is augmentation (06_augmentation)"]


def test_where_nothing_is_set_a_notebook_without_types_runs():
    untyped = Lesson("02_a", "a", Path("02.ipynb"), {"EPOCHS": Parameter("EPOCHS", UNTYPED, None, "it has no type")})
    (spec,) = expand(EVERYTHING, [untyped])
    assert (spec.problem, spec.parameters, spec.changed) == ("", {}, {})


@pytest.mark.parametrize(
    "about, problem",
    [
        (
            {"parameters": {"EPOCHS": Parameter("EPOCHS", UNTYPED, None, "it has no type")}},
            "parameter EPOCHS cannot be set: it has no type",
        ),
        ({"parameters": {}, "fixed": "it has no tag"}, "EPOCHS cannot be set: it has no tag"),
        ({"parameters": {}, "problem": "it is empty", "fixed": "it has no tag"}, "it is empty"),
    ],
)
@pytest.mark.parametrize(
    "wanted", [(plan(grid={"EPOCHS": [1]}), {}), (plan(parameters={"EPOCHS": 1}), {}), (plan(), {"EPOCHS": "1"})]
)
def test_one_notebook_in_which_nothing_can_be_set_stops_no_other(about, problem, wanted):
    run, overrides = wanted
    good, odd = expand(run, [LESSONS[1], *copies("06_augmentation-smith", **about)], overrides=overrides)
    assert (good.problem, good.changed) == ("", {"EPOCHS": 1})
    assert odd.problem == problem


def test_a_spec_knows_the_lessons_exercises_whatever_the_file_is_called():
    own = Lesson("03_mine", "mine", Path("03.ipynb"), {})
    specs = expand(EVERYTHING, [LESSONS[1], *copies("Copy of 06_augmentation"), own])
    assert "move_matrix" in specs[0].exercises
    assert specs[1].exercises == specs[0].exercises and specs[2].exercises == ()


def test_a_sweeps_names_say_its_parameters_and_stay_when_it_grows():
    def sweep(*epochs, seeds):
        return names(expand(plan(lesson="06", grid={"EPOCHS": list(epochs)}, seeds=seeds), LESSONS))

    few = sweep(5, 9, seeds=2)
    assert few[0] == "06_augmentation-EPOCHS=5-SEED=0" and few[3] == "06_augmentation-EPOCHS=9-SEED=1"
    assert set(few) < set(sweep(2, 5, 9, seeds=3))


def test_names_tell_several_runs_of_one_lesson_apart():
    runs = Run("06", {"FLIP": False}), Run("06", {"FLIP": True}), Run("06", {"FLIP": False})
    found = expand(Plan("t", runs), LESSONS)
    assert names(found) == ["06_augmentation-FLIP=no", "06_augmentation-FLIP=yes"], "what is asked for twice runs once"


def test_a_name_is_never_too_long_for_a_file_and_never_taken_by_two_runs(tmp_path):
    folders = [tmp_path / letter / ("cats and dogs " * 12) for letter in "ab"]
    for folder in folders:
        folder.mkdir(parents=True)
    found = names(expand(plan(lesson="01", grid={"IMAGE": list(map(str, folders))}), LESSONS))
    assert len(set(found)) == 2 and max(map(len, found)) < 140 and not {"/", " "} & set("".join(found))


@pytest.mark.parametrize(
    "grid, message",
    [
        ({"EPOCHS": ["5", "9", "5"]}, "grid: EPOCHS has 5 twice"),
        ({"FLIP": ["no", "false"]}, "grid: FLIP has False twice"),
        ({"EPOCHS": ["many"]}, "06_augmentation: parameter EPOCHS: int is expected"),
    ],
)
def test_a_grid_with_a_value_twice_or_of_another_type_is_refused(grid, message):
    with pytest.raises(UsageError, match=message):
        expand(with_sweep(plan(lesson="06"), grid), LESSONS)


def test_the_command_lines_grid_and_seeds_take_the_place_of_the_plans():
    planned = plan(lesson="06", parameters={"EPOCHS": 2}, grid={"FLIP": [True, False]}, seeds=2)
    swept = expand(with_sweep(planned, {"EPOCHS": ["3", "4"]}, 1), LESSONS)
    assert [tuple(one.changed[key] for key in ("FLIP", "EPOCHS", "SEED")) for one in swept] == [
        (flip, epochs, 0) for flip in (True, False) for epochs in (3, 4)
    ]
    (chosen,) = expand(with_sweep(plan(lesson="06", parameters={"SEED": 7}), {"SEED": ["3"]}), LESSONS)
    assert chosen.changed == {"SEED": 3}
    with pytest.raises(UsageError, match="--seeds and --grid SEED=… say the same"):
        with_sweep(planned, {"SEED": ["1"]}, 2)


EXPERIMENT = Lesson(
    "depth", "depth", Path("d.ipynb"), {"BLOCKS": Parameter("BLOCKS", "int", 3, "")}, folder="experiments"
)


def test_an_experiment_runs_where_it_is_named_and_not_as_a_lesson():
    everything = [*LESSONS, EXPERIMENT]
    assert "experiments/depth" not in [spec.lesson for spec in expand(plan(), everything)]
    (spec,) = expand(plan(lesson="experiments/depth", grid={"BLOCKS": [4]}), everything)
    assert (spec.lesson, spec.name) == ("experiments/depth", "depth-BLOCKS=4")
    with pytest.raises(UsageError, match=r"no notebook 'experiments/dept' \(did you mean experiments/depth\?\)"):
        expand(plan(lesson="experiments/dept"), everything)


STUDY = """title = "D"
question = "Does depth help?"
figure = { x = "BLOCKS", y = "loss", lines = "SHORTCUTS" }
[[run]]
notebook = "experiments/depth"
"""


def test_a_plan_with_a_question_and_a_figure_is_a_study(tmp_path):
    study = read_plan(write(tmp_path, STUDY))
    assert (study.question, study.figure) == ("Does depth help?", Figure("BLOCKS", "loss", "SHORTCUTS"))


@pytest.mark.parametrize(
    "old, new, message",
    [
        ('question = "Does depth help?"\n', "", "a study has both a question and a figure; got only figure"),
        ('x = "BLOCKS", ', "", "figure needs x = the name of a parameter"),
        ('y = "loss"', "y = 3", "figure must be a table of names"),
        ("lines =", "line =", r"figure has x, y, lines; got 'line' \(did you mean lines\?\)"),
        (
            'notebook = "experiments/depth"',
            'notebook = "a"\nlesson = "b"',
            "each .*run.* needs lesson = .* or notebook",
        ),
    ],
)
def test_a_malformed_study_is_refused(tmp_path, old, new, message):
    assert old in STUDY
    with pytest.raises(UsageError, match=message):
        read_plan(write(tmp_path, STUDY.replace(old, new)))


def test_a_data_set_that_changes_changes_the_fingerprint(tmp_path):
    lesson = Lesson("06_a", "a", Path("a"), {"DATASET": Parameter("DATASET", "str", "digits", "")})
    (tmp_path / "mine" / "cats").mkdir(parents=True)
    picture = tmp_path / "mine" / "cats" / "1.png"
    picture.write_bytes(b"1")

    def fingerprint(dataset):
        return expand(plan(), [lesson], overrides={"DATASET": dataset})[0].fingerprint

    before = fingerprint(str(tmp_path / "mine"))
    assert fingerprint(str(tmp_path / "mine")) == before
    picture.write_bytes(b"22")
    assert fingerprint(str(tmp_path / "mine")) != before
