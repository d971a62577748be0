"""defender-reporter on a settings file, once or as a daemon."""

import os
import subprocess

from lab.milter import toml
from lab.process import SANITIZER_EXIT, LabError, Process, sanitizer_env, sanitizer_reports


class Reporter:
    """One defender-reporter. `settings` is {section: {key: value}}, as a milter's `settings` are; a reporter
    may take those of a milter of the same host. What a sanitizer found, and an exit status that no run may
    have, comes into `problems`."""

    STATUSES = (0, 1, 75)

    def __init__(self, programs, name, settings):
        self._programs = programs
        self.name = name
        self.folder = programs.folder / f"reporter-{name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.conf = self.folder / "defender.toml"
        self.problems = []
        self.process = None
        self.configure(settings)

    def configure(self, settings):
        self.settings = settings
        self.conf.write_text(toml(settings))

    def once(self, now, env=None):
        """Does all that is due at `now` (RFC 3339), to the end; the run, with its output."""
        done = subprocess.run(self._command("--once", "--now", now), env=self._env(env), capture_output=True,
                              text=True, timeout=300, check=False)
        with open(self.folder / "once.log", "a", encoding="utf-8") as log:
            log.write(done.stdout + done.stderr)
        if done.returncode not in self.STATUSES:
            self.problems.append(f"{self.name} --once ended with {done.returncode}: {done.stderr[-3000:]}")
        self._look_for_reports()
        return done

    def start_once(self, now):
        """As once(), without waiting for its end; it may be killed."""
        self.process = Process(f"{self.name}.reporter", self._command("--once", "--now", now),
                               self._programs.folder, env=self._env())
        return self.process

    def start(self, env=None):
        """The daemon."""
        self.process = Process(f"{self.name}.reporter", self._command(), self._programs.folder,
                               env=self._env(env))
        return self.process

    def stop(self):
        """Ends the daemon in order."""
        try:
            status = self.process.stop()
            if status != 0:
                self.problems.append(f"{self.name} ended with status {status}")
        except LabError as error:
            self.problems.append(str(error))
        self._look_for_reports()

    def log(self):
        path = self.folder / "once.log"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return text + (self.process.log() if self.process else "")

    def ctl(self, *arguments, env=None):
        """Runs defenderctl on this reporter's settings."""
        done = subprocess.run([str(self._programs.ctl), "-c", str(self.conf), *arguments],
                              env=self._env(env), capture_output=True, text=True, timeout=300, check=False)
        if done.returncode == SANITIZER_EXIT or done.returncode < 0:
            self.problems.append(f"defenderctl {' '.join(arguments)}: {done.returncode} {done.stderr}")
        return done

    def _command(self, *arguments):
        return [str(self._programs.reporter), "-c", str(self.conf), *arguments]

    def _env(self, more=None):
        return {**os.environ, **sanitizer_env(self.folder), **(more or {})}

    def _look_for_reports(self):
        for report in sanitizer_reports(self.folder):
            self.problems.append(f"{self.name}: sanitizer report\n{report[:6000]}")
