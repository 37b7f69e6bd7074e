"""One wording for errors. All messages that the package raises, in one list: `pytest -s tests/unit/test_messages.py` prints it to be read.

An argument error says what the argument must be, then what came: "stride must be at least 1; got 0". Any other says what is the
matter and, behind a colon or a semicolon, what to do. Messages of exercises (`Wrong` and its kin) are sentences on a page, with tests of their own.
"""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

import course_utils

PACKAGE = Path(course_utils.__file__).parent
#: Raised to become a sentence on a page, or parts of one.
SENTENCES = {"Wrong", "Unanswered", "Raised", "Unreadable"}
#: Modules in which a ValueError is a reason, and part of another error's message: what to do stands there.
REASONS = {"fetch.py", "laid_out.py", "torch_file.py"}
#: "pictures a class", "one sub-folder of pictures a class".
RATES = r"\b(?!(?:as|has|is|needs|takes|was)\b)(?:\w+s|one [\w-]+)(?: of \w+)? a (?:class|epoch|filter|layer|part|picture|second|step)\b"
#: Words that may begin a message with a capital.
NAMES = {"Jupyter", "Python", "Keras", "TensorFlow"}


class Message(NamedTuple):
    """A message as it stands in the source: {…} stands for what is filled in."""

    place: str
    error: str
    text: str


def text_of(node):
    """The text of a string, of an f-string with its expressions in braces, or the expression itself in braces."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return f"{{{ast.unparse(node.value)}}}"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text_of(node.left) + text_of(node.right)
    return f"{{{ast.unparse(node)}}}"


def messages_in(source, name):
    """Every message that is raised in a Python source."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            error = ast.unparse(node.exc.func).rpartition(".")[2]
            if error not in SENTENCES:
                yield Message(f"{name}:{node.lineno}", error, text_of(node.exc.args[0]))


def faults(message):
    """What is wrong with the wording of a message, as a list."""
    text, found = message.text, []
    plain = re.sub(r"\{.*?\}(?=[^}]|$)", "{}", text)
    first = re.match(r"\w*", plain)[0]
    if first[:1].isupper() and first not in NAMES and not re.fullmatch(r"[A-Z][A-Z_0-9]*", first):
        found.append("begins with a capital")
    if plain.endswith((".", " ", "\n")):
        found.append("ends with a full stop or a space")
    if re.search(r"(?<!;) got\b|, not \{", plain):
        found.append("what came stands behind '; got'")
    if re.search(r"(?<!there )\bis no (?!more|longer)", plain):
        found.append("'is no' is 'is not a' in English")
    if re.search(RATES, plain):
        found.append("rates are 'per'")
    if message.error in {"ValueError", "TypeError"} and plain.replace("{}", "").strip(" .:;"):
        if " must " in plain:
            if not re.match(r"^.{1,60}? must .*; got \S", plain, re.DOTALL):
                found.append("says 'NAME must …; got …'")
        elif not (plain.startswith("it ") or re.search("[:;] ", plain) or message.place.partition(":")[0] in REASONS):
            found.append("says neither what must be nor what to do")
    return found


MESSAGES = [
    message
    for path in sorted(PACKAGE.rglob("*.py"))
    for message in messages_in(path.read_text(encoding="utf-8"), path.relative_to(PACKAGE).as_posix())
]


def test_the_list_is_long_and_can_be_read():
    for message in MESSAGES:
        print(f"{message.place:24} {message.error}: {message.text}")
    assert len(MESSAGES) > 120


def test_every_message_has_the_one_wording():
    wrong = [
        f"{place} {error}: {text}\n    {'; '.join(found)}"
        for (place, error, text), found in zip(MESSAGES, map(faults, MESSAGES))
        if found
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "raised, fault",
    [
        ("ValueError('Stride must be 1; got 0')", "begins with a capital"),
        ("ValueError('stride must be 1; got 0.')", "ends with a full stop"),
        ("ValueError(f'stride must be 1, got {x}')", "'; got'"),
        ("ValueError(f'stride must be 1: got {x}')", "'; got'"),
        ("ValueError(f'kind: cats or dogs, not {kind!r}')", "'; got'"),
        ("ValueError('stride must be 1')", "'NAME must …; got …'"),
        ("TypeError('stride is wrong')", "neither"),
        ("DataError(f'{path} is no folder: name one')", "is not a"),
        ("ValueError('name a folder with one sub-folder of pictures a class: it has none')", "per"),
        ("ValueError('take fewer images a second: it is slow')", "per"),
    ],
)
def test_a_message_of_another_wording_is_found(raised, fault):
    (message,) = messages_in(f"raise {raised}", "module.py")
    assert fault in "; ".join(faults(message))


@pytest.mark.parametrize(
    "raised",
    [
        "ValueError(f'{name} must be at least {least}; got {number}')",
        "ValueError('N_TRAIN must be at least 1; got 0: take more')",
        "ValueError(f'it has {{a: b}} and {c}: take one')",
        "ValueError('DATASET: it is a class, and needs a part: rename it')",
        "FileNotFoundError(f'there is no folder {path}: name another')",
        "Wrong('Right words on a page.')",
        "KeyError",
    ],
)
def test_a_message_of_the_one_wording_passes(raised):
    assert not any(faults(message) for message in messages_in(f"raise {raised}", "module.py"))
