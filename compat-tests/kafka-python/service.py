"""Takes the place of `test.service`, which kafka-python's source package leaves out: the broker is ours, started outside the tests."""


class ExternalService:
    def __init__(self, host: str, port: int):
        self.host, self.port = host, port

    def open(self) -> None: ...

    def close(self) -> None: ...

    def dump_logs(self) -> None: ...


class SpawnedService:
    """Only named by an import: nothing is started from within the tests."""
