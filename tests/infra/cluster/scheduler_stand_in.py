"""A scheduler with two workers that does what a test says, to lose workers in every way."""

import time

from tests.contracts.outcomes import success

TRIAL = success(3).result.trial


class Future:
    def __init__(self):
        self.status = "pending"
        self.outcome = None
        self.cancelled = False
        self.released = False

    @property
    def is_there(self):
        """Whether the scheduler has it on a worker."""
        return self.status == "pending" and not (self.cancelled or self.released)

    def end(self, status, outcome=None):
        self.status, self.outcome = status, outcome
        self.tell(self)

    def add_done_callback(self, function):
        self.tell = function

    def result(self, timeout):
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def exception(self):
        return self.outcome

    def cancel(self):
        self.cancelled = True

    def release(self):
        self.released = True


class Client:
    """Two workers, a and b, the tasks of others there, and what is asked of them."""

    def __init__(self):
        self.workers = {"a": 1, "b": 1}
        self.others = {}
        self.submitted = []
        self.shown = []
        self.told = []
        self.events = ()
        self.topics = {}
        self.answers = True
        self.obeys = True

    def nthreads(self):
        return dict(self.workers)

    def processing(self):
        ours = [(pinned[0], key) for pinned, key, future in self.submitted if future.is_there]
        return {
            name: [
                *self.others.get(name, ()),
                *(key for there, key in ours if there == name),
            ]
            for name in self.workers
        }

    def submit(self, function, *args, key, workers=None, **options):
        if not self.answers:
            raise OSError("closed")
        future = Future()
        if workers is None:
            assert options["resources"], "no worker may run it"
            self.shown.append(future)
            return future
        self.submitted.append((workers, key, future))
        return future

    def run(self, function, *args, on_error, **where):
        self.told.append((function, args, where))
        known = {None, *(key for _, key, _ in self.submitted)}
        return dict.fromkeys(where["workers"], self.obeys and args[-1] in known)

    def get_events(self, topic):
        return self.events

    def subscribe_topic(self, topic, handler):
        self.topics[topic] = handler

    def unsubscribe_topic(self, topic):
        if self.topics.pop(topic, None) is None:
            raise ValueError("no handler")


class Shared:
    digest, source, is_local, lost, closed = "digest", "path", True, False, False

    def close(self):
        self.closed = True


def begin(client, workers, key):
    """Report that a job has begun, as its worker does."""
    (name,) = {pinned[0] for pinned, known, _ in client.submitted if known == key} or {"a"}
    client.topics[workers.topic]((0.0, {"key": key, "worker": name}))


def names(workers):
    return [worker.name for worker in workers.free()]


def told(client):
    end = time.monotonic() + 10
    while not client.told and time.monotonic() < end:
        time.sleep(0.01)
    return client.told
