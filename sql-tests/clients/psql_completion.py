"""Types beginnings into an interactive psql, presses Tab, and prints what then stands on the line, as JSON."""
import json
import os
import pty
import re
import select
import sys
import time

port = sys.argv[1]
BEGINNINGS = [
    "SELECT * FROM active_cu",
    "SELECT * FROM shop.it",
    'SELECT * FROM "Mix',
    "UPDATE customers SET bal",
    "INSERT INTO order_l",
    "\\d colo",
    "\\df brightn",
    "\\dn sho",
    "SET datest",
    "SHOW statement_ti",
    "DROP VIEW bright",
    "COMMENT ON TABLE cust",
]


def read(fd, until, seconds):
    text = ""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not until(text):
        if select.select([fd], [], [], 0.05)[0]:
            try:
                text += os.read(fd, 65536).decode()
            except OSError:
                break
    return text


def main():
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="dumb", PSQL_HISTORY="/dev/null", INPUTRC="/dev/null")
        arguments = ["psql", "-X", "-h", "127.0.0.1", "-p", port, "-U", "admin", "-v", "PROMPT1=> ", "sqlens"]
        os.execvp("psql", arguments)
    read(fd, lambda text: text.endswith("> "), 20)
    seen = {}
    for beginning in BEGINNINGS:
        os.write(fd, (beginning + "\t").encode())
        text = read(fd, lambda text: len(text) > len(beginning), 10)
        text += read(fd, lambda text: False, 0.25)
        seen[beginning] = re.sub(r"[\x07\r]", "", text)
        os.write(fd, b"\x15")
        read(fd, lambda text: False, 0.03)
    os.write(fd, b"\x04")
    os.close(fd)
    print(json.dumps(seen))


main()
