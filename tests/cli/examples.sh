#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every command in a manual page, the README and the help texts is one that the command takes: its verb, its options and their
# values go through the real tables, with --help behind them.
exec python3 - <<'P'
import glob, os, re, shlex, subprocess, sys

source, aajail = os.environ["AAJ_SOURCE"], os.environ["AAJAIL"]
fails, tried = 0, set()

def output(*words):
    return subprocess.run([aajail, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)

def split(text):
    """The words of a shell's line, operators among them."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    return list(lexer)

def commands(text):
    """Each aajail … in a shell's line, also in the text of a sh -c."""
    words = split(text)
    for i, word in enumerate(words):
        if word == "aajail":
            end = next((k for k in range(i, len(words)) if words[k] and set(words[k]) <= set("();<>|&")), len(words))
            yield words[i + 1 : end]
        elif re.search(r"(^|[\s(])aajail\s", word):
            yield from commands(word.replace("$(", "( "))

def shell_lines(lines):
    """Lines that call aajail; one that ends within quotes goes on."""
    text = ""
    for line in lines:
        line = re.sub(r"(^|\s)#\s.*", "", re.sub(r"^[$#] |\+\+$", "", line.strip()))
        if not text and not re.search(r"\baajail\s", line):
            continue
        text += line + "\n"
        try:
            split(text)
        except ValueError:
            continue
        yield text
        text = ""
    if text:
        yield text

def examples(page):
    """What is set apart, and what is bold in a sentence, where an option may stand without its value."""
    fenced, lines = False, []
    for line in page.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("\t"):
            lines.append(line)
        for words in re.findall(r"\*(aajail [^*]+)\*", line):
            lines.append(words + " x" if words.split()[-1].startswith("--") else words)
    return lines

def check(where, words):
    global fails
    if not words or not re.fullmatch(r"[a-z]+", words[0]):
        return # aajail --version, aajail VERB
    at = words.index("--") if "--" in words else len(words)
    words = words[:at] + ["--help"] + words[at:]
    if words[0] == "lab" and at == len(words) - 1 and at > 1:
        print(f"FAILED: {where}: {words}: what the lab runs stands behind --")
        fails += 1
        return
    got = output(*words)
    tried.add(tuple(words))
    if got.returncode or not got.stdout.startswith("Usage: aajail"):
        print(f"FAILED: {where}: {' '.join(words)}: {got.stderr.strip()}")
        fails += 1

pages = {os.path.basename(p): open(p).read() for p in glob.glob(source + "/man/*.scd")}
texts = {name: examples(page) for name, page in pages.items()}
texts["README.md"] = examples(open(source + "/README.md").read())
for verb in re.findall(r"^  ([a-z]+) ", output("--help").stdout, re.M):
    texts[f"{verb} --help"] = re.findall(r"^  (?! *-).*", output(verb, "--help").stdout, re.M)
    # A page begins with an example: of this very verb, and before it describes.
    top = pages[f"aajail-{verb}.1.scd"].split("\n# DESCRIPTION", 1)[0].split("# SYNOPSIS", 1)[-1]
    if not any(words[:1] == [verb] for line in shell_lines(examples(re.sub(r"\*", "", top))) for words in commands(line)):
        print(f"FAILED: aajail-{verb}(1) does not begin with an example")
        fails += 1
for where, lines in texts.items():
    for line in shell_lines(lines):
        for words in commands(line):
            check(where, words)
if len(tried) < 90:
    print(f"FAILED: only {len(tried)} examples were found")
    fails += 1
sys.exit(fails != 0)
P
