"""What is wrong with a lesson's sentences, as far as a program can see it: one that stops in the middle, a mark left over from the source."""

import re

# listings, formulas, remarks, and lines of nothing but code
APART = re.compile(r"(?s:```.*?(?:```|\Z)|\$\$.*?\$\$|<!--.*?-->)|^`[^`\n]+`[.,]?$", re.MULTILINE)
INLINE = re.compile(r"(`+)[^`].*?\1|\$[^$\n]+\$", re.DOTALL)
SHOWN = "(shown)"  # stands for what is set apart
ITEM = re.compile(r"\s*([-*+]|\d+[.)]) |\s+\S")  # also the further lines of an item
NO_SENTENCE = re.compile(r"#{1,6} |<|!?\[[^]]*\]\([^)]*\)$|\[!\[|\*\*Next:\*\* \[|\*\*You need:\*\* ")
INTO = re.compile(r"\||" + re.escape(SHOWN))  # a table, a formula, a listing
END = re.compile(r"[.!?:;…][\"'”’)\]*_]*$")
STRAY = re.compile(r"(?<=\S)[ \t]+#+(?=\s|$)|^#+$", re.MULTILINE)


def problems_of_text(source):
    """Everything that is wrong with the sentences of a markdown cell, one phrase each, to stand behind "a text".

    A paragraph must end as sentences do, or go over into a list, a table, a listing or a formula. Items of a list,
    headings, tables, HTML and lines that are nothing but a link are no sentences; `code` and formulas are not read.

    Parameters
    ----------
    source : str

    Returns
    -------
    list of str
    """
    text = INLINE.sub("X", APART.sub(SHOWN, source))
    found = [f"has a stray #: {text[max(0, mark.start() - 40) : mark.end() + 20]!r}" for mark in STRAY.finditer(text)]
    blocks = [block.split("\n") for block in re.split(r"\n\s*\n", text.strip("\n"))]
    for block, after in zip(blocks, [*blocks[1:], [""]]):
        for line, following in zip(block, [*block[1:], None]):
            if any(kind.match(line) for kind in (ITEM, NO_SENTENCE, INTO)):
                continue
            goes_over = any(kind.match(following or after[0]) for kind in (ITEM, INTO))
            last = following is None or NO_SENTENCE.match(following)
            if last and not goes_over and not END.search(line.rstrip()):
                found.append(f"stops in the middle of a sentence: {line[-60:]!r}")
    return found
