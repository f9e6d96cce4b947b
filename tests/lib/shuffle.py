#!/usr/bin/env python3
"""Shuffle the statements of every .fbk below a directory, drop comments and
fold layout: a policy that means the same and looks different."""
import pathlib
import random
import re
import sys

dice = random.Random(7)


def statements(text):
    """Top-level statements: up to a `;`, or to the `}` that closes a block."""
    out, depth, start, i = [], 0, 0, 0
    while i < len(text):
        c = text[i]
        if c == '"':
            i = text.index('"', i + 1)
        elif c == '{':
            depth += 1
        elif c == '}':
            depth -= 1
        if depth == 0 and c in ';}':
            out.append(text[start:i + 1].strip())
            start = i + 1
        i += 1
    return out


def shuffle(text):
    text = re.sub(r'("[^"\n]*")|#[^\n]*', lambda m: m.group(1) or '', text)
    parts = statements(text)
    dice.shuffle(parts)
    inner = []
    for part in parts:
        block = re.fullmatch(r'(?s)(.*?)\{(.*)\}', part)
        if block:
            part = block.group(1) + '{\n' + shuffle(block.group(2)) + '}'
        inner.append(re.sub(r'[ \t\n]+', ' ', part) if not block else part)
    return '\n'.join(inner) + '\n'


for path in sorted(pathlib.Path(sys.argv[1]).rglob('*.fbk')):
    path.write_text(shuffle(path.read_text()))
