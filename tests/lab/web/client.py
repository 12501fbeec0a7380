# SPDX-License-Identifier: GPL-2.0-or-later
# client.py: a browser for the lab, where starting one a request would take longer than all that is asked for.
# Reads requests, fields that end in NUL: a host, a path, any of jar=NAME, post=BODY and file=NAME:BODY, and an empty one.
# Answers each with its status, the body, and a NUL; 0 where there is no answer.
import http.client
import os
import sys

jars = {}


def fields(stream):
    have = b""
    while chunk := os.read(stream.fileno(), 65536):
        *whole, have = (have + chunk).split(b"\0")
        yield from (f.decode() for f in whole)


def ask(host, path, more):
    headers, body, method = {"Host": host}, None, "GET"
    jar = more.get("jar")
    if jar in jars:
        headers["Cookie"] = jars[jar]
    if "post" in more:
        method, body = "POST", more["post"]
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    elif "file" in more:
        name, _, content = more["file"].partition(":")
        method = "POST"
        headers["Content-Type"] = "multipart/form-data; boundary=edge"
        body = (f'--edge\r\nContent-Disposition: form-data; name="f"; filename="{name}"\r\n'
                f"Content-Type: application/octet-stream\r\n\r\n{content}\r\n--edge--\r\n")
    connection = http.client.HTTPConnection("127.0.0.1", timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
    except OSError as e:
        return f"0 {e}".encode()
    finally:
        connection.close()
    if jar and answer.headers["Set-Cookie"]:
        jars[jar] = answer.headers["Set-Cookie"].partition(";")[0]
    return f"{answer.status} ".encode() + text.replace(b"\0", b"")


request = []
for field in fields(sys.stdin):
    if field:
        request.append(field)
        continue
    os.write(1, ask(request[0], request[1], dict(f.split("=", 1) for f in request[2:])) + b"\0")
    request = []
