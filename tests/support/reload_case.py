"""What the tests of reloads share."""
from case import Case


def ttl_of(answer):
    return answer.answer[0].ttl


class ReloadCase(Case):
    def reload(self, daemon, **settings):
        """Writes these settings over those in the file and reloads: what `tacet reload` prints."""
        daemon.settings.update(settings)
        daemon.write()
        done = daemon.verb("reload")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + daemon.log())
        return done.stdout.strip()

    def refused(self, daemon, **settings):
        """The same for settings that are refused; the file is as it was afterwards. What the verb complains of."""
        before = dict(daemon.settings)
        daemon.settings.update(settings)
        daemon.write()
        done = daemon.verb("reload", "--socket", before["control"]["socket"])
        daemon.settings = before
        daemon.write()
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stderr
