"""The manual pages, the completions and the samples of README and the guide against the program itself."""
import pathlib
import re
import shutil
import subprocess
import textwrap
import unittest

import scratch
import tacet

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = SOURCE / "packaging"
PAGES = sorted((PACKAGING / "man").iterdir())


def help_of(*verb):
    done = tacet.run(*verb, "--help")
    assert done.returncode == 0, done.stderr
    return done.stdout


def options_of(text):
    return set(re.findall(r"^  (?:-\w,)?(--[a-z-]+)", text, re.MULTILINE))


VERBS = {verb: options_of(help_of(verb)) for verb in re.findall(r"^  ([a-z-]+)  ", help_of().split("Verbs:")[1], re.MULTILINE)}
TOP = options_of(help_of())


class Pages(unittest.TestCase):
    def test_are_set_without_a_warning(self):
        for page in PAGES:
            with self.subTest(page.name):
                done = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8", page], capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not here")
    def test_have_no_fault_that_mandoc_finds(self):
        for page in PAGES:
            done = subprocess.run(["mandoc", "-Tlint", "-W", "warning", page], capture_output=True, text=True, check=False)
            self.assertEqual(done.stdout, "")

    def test_say_what_they_are(self):
        for page in PAGES:
            name, section = page.name.rsplit(".", 1)
            self.assertRegex(page.read_text(), rf"(?m)^\.TH {re.escape(name.upper())} {section} ")

    def test_tacet_1_has_an_entry_for_every_verb_and_option(self):
        text = (PACKAGING / "man" / "tacet.1").read_text().replace("\\-", "-")
        entries = set()
        for line in re.findall(r"(?m)^\.TP\n\.\w+ (.*)$", text):
            entries.update(re.findall(r'(?:^|[" ])(-?-?[a-z-]+)', line)[:3])
        self.assertGreater(len(VERBS), 5)
        for verb, options in VERBS.items():
            self.assertIn(verb, entries)
            self.assertLessEqual(options, entries | {"-h"}, verb)
        self.assertLessEqual(TOP, entries)


class Prose(unittest.TestCase):
    """README.md and packaging/GUIDE.md."""

    texts = {path.name: path.read_text() for path in (SOURCE / "README.md", PACKAGING / "GUIDE.md")}

    def test_tacet_accepts_every_sample_of_a_configuration(self):
        for name, text in {**self.texts, "fleet.md": (SOURCE / "conf" / "fleet.md").read_text()}.items():
            blocks = [textwrap.dedent(block) for block in re.findall(r"(?m)(?:^    .*\n)+", text)]
            samples = [block for block in blocks if re.match(r"[a-z_]+:( |\n)", block)]
            samples += re.findall(r"`([a-z_]+: \{[^`…]*\})`", text)
            self.assertGreaterEqual(len(samples), 1, name)
            for sample in samples:
                with self.subTest(name, sample=sample), scratch.directory() as folder:
                    path = pathlib.Path(folder) / "tacet.yaml"
                    path.write_text(sample)
                    done = tacet.run("check", "--config", path)
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_command_has_a_verb_and_options_of_the_program(self):
        for name, text in self.texts.items():
            commands = re.findall(r"(?m)(?:^    |`)(?:\$ )?(?:sudo )?(?:build/release/)?tacet ([a-z][a-z-]*)([^`#\n]*)", text)
            self.assertGreater(len(commands), 5, name)
            for verb, rest in commands:
                with self.subTest(name, verb=verb, rest=rest):
                    self.assertIn(verb, VERBS)
                    self.assertLessEqual(set(re.findall(r"--[a-z-]+", rest)), VERBS[verb])

    def test_every_link_leads_to_a_file_or_a_heading(self):
        for name, text in self.texts.items():
            folder = SOURCE if name == "README.md" else PACKAGING
            for path, heading in re.findall(r"\]\(([^)#:]+)(?:#([^)]+))?\)", text):
                self.assertTrue((folder / path).exists(), path)
                headings = re.findall(r"(?m)^#+ (.*)$", (folder / path).read_text()) if heading else []
                slugs = [re.sub(r"[^a-z0-9 -]", "", told.lower()).replace(" ", "-") for told in headings]
                self.assertIn(heading, slugs + [""])


class Completions(unittest.TestCase):
    def bash(self, *words):
        """What bash would offer behind `words`, of which the last is unfinished."""
        script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tacet; printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", script, "bash", PACKAGING / "completions" / "tacet.bash", "tacet", *words],
                              capture_output=True, text=True, check=True)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_bash_offers_every_verb(self):
        self.assertEqual(self.bash(""), set(VERBS) | TOP)
        self.assertEqual(self.bash("st"), {"status"})

    def test_bash_offers_every_option_of_a_verb_and_no_other(self):
        for verb, options in VERBS.items():
            with self.subTest(verb):
                self.assertEqual(self.bash(verb, "--"), options)

    def test_bash_offers_the_words_that_an_option_takes(self):
        self.assertEqual(self.bash("run", "--log-level", ""), {"error", "warn", "info", "debug"})
        managers = re.search(r"--manager NAME:\{(.*)\}", help_of("install")).group(1)
        self.assertEqual(self.bash("install", "--manager", ""), set(managers.split(",")))

    def test_bash_offers_nothing_where_only_the_user_knows(self):
        self.assertEqual(self.bash("run", "--listen", ""), set())

    def test_zsh_knows_every_verb_and_option(self):
        text = (PACKAGING / "completions" / "_tacet").read_text()
        for verb, options in VERBS.items():
            self.assertRegex(text, rf"(?m)^  '{verb}:")
            self.assertRegex(text, rf"(?m)^  {verb}\)")
            for option in options:
                self.assertIn(f"{option}[", text, verb)

    def test_fish_knows_every_verb_and_option(self):
        text = (PACKAGING / "completions" / "tacet.fish").read_text()
        for verb, options in VERBS.items():
            self.assertRegex(text, rf" -a {verb} -d ")
            for option in options - {"--help"}:
                self.assertRegex(text, rf"(?m)seen_subcommand_from [a-z -]*\b{verb}\b[a-z -]*' -l {option[2:]} ")

    def test_have_no_fault_that_their_shell_finds(self):
        for shell, name in (("bash", "tacet.bash"), ("zsh", "_tacet"), ("fish", "tacet.fish")):
            if not shutil.which(shell):
                continue
            done = subprocess.run([shell, "-n", PACKAGING / "completions" / name], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)
        done = subprocess.run(["shellcheck", "-s", "bash", PACKAGING / "completions" / "tacet.bash"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
