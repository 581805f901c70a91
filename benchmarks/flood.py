"""Whether strangers delay a reviewer's login, or fill the review server's memory or disk.

python benchmarks/flood.py            # half a minute; wants dubench[dev]
python benchmarks/flood.py --help
"""

import argparse
import contextlib
import http.client
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import machine

# The tests' plans; they are no part of the package.
sys.path.append(str(Path(__file__).parents[1]))
from tests.annotation_ui.plans import samples
from tests.annotation_ui.web.served import PASSWORD, review

PACKAGES = ("gradio", "uvicorn")
LARGE = bytes(8 << 20)
FORM = {"content-type": "application/x-www-form-urlencoded"}
PARTS = {"content-type": "multipart/form-data; boundary=-"}
JSON = {"content-type": "application/json"}
FILE = b'---\r\ncontent-disposition: form-data; name="username"; filename="a"\r\n\r\n' + LARGE
PAUSE = 0.5  # seconds between two true logins
GOALS = "goals: under 2 s, 100 MB more at most, nothing left"


def main() -> None:
    """Flood a server, log in meanwhile, and print what that took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=30)
    parser.add_argument("--logins", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / "temporary"
        temporary.mkdir()
        dataset = Path(folder) / "du"
        review(dataset, samples([1]), []).accounts.add("ada", PASSWORD)
        with served(dataset, temporary) as server:
            assert server.stdout
            address = urlsplit(server.stdout.readline().split()[0]).netloc
            alone = [login(address) for _ in range(5)]
            before, files = memory(server.pid, "VmRSS"), contents(temporary)
            context = multiprocessing.get_context("spawn")
            ended, sent = context.Event(), context.Value("l")
            strangers = context.Process(target=flood, args=(address, options.threads, ended, sent))
            strangers.start()
            while sent.value < options.threads:
                time.sleep(0.1)
            cpu, wall = processor(server.pid), time.perf_counter()
            times = []
            for _ in range(options.logins):
                time.sleep(PAUSE)
                times.append(login(address))
            cpu, wall = processor(server.pid) - cpu, time.perf_counter() - wall
            ended.set()
            strangers.join()
            left = contents(temporary) - files
            most = memory(server.pid, "VmHWM")
    print(f"{sent.value:,} requests of {options.threads} strangers; {GOALS}")
    print(f"  a true login alone: median {statistics.median(alone):.2f} s (n = {len(alone)})")
    print(
        f"  beside them: median {statistics.median(times):.2f} s, slowest {max(times):.2f} s "
        f"(n = {len(times)})"
    )
    print(f"  processor time of the server: {cpu:.1f} s in {wall:.1f} s")
    print(f"  memory: {before:,.0f} MB before, {most:,.0f} MB at most")
    print(f"  files left in the temporary folder: {len(left)}")
    print(f"\n{machine.describe(PACKAGES)}")


@contextlib.contextmanager
def served(dataset: Path, temporary: Path) -> Iterator["subprocess.Popen[str]"]:
    """`dubench review serve` in a process of its own, with its own temporary folder."""
    server = subprocess.Popen(
        [sys.executable, "-m", "dubench.cli", "review", "serve", str(dataset), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield server
    finally:
        server.terminate()
        server.wait()


def flood(address: str, threads: int, ended: Event, sent: "Synchronized[int]") -> None:
    """Let so many strangers send until `ended`; `sent` counts their requests."""
    os.nice(19)  # they would have machines of their own
    all_of_them = [
        threading.Thread(target=stranger, args=(address, number, ended, sent))
        for number in range(threads)
    ]
    for one in all_of_them:
        one.start()
    for one in all_of_them:
        one.join()


def stranger(address: str, number: int, ended: Event, sent: "Synchronized[int]") -> None:
    """Send one of four kinds of request over and over: names that nobody has, files of a form,
    JSON, and JSON that does not say how long it is."""
    count = 0
    while not ended.is_set():
        guess = urlencode({"username": f"stranger-{number}-{count}", "password": "guess"})
        path, headers, body = (
            ("/login", FORM, guess.encode()),
            ("/login", PARTS, FILE),
            ("/gradio_api/run/open", JSON, LARGE),
            ("/gradio_api/run/open", JSON, iter([LARGE])),
        )[number % 4]
        # The server closes before all is sent.
        with contextlib.suppress(OSError, http.client.HTTPException):
            ask(address, path, headers, body)
        count += 1
        with sent.get_lock():
            sent.value += 1


def login(address: str) -> float:
    """Seconds that a true login takes."""
    since = time.perf_counter()
    body = urlencode({"username": "ada", "password": PASSWORD}).encode()
    assert ask(address, "/login", FORM, body) == 200
    return time.perf_counter() - since


def ask(address: str, path: str, headers: dict[str, str], body: bytes | Iterator[bytes]) -> int:
    """The status that the server answers a POST with."""
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int, what: str) -> float:
    """A process's memory in MB: VmRSS, now, or VmHWM, the most it ever had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1000


def contents(folder: Path) -> set[Path]:
    """All files below."""
    return {path for path in folder.rglob("*") if path.is_file()}


if __name__ == "__main__":
    main()
