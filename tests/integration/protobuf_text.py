"""Mesos v1 messages from and to protobuf bytes, with protoc and our .proto files. A message is a dict of lists; what is
not a message is kept as protoc writes it: '"text"', '15', 'TASK_RUNNING'."""

import re
import subprocess
from pathlib import Path

PROTO = Path(__file__).resolve().parents[2] / "src/wire/mesos/proto"
FILES = ("mesos.proto", "scheduler.proto", "executor.proto", "master.proto", "agent.proto")
TOKEN = re.compile(r'\s*([A-Za-z_][\w.]*|[{}:]|"(?:[^"\\]|\\.)*"|[^\s{}:"]+)')


def _protoc(mode, message, data):
    command = ["protoc", f"-I{PROTO}", f"--{mode}=mesos.v1.{message}", *FILES]
    done = subprocess.run(command, input=data, capture_output=True, timeout=30)
    assert done.returncode == 0, f"protoc --{mode}={message}: {done.stderr.decode()}"
    return done.stdout


def _parse(tokens, closing):
    fields = {}
    for name in tokens:
        if name == closing:
            return fields
        following = next(tokens)
        value = _parse(tokens, "}") if following == "{" else next(tokens)
        fields.setdefault(name, []).append(value)
    assert closing is None, "the message ends too early"
    return fields


def _print(fields):
    lines = []
    for name, values in fields.items():
        for value in values:
            lines.append(f"{name} {{\n{_print(value)}\n}}" if isinstance(value, dict) else f"{name}: {value}")
    return "\n".join(lines)


def decode(message, data):
    """decode("scheduler.Event", bytes)."""
    text = _protoc("decode", message, data).decode()
    return _parse((token.group(1) for token in TOKEN.finditer(text)), None)


def encode(message, fields):
    return _protoc("encode", message, _print(fields).encode())
