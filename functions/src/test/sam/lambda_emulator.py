"""A built artifact as Lambda runs it, without Lambda: AWS's Runtime Interface Emulator and its Java runtime client.

The emulator is in the package of SAM CLI, the client's jars are copied by build/sam-check. The process has the function's
environment variables and those that Lambda sets, and nothing of the environment of the tests.
"""

import contextlib
import ctypes
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import samcli

CLIENT = "com.amazonaws.services.lambda.runtime.api.client"
EMULATORS = {"x86_64": "x86_64", "aarch64": "arm64"}

# The emulator counts the start of the JVM, for which Lambda allows time of its own. On a machine that is busy with other
# tests, it may take longer than the 30 s of a short function.
LEAST_TIMEOUT_SECONDS = 120


class FunctionFailed(Exception):
    """The function threw, ended or ran out of time; the message says which, and where the log is."""


class Function:
    """One process, which stays for all events and takes one at a time: the emulator panics if two come at once."""

    def __init__(self, configuration, artifact, runtime_client, folder, credentials):
        """configuration: as Lambda's API answers it; folder: for the log and the unpacked native code, made here."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.name = configuration["FunctionName"]
        self.log = folder / "log"
        port, runtime_port = free_ports(2)
        self.url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        machine = platform.machine()
        emulator = Path(samcli.__file__).parent / "local" / "rapid" / f"aws-lambda-rie-{EMULATORS[machine]}"
        # As on Lambda, the client's jars are the class path, and it finds the function's in the working directory.
        jars = sorted(str(jar) for jar in runtime_client.glob("*.jar"))
        command = [
            str(emulator),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
            *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
            *(java(), "--enable-native-access=ALL-UNNAMED", f"-Xmx{configuration['MemorySize'] * 4 // 5}m"),
            # Left to itself, each process unpacks it to the same file in /tmp, under the others that run it.
            f"-D{CLIENT}.runtimeapi.NativeClient.JNI={native(runtime_client, machine, folder)}",
            *("-cp", os.pathsep.join(jars), f"{CLIENT}.AWSLambda", configuration["Handler"]),
        ]
        environment = {
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(max(configuration["Timeout"], LEAST_TIMEOUT_SECONDS)),
            "AWS_LAMBDA_FUNCTION_VERSION": configuration["Version"],
            "LAMBDA_TASK_ROOT": str(artifact),
            "_HANDLER": configuration["Handler"],
            **configuration["Environment"]["Variables"],
            **credentials,
        }
        self.process = subprocess.Popen(
            command,
            cwd=artifact,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )

    def invoke(self, event):
        """The answer to an event, both as text of JSON."""
        request = urllib.request.Request(self.url, data=event.encode(), method="POST")
        deadline = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(request, timeout=1000) as response:
                    answer = response.read().decode()
                    break
            except urllib.error.HTTPError as e:  # the process ended, or could not start
                raise self.failed(f"{e.code} {e.read().decode()}") from e
            except urllib.error.URLError as e:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise self.failed(f"the emulator does not answer: {e}") from e
                time.sleep(0.05)
        if answer.startswith("Task timed out"):
            raise self.failed(answer)
        parsed = json.loads(answer)
        if isinstance(parsed, dict) and "errorType" in parsed:  # with status 200
            raise self.failed(answer)
        return answer

    def failed(self, why):
        return FunctionFailed(f"{self.name}: {why}; its log is {self.log}")

    def stop(self):
        """The emulator ends its JVM. What does not end in time is killed, both of them: they are one process group."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def end_with_parent():
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


def java():
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / "java") if home else shutil.which("java") or "java"


def native(runtime_client, machine, folder):
    """The client's native code for this machine, unpacked."""
    musl = "_musl" if Path(f"/lib/ld-musl-{machine}.so.1").exists() else ""
    name = f"jni/libaws-lambda-jni.linux{musl}-{'aarch_64' if machine == 'aarch64' else machine}.so"
    (jar,) = runtime_client.glob("aws-lambda-java-runtime-interface-client-*.jar")
    with zipfile.ZipFile(jar) as opened:
        return opened.extract(name, folder)


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports
