"""`./run` against fake Pythons on PATH: nothing is downloaded, nothing is installed."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / "run"
COMMANDS = (
    "setup",
    "demo",
    "test",
    "check",
    "coverage",
    "conformance",
    "campaign",
    "fuzz",
    "soak",
    "mutants",
    "bench",
    "compile",
    "docs",
    "help",
)

# One fake for every interpreter: FAKE_ABLE lists what works here, FAKE_LOG records the calls.
FAKE_PYTHON = r"""#!/bin/bash
here=$(dirname "$0")
echo "$(basename "$here")/$(basename "$0") $*" >>"$FAKE_LOG"
able() { case " $FAKE_ABLE $(cat "$FAKE_GAINED" 2>/dev/null) " in *" $1 "*) ;; *) exit 1 ;; esac; }
make() {
  mkdir -p "$1/bin"
  echo "version = 3.${MINOR}" >"$1/pyvenv.cfg"
  ln -s "$FAKE_HOME/venv-python" "$1/bin/python"
}
MINOR=@MINOR@
case "$*" in
  *version_info*) echo "$MINOR" ;;
  --version) echo "Python 3.$MINOR.0" ;;
  "-m venv --without-pip "*) able borrow; make "$4" ;;
  "-m venv "*) mkdir -p "$3/bin"; able venv; make "$3"; touch "$3/has-pip" ;;
  "-m virtualenv "*) able virtualenv; make "$3"; touch "$3/has-pip" ;;
  "-m pip --python "*) able borrow; touch "$(dirname "$(dirname "$4")")/has-pip" ;;
  "-m pip --version") [ -e "$here/../has-pip" ] ;;
  "-m pip install "*" -r "*) sleep "${FAKE_SLOW:-0}"; able packages ;;
  "-m pip install "*" -e .") cp "$FAKE_HOME/tool" "$here/ikbr"; cp "$FAKE_HOME/tool" "$here/ruff"
    cp "$FAKE_HOME/tool" "$here/lint-imports" ;;
  "-m mypy "*) case "$FAKE_BROKEN" in *mypy*) echo "mypy's own words"; exit 1 ;; esac ;;
