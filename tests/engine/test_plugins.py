"""Steps and estimators of a lab: loaded from files and packages, or refused in one sentence."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from lab_parts import ESTIMATOR, STEP, as_it_was, install, write
from trainings import one_signal

from psychopy_nfb import Neurofeedback, load_plugins, read_configuration, standard_training
from psychopy_nfb.dsp import Pick, SignalInfo, Step
from psychopy_nfb.dsp.estimators import ESTIMATORS
from psychopy_nfb.engine.plugins import differences, load_installed, load_named, plugins_used
from psychopy_nfb.engine.rerun import run_offline
from psychopy_nfb.errors import FileError, NfbError, SettingsError
from psychopy_nfb.settings import from_dict, to_dict, write_json

INFO = SignalInfo(250.0, ("Cz", "Oz"))
HALVED = {"type": "Halved", "gain": 2.0}


@pytest.fixture(autouse=True)
def _families():
    with as_it_was():
        yield


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Return a function that installs a package where this process finds it."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return lambda **about: install(folder, **about)


def training(*steps):
    return {"signals": {"one": {"normalise": "none", "pipeline": {"steps": [*steps]}}}}


def refusal(*arguments, **keywords):
    with pytest.raises(NfbError) as caught:
        load_plugins(*arguments, **keywords)
    return str(caught.value)


def test_a_step_of_a_file_is_used_and_written_as_all_others_are(tmp_path):
    path, sha256 = write(tmp_path / "lab_a.py")
    (plugin,) = load_plugins([path])
    assert (plugin.name, plugin.sha256, plugin.parts) == ("lab_a.py", sha256, ("Halved",))
    settings = read_configuration(training({"type": "Pick", "channels": ["Oz"]}, HALVED))
    samples = np.arange(20.0).reshape(10, 2)
    values, _ = run_offline(settings, samples, INFO)
    signal = values[:, settings.value_names.index("one_signal")]
    assert signal.tolist() == [1.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 28.0, 32.0, 36.0]
    kept = to_dict(settings)["signals"]["one"]["pipeline"]["steps"][1]
    assert kept == {**HALVED, "from": f"lab_a.py (SHA-256 {sha256[:16]})"}
    assert to_dict(from_dict(Step, kept)) == kept


def test_a_file_is_loaded_again_only_if_it_has_changed(tmp_path):
    path, _ = write(tmp_path / "lab_a.py")
    load_plugins([path])
    first = Step.family["Halved"]
    load_plugins([str(path)])
    assert Step.family["Halved"] is first
    write(path, STEP.replace("Halved", "Quartered") + ESTIMATOR)
    load_plugins([path])
    assert "Halved" not in Step.family
    assert "swing" in ESTIMATORS
    write(path, STEP)
    load_plugins([path])
    assert {"Halved", "Quartered", "swing"} & {*Step.family, *ESTIMATORS} == {"Halved"}


def test_a_script_may_import_the_file_as_well(tmp_path, monkeypatch):
    path, _ = write(tmp_path / "lab_a.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    import lab_a

    settings = one_signal(Pick(["Oz"]), lab_a.Halved())
    with pytest.raises(SettingsError, match=r"name that file: plugins=\['.*lab_a.py'\]"):
        plugins_used(settings)
    named = load_plugins([path])
    assert plugins_used(settings) == named
    assert plugins_used(one_signal(Pick(["Oz"]))) == []


def test_a_step_of_the_script_itself_is_refused_before_anything_starts():
    kind = type("OfTheScript", (Step,), {"__module__": "__main__", "__dataclass_fields__": {}})
    settings = one_signal(Pick(["Oz"]), kind())
    with pytest.raises(SettingsError, match="OfTheScript.*put it into a file of its own"):
        Neurofeedback(settings)


def test_the_experiment_itself_is_no_plugin(tmp_path, monkeypatch):
    path, _ = write(tmp_path / "experiment.py", "raise RuntimeError('run twice')\n")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(path), raising=False)
    assert "is the experiment itself" in refusal([path])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "import no_such_package\n",
            "(ModuleNotFoundError: No module named 'no_such_package', line",
        ),
        ("x = 1\ny = x / 0\n", "(ZeroDivisionError: division by zero, line 2 of"),
        ("def f(:\n", "(SyntaxError: invalid syntax, line 1 of"),
        ("import sys\nsys.exit(2)\n", "(SystemExit: 2, line 2 of"),
        (STEP.replace("@dataclass\n", ""), "must be a dataclass; write @dataclass above it"),
        (STEP.replace("Halved", "CFIR"), "step='CFIR': is a name that both psychopy_nfb and "),
        (
            STEP + ESTIMATOR.replace('"swing"', '"wcFIR"'),
            "estimator='wcFIR': is a name that both psychopy_nfb and lab_b.py",
        ),
        (STEP + ESTIMATOR.replace('"Swing",\n', '"Swang",\n'), "step='Swang': is no step"),
        (b"# \xe9\n", "save it with the encoding UTF-8"),
    ],
)
def test_a_file_that_cannot_be_loaded_leaves_nothing_behind(tmp_path, text, sentence):
    path = tmp_path / "lab_b.py"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = dict(Step.family), dict(ESTIMATORS)
    said = refusal([path])
    assert sentence in said
    assert "lab_b.py" in said
    assert "\n" not in said
    assert (dict(Step.family), dict(ESTIMATORS)) == before


def test_files_are_a_list_of_files_that_are_there(tmp_path):
    assert "must be a list of files: ['lab.py']" in refusal("lab.py")
    with pytest.raises(FileError, match="plugins='.*none.py': cannot be read: No such file"):
        load_plugins([tmp_path / "none.py"])


def test_two_files_with_a_step_of_one_name_are_refused_naming_both(tmp_path):
    one, _ = write(tmp_path / "lab_a.py")
    other, _ = write(tmp_path / "lab_b.py", STEP + "# another\n")
    load_plugins([one])
    said = refusal([other])
    assert "step='Halved': is a name that both lab_a.py (SHA-256 " in said
    assert f"and {other} give to a step; rename one of them." in said


def test_settings_that_name_code_are_refused(tmp_path):
    path, _ = write(tmp_path / "lab_a.py", "raise RuntimeError('it was run')\n")
    settings = {**training({"type": "Pick", "channels": ["Oz"]}), "plugins": [str(path)]}
    write_json(settings, tmp_path / "up.json")
    write_json({"configuration": training(), "plugins": [str(path)]}, tmp_path / "as_nfb.json")
    for source in (settings, tmp_path / "up.json", tmp_path / "as_nfb.json"):
        with pytest.raises(SettingsError, match=r"^plugins=.*settings, which run no code"):
            read_configuration(source)


@pytest.mark.parametrize(
    ("came_from", "sentence"),
    [
        ("lab-package 1.5", "is not here; it came from lab-package 1.5: install that package"),
        (
            "lab_a.py (SHA-256 0123456789abcdef)",
            'name that file, plugins=["lab_a.py"] in Python or --plugin lab_a.py in a command',
        ),
    ],
)
def test_a_step_that_is_not_here_is_named_with_where_it_came_from(came_from, sentence):
    with pytest.raises(SettingsError) as caught:
        read_configuration(training({**HALVED, "from": came_from}))
    assert str(caught.value).startswith("signals.one.pipeline.steps[0].type='Halved': ")
    assert sentence in str(caught.value)


def test_a_step_of_a_lab_is_not_taken_for_one_of_ours_of_the_same_name():
    with pytest.raises(
        SettingsError, match="came from lab-package 1.5, and here it is one of psycho"
    ):
        read_configuration(training({"type": "CFIR", "from": "lab-package 1.5"}))


def test_settings_that_a_lab_s_step_cannot_take_are_a_sentence(tmp_path):
    text = STEP + "\n    def __post_init__(self):\n        self.gain.upper()\n"
    path, _ = write(tmp_path / "lab_a.py", text)
    load_plugins([path])
    with pytest.raises(SettingsError) as caught:
        read_configuration(training(HALVED))
    said = str(caught.value)
    assert "signals.one.pipeline.steps[0].type='Halved': cannot be made (AttributeError" in said
    assert f"line {text.count(chr(10))} of {path}" in said


def test_a_package_s_step_is_found_by_its_name(packages):
    packages()
    settings = read_configuration(training({"type": "Pick", "channels": ["Oz"]}, HALVED))
    assert type(settings.signals["one"].pipeline.steps[1]).__module__ == "lab_package"
    (plugin,) = plugins_used(settings)
    assert plugin.facts() == {"name": "lab-package", "version": "1.5", "parts": ["Halved"]}
    assert to_dict(settings)["signals"]["one"]["pipeline"]["steps"][1]["from"] == "lab-package 1.5"
    json.dumps(plugin.order())


def test_a_package_that_is_not_needed_is_not_imported(packages):
    packages(text="raise RuntimeError('imported')\n")
    load_plugins()
    read_configuration(training({"type": "Pick", "channels": ["Oz"]}))
    assert "lab_package" not in sys.modules


def test_a_part_that_cannot_be_loaded_stops_only_settings_that_use_it(packages, caplog):
    packages(text="raise RuntimeError('imported')\n")
    load_installed()
    read_configuration(training({"type": "Pick", "channels": ["Oz"]}))
    (warned,) = caplog.messages
    told = (
        "plugins='lab-package 1.5': its entry point Halved = lab_package:Halved in the group "
        "nfb.steps cannot be loaded (RuntimeError: imported, line 1 of "
    )
    assert warned.startswith(told)
    assert "); mend or uninstall lab-package. Settings that do not use it are not aff" in warned
    with pytest.raises(SettingsError) as refused:
        read_configuration(training(HALVED))
    assert str(refused.value).startswith(told)


def test_one_bad_entry_point_keeps_no_other_one_from_loading(packages, caplog):
    packages(offered=("Ghost", "Halved"))
    load_installed()
    assert "Halved" in Step.family
    (warned,) = caplog.messages
    assert "entry point Ghost = lab_package:Ghost in the group nfb.steps is not there (" in warned


def test_packages_with_equal_names_are_refused_naming_both(packages):
    packages()
    packages(name="other-package", version="0.3")
    said = refusal()
    assert "step='Halved': is a name that both " in said
    assert "lab-package 1.5" in said
    assert "other-package 0.3" in said


@pytest.mark.parametrize("name", ["CFIR", "wcFIR"])
def test_a_package_with_a_name_of_ours_is_refused(packages, name):
    packages(offered=(name,))
    assert f"step='{name}': is a name that both psychopy_nfb and lab-package 1.5" in refusal()


def test_an_entry_point_that_is_called_otherwise_or_is_no_part_is_refused(packages):
    packages(offered=("np",))
    with pytest.raises(
        SettingsError,
        match="plugins='lab-package 1.5': its entry point np = lab_package:np in the group "
        "nfb.steps is no step; mend or uninstall lab-package",
    ):
        load_named(["np"])


def test_an_estimator_of_a_file_makes_a_usual_training(tmp_path):
    path, _ = write(tmp_path / "lab_a.py", STEP + ESTIMATOR)
    with pytest.raises(SettingsError, match="envelope='swing': must be one of 'wcFIR'"):
        standard_training(envelope="swing")
    load_plugins([path])
    steps = standard_training(envelope="swing", band=(9, 11)).signals["trained"].pipeline.steps
    assert to_dict(steps[-1])["band"] == [9.0, 11.0]
    assert isinstance(steps[-1], Step.family["Swing"])


def test_another_file_or_version_than_in_the_session_is_told(tmp_path, packages):
    path, sha256 = write(tmp_path / "lab_a.py", STEP.replace("Halved", "Thirded"))
    packages()
    load_plugins([path])
    load_installed()
    same = [
        {"name": "lab_a.py", "sha256": sha256},
        {"name": "lab-package", "version": "1.5"},
        {"name": "not loaded", "version": "9"},
        "no record",
    ]
    assert differences(same) == []
    assert differences(None) == []
    others = [
        {"name": "lab_a.py", "sha256": "0123456789abcdef0"},
        {"name": "lab-package", "version": "1.4"},
    ]
    assert differences(others) == [
        f"lab_a.py is not the same as in the session (SHA-256 0123456789abcdef then, "
        f"{sha256[:16]} now); values may differ",
        "lab-package is not the same as in the session (version 1.4 then, 1.5 now); values may "
        "differ",
    ]
