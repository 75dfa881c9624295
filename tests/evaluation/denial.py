"""What an answer denies: words behind a "no", "not", "nothing about" or "without" are not what it says."""

import re

_VERBS_BUT_COULD = r"(?<!could )(?<!can )not|\w+(?<!could)(?<!can)n't"
_DENYING = re.compile(
    r"(?<![\w-])(?:no(?! (?:other|such|more|longer|later|doubt|surprise|space|memory)\b)|none of|neither|nor|never"
    r"|nothing(?! (?:but|else)\b)|without(?! (?:a )?(?:doubt|success)\b))(?![\w,-])(?P<noun>)"
    rf"|(?<![\w-])(?:{_VERBS_BUT_COULD})(?! (?:only|just|merely|all|every|enough|quite|able)\b)(?![\w,-])"
    r"(?: (?:yet|because|due|from|by|caused|related|about|of|to|in|with|for|at|on|after)\b)*"
)
"""Words that deny what follows. "No, ..." answers a question, "no such file" and "could not open x" tell an error, "not
only x" and "no other" deny nothing."""
_CLAUSE_ENDS = r"[;:!?(]|\.(?!\d|\w)| - |(?<!\w)(?:and|but|because|since|although|though|so|however|which|except)(?!\w)"
_NOUN_REACH = re.compile(_CLAUSE_ENDS)
_VERB_REACH = re.compile(
    rf"{_CLAUSE_ENDS}|(?<!\w)(?:due|as|after|when|while|within|in|on|at|with|until|before|by|from|then|for)(?!\w)"
)
"""How far a denial reaches: "did not succeed with x" is nothing about x, "nothing with x" is."""
_LIST = re.compile(r"(?:,(?! ?(?:it|they|the|this|that|he|she|all)\b)[^,]{1,30})+,? (?:or|nor) ")
"""From the first comma to the last "or": "no a, b or c"."""
_DENIED_BEHIND = re.compile(
    r"(?: (?:errors?|problems?|tasks?))? (?:(?:was|were|is|are|did|has|have|had)(?: not|n't)|(?:was|were|is|are) never)"
    r"(?: been)? (?:(?:the|a) (?:cause|reason|problem)|involved|to blame|at fault|responsible|mentioned|occur|happen"
    r"|appear)(?!\w)"
)
"""Not "was not found": that is how a file fails."""


def denied(text: str, start: int, end: int) -> bool:
    """Whether the words from `start` to `end` stand behind a "no", "not", "nothing about" or "without" of their clause.

    A clause ends at a comma as well, but not within a list: "no a, b or c" denies all three. A denial that is part of
    the words themselves ("not finished") does not count. Neither does one that is far from plain English: it is a
    rough measure, and what it must and must not take for a denial is in the tests.
    """
    if _DENIED_BEHIND.match(text, end):
        return True
    for word in _DENYING.finditer(text, 0, start):
        reach = _NOUN_REACH if word["noun"] is not None else _VERB_REACH
        between = text[word.end() : start]
        if reach.search(between):
            continue
        tail = _LIST.match(text, text.find(",", word.end())) if "," in between else None
        if "," not in between or (tail and start <= tail.end()):
            return True
    return False