esac
"""
FAKE_TOOL = r"""#!/bin/bash
echo "$(basename "$0") $* (in $PWD)" >>"$FAKE_LOG"
case "$FAKE_BROKEN" in *"$(basename "$0") $1"*) exit 1 ;; esac
"""


def write_script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


@dataclass
class Machine:
    """A computer with fake Pythons, and a checkout in a folder whose name has a space."""

    home: Path
    able: str = "venv packages"
    broken: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bin = self.home / "bin"
        self.bin.mkdir()
        self.log = self.home / "log"
        self.gained = self.home / "gained"
        self.project = self.add_checkout("a checkout")
        write_script(self.home / "tool", FAKE_TOOL)
        write_script(self.home / "venv-python", FAKE_PYTHON.replace("@MINOR@", "11"))
        for name in ("python3.13", "python3.12", "python3.11", "sudo", "apt-get"):
            write_script(self.bin / name, "#!/bin/bash\nexit 127\n")
        self.add_python("python3", 11)
        write_script(self.bin / "id", "#!/bin/bash\necho 1000\n")

    def add_checkout(self, name: str) -> Path:
        project = self.home / name
        (project / "requirements").mkdir(parents=True)
        (project / "requirements" / "lock.txt").write_text("numpy==1\n", encoding="utf-8")
        (project / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
        shutil.copy(RUN, project / "run")
        return project

    def add_python(self, name: str, minor: int) -> None:
        write_script(self.bin / name, FAKE_PYTHON.replace("@MINOR@", str(minor)))

    def add_apt(self, *, root: bool = False, sudo: bool = False, gives: str = "venv") -> None:
        """Install an apt-get which, for those who may run it, makes `gives` work."""
        write_script(
            self.bin / "apt-get",
            f'#!/bin/bash\necho "apt-get $*" >>"$FAKE_LOG"\necho {gives} >>"$FAKE_GAINED"\n',
        )
        write_script(self.bin / "id", f"#!/bin/bash\necho {0 if root else 1000}\n")
        as_root = '[ "$1" = -n ] && shift && exec "$@"' if sudo else "exit 1"
        write_script(self.bin / "sudo", f"#!/bin/bash\n{as_root}\n")

    def arguments(self, *words: str, script: Path | None = None) -> list[str]:
        return [str(script or self.project / "run"), *words]

    def variables(self) -> dict[str, str]:
        return {
            "PATH": f"{self.bin}:{os.defpath}:/usr/bin:/bin",
            "FAKE_HOME": str(self.home),
            "FAKE_LOG": str(self.log),
            "FAKE_GAINED": str(self.gained),
            "FAKE_ABLE": self.able,
            "FAKE_BROKEN": self.broken,
            **self.environment,
        }

    def run(self, *words: str, script: Path | None = None) -> subprocess.CompletedProcess[str]:
        self.log.write_text("", encoding="utf-8")
        return subprocess.run(
            self.arguments(*words, script=script),
            env=self.variables(),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def calls(self) -> str:
        return self.log.read_text(encoding="utf-8")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("words", [(), ("help",), ("--help",), ("-h",)])
def test_help_names_every_command_and_sets_nothing_up(
    machine: Machine, words: tuple[str, ...]
) -> None:
    done = machine.run(*words)
    assert done.returncode == 0
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)
    assert machine.calls() == ""


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("chekc", "check"), ("tests", "test"), ("cov", "coverage"), ("dmo", "demo"), ("set", "setup")],
)
def test_an_unknown_command_is_refused_with_the_nearest_one(
    machine: Machine, typed: str, meant: str
) -> None:
    done = machine.run(typed)
    assert done.returncode == 2
    assert f"did you mean './run {meant}'?" in done.stderr
    assert "Usage: ./run COMMAND" in done.stderr
    assert not (machine.project / "venv").exists()


def test_a_far_off_command_gets_the_usage_but_no_suggestion(machine: Machine) -> None:
    done = machine.run("xylophone")
    assert done.returncode == 2
    assert "did you mean" not in done.stderr
    assert "Usage" in done.stderr


@pytest.mark.parametrize("words", [("setup", "now"), ("check", "--fast")])
def test_words_that_a_command_does_not_take_are_refused(
    machine: Machine, words: tuple[str, ...]
) -> None:
    done = machine.run(*words)
    assert done.returncode == 2
    assert words[1] in done.stderr


@pytest.mark.parametrize(
    ("able", "last_attempt"),
    [
        ("venv virtualenv borrow packages", "-m venv "),
        ("virtualenv borrow packages", "-m virtualenv "),
        ("borrow packages", "-m pip --python "),
    ],
)
def test_the_environment_is_made_by_the_first_way_that_works(
    machine: Machine, able: str, last_attempt: str
) -> None:
    machine.able = able
    done = machine.run("setup")
    assert done.returncode == 0, done.stderr
    made_by = [line for line in machine.calls().splitlines() if line.startswith("bin/python3 -m")]
    assert last_attempt in made_by[-1]
    assert "venv/ is ready" in done.stderr


@pytest.mark.parametrize("rights", [{"root": True}, {"sudo": True}])
def test_apt_get_is_the_last_resort_of_those_who_may(
    machine: Machine, rights: dict[str, bool]
) -> None:
    machine.able = "packages"
    machine.add_apt(**rights)
    done = machine.run("setup")
    assert done.returncode == 0, done.stderr
    assert "apt-get install -y -q python3-venv" in machine.calls()
    assert "installing the system package python3-venv" in done.stderr


def test_without_any_way_one_paragraph_says_what_to_install(machine: Machine) -> None:
    machine.able = "packages"
    machine.add_apt()  # there, but neither root nor sudo
    done = machine.run("setup")
    assert done.returncode == 1
    assert "sudo apt-get install python3-venv" in done.stderr
    assert "apt-get" not in machine.calls()
    assert not (machine.project / "venv").exists()


def test_an_old_python3_is_passed_over_for_a_newer_one(machine: Machine) -> None:
    machine.add_python("python3", 9)
    machine.add_python("python3.12", 12)
    assert machine.run("setup").returncode == 0
    assert "bin/python3.12 -m venv" in machine.calls()


def test_python3_is_taken_before_a_newer_python(machine: Machine) -> None:
    machine.add_python("python3.13", 13)
    assert machine.run("setup").returncode == 0
    assert "bin/python3 -m venv" in machine.calls()


def test_a_python_newer_than_the_lock_is_tried_last_and_said(machine: Machine) -> None:
    machine.add_python("python3", 15)
    done = machine.run("setup")
    assert done.returncode == 0
    assert "Python 3.15 is newer than the pinned packages were tried with" in done.stderr


def test_only_an_old_python_is_one_clear_sentence(machine: Machine) -> None:
    machine.add_python("python3", 9)
    done = machine.run("demo")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Python 3.11 or newer is needed, but python3 is 3.9" in done.stderr


def test_no_python_at_all_is_one_clear_sentence(machine: Machine) -> None:
    write_script(machine.bin / "python3", "#!/bin/bash\nexit 127\n")
    done = machine.run("setup")
    assert done.returncode == 1
    assert "no python3 was found" in done.stderr


def test_the_python_that_a_person_names_is_used_or_refused(machine: Machine) -> None:
    machine.add_python("special", 12)
    machine.environment["IKBR_PYTHON"] = str(machine.bin / "missing")
    assert machine.run("setup").returncode == 2
    machine.environment["IKBR_PYTHON"] = str(machine.bin / "special")
    assert machine.run("setup").returncode == 0
    assert "bin/special -m venv" in machine.calls()


def test_a_second_set_up_starts_no_python(machine: Machine) -> None:
    machine.run("setup")
    done = machine.run("setup")
    assert done.stderr == "ikbr: venv/ is up to date\n"
    assert machine.calls() == ""


@pytest.mark.parametrize("name", ["requirements/lock.txt", "pyproject.toml"])
def test_a_changed_file_refreshes_the_environment_in_place(machine: Machine, name: str) -> None:
    machine.run("setup")
    with (machine.project / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert machine.run("setup").returncode == 0
    assert " -r " in machine.calls()
    assert "-m venv" not in machine.calls()


def test_an_interrupted_set_up_is_begun_anew(machine: Machine) -> None:
    machine.able = "venv"  # the packages fail, as they would when killed
    failed = machine.run("setup")
    assert failed.returncode == 1
    assert "check the network and run ./run setup again" in failed.stderr
    leftover = machine.project / "venv" / "half-written"
    leftover.touch()
    machine.able = "venv packages"
    done = machine.run("setup")
    assert done.returncode == 0
    assert "venv/ is unfinished" in done.stderr
    assert not leftover.exists()


def test_a_refresh_that_fails_leaves_no_stamp_behind(machine: Machine) -> None:
    machine.run("setup")
    (machine.project / "requirements" / "lock.txt").write_text("numpy==2\n", encoding="utf-8")
    machine.able = "venv"
    assert machine.run("setup").returncode == 1
    (machine.project / "requirements" / "lock.txt").write_text("numpy==1\n", encoding="utf-8")
    machine.able = "venv packages"
    assert machine.run("setup").returncode == 0
    assert " -r " in machine.calls()


def test_a_moved_checkout_makes_its_environment_anew(machine: Machine) -> None:
    machine.run("setup")
    machine.project = machine.project.rename(machine.home / "elsewhere")
    assert machine.run("setup").returncode == 0
    assert "-m venv" in machine.calls()


def test_a_replaced_interpreter_makes_the_environment_anew(machine: Machine) -> None:
    machine.run("setup")
    python = machine.project / "venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(shutil.copy(machine.home / "venv-python", machine.home / "upgraded"))
    assert machine.run("setup").returncode == 0
    assert "-m venv" in machine.calls()


def test_two_checkouts_do_not_touch_each_other(machine: Machine) -> None:
    other = machine.add_checkout("another one")
    machine.run("setup")
    assert not (other / "venv").exists()
    machine.run("setup", script=other / "run")
    assert f"-r {other}/requirements/lock.txt" in machine.calls()
    machine.run("setup")
    assert machine.calls() == ""


def test_an_activated_environment_is_not_taken_for_a_python_to_build_with(
    machine: Machine,
) -> None:
    machine.run("setup")
    machine.add_python("python3", 9)
    machine.add_python("python3.12", 12)
    (machine.project / "venv" / ".ikbr-stamp").unlink()
    own = machine.project / "venv" / "bin"
    shutil.copy(own / "python", own / "python3")
    machine.environment["PATH"] = f"{own}:{machine.variables()['PATH']}"
    assert machine.run("setup").returncode == 0
    assert "bin/python3.12 -m venv" in machine.calls()


@pytest.mark.skipif(shutil.which("flock") is None, reason="turns are taken with flock")
def test_two_commands_started_together_set_up_once(machine: Machine) -> None:
    machine.environment["FAKE_SLOW"] = "0.3"
    machine.log.touch()
    both = [
        subprocess.Popen(
            machine.arguments("setup"), env=machine.variables(), stderr=subprocess.DEVNULL
        )
        for _ in range(2)
    ]
    assert [process.wait(timeout=30) for process in both] == [0, 0]
    assert machine.calls().count("bin/python3 -m venv") == 1


def test_tests_run_on_two_processes_and_further_arguments_go_to_pytest(machine: Machine) -> None:
    assert machine.run("test", "tests/unit/domain", "-k", "a or b").returncode == 0
    last = machine.calls().splitlines()[-1]
    assert last == "bin/python -m pytest -q -n 3 --dist worksteal tests/unit/domain -k a or b"


def test_the_demo_runs_in_the_folder_of_the_caller(machine: Machine) -> None:
    link = machine.home / "ikbr-run"
    link.symlink_to(machine.project / "run")
    assert machine.run("demo", "--seed", "7", script=link).returncode == 0
    assert machine.calls().splitlines()[-1] == f"ikbr demo --seed 7 (in {machine.home})"


def test_check_names_each_step_goes_on_after_a_failure_and_fails_in_the_end(
    machine: Machine,
) -> None:
    machine.broken = "ruff format, mypy"
    done = machine.run("check")
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.startswith(("ok", "FAILED"))] == [
        "FAILED  ruff format --check",
        "ok      ruff check",
        "FAILED  mypy --strict src",
        "ok      lint-imports",
    ]
    assert "mypy's own words" in done.stdout
    assert "2 of 4 checks failed" in done.stderr


def test_check_passes_when_every_step_does(machine: Machine) -> None:
    done = machine.run("check")
    assert done.returncode == 0
    assert done.stdout.count("ok  ") == 4


def test_bench_without_benchmarks_says_so(machine: Machine) -> None:
    done = machine.run("bench")
    assert done.returncode == 1
    assert "there are no benchmarks yet" in done.stderr
