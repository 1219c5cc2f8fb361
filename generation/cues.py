"""What kind of answer a question asks for, and which sentences look like one."""

import re
from typing import Literal

QuestionKind = Literal["person", "time", "place", "number", "reason", "manner", "definition", "list", "yes_no", "other"]

_MONTHS = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
_MONTHS += "nov(?:ember)?|dec(?:ember)?"
_TIME = re.compile(
    rf"\b(?:1\d{{3}}|20\d{{2}})s?\b|\b(?:{_MONTHS})\b\.?(?= ?\d|,| of)|\b\d{{1,2}}(?:st|nd|rd|th)[ -]centur|"
    r"\bcentur(?:y|ies)\b|\b\d+ ?(?:BC|AD|BCE|CE|am|pm|a\.m|p\.m)\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|"
    r"\b(?:\d+|one|two|three|four|five|six|seven|ten|twelve|thirty|sixty|ninety)[ -](?:calendar |business |working )?"
    r"(?:second|minute|hour|day|week|month|quarter|year|decade)s?\b|\b(?:annually|daily|weekly|monthly|quarterly|yearly)\b|"
    r"\b(?:before|after|during|until|by|once|when|as soon as|within|every)\b",
    re.IGNORECASE,
)
_STRONG_TIME = re.compile(
    rf"\b(?:1\d{{3}}|20\d{{2}})s?\b|\b\d{{1,2}} (?:{_MONTHS})\b|\b(?:{_MONTHS})\.? \d{{1,4}}\b|\bcentur(?:y|ies)\b|"
    r"\b\d+ ?(?:BC|AD|BCE|CE)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|eighteen|"
    r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion|half|third|quarter|dozen|"
    r"twice|once|double|percent|several|both|none|no)\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d[\d,.]*")
_NAME = re.compile(r"(?<=[\w,;:)’'\"”] )(?:[A-Z][\w’'.-]*[a-z]|[A-Z]{2,})|^[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)+")
_ROLE = re.compile(
    r"\b(?:\w{3,}(?:er|or|ist|ian|ee)s?|team|manager|director|staff|people|person|president|king|queen|everyone|lead|chief|"
    r"members?|department|office|committee)\b"
)
_PLACE = re.compile(
    r"\b(?:in|at|on|near|from|to|across|outside|inside|between|throughout|via|under)\b (?:the )?[A-Z\w]"
)
_REASON = re.compile(
    r"\b(?:because|since|due to|so that|in order to|therefore|thus|as a result|owing to|reasons?|"
    r"caus(?:e|ed|es|ing)|leads? to|led to|to (?:ensure|avoid|protect|prevent|help|keep|make|allow)|purpose|"
    r"result(?:s|ed)? (?:in|from)|means? that)\b",
    re.IGNORECASE,
)
_MANNER = re.compile(
    r"\b(?:by \w+ing|using|through|via|you (?:can|should|must|will|need)|should|must|please|first|then|next|contact|"
    r"submit|send|email|fill|request|follow|go to|use|click|ask|create|add|make sure|check|steps?|process)\b",
    re.IGNORECASE,
)
_DEFINITION = re.compile(
    r"\b(?:is|are|was|were) (?:a|an|the|any|one|defined|known|called|when|where|used|those|what)\b|"
    r"\b(?:means?|refers? to|defined as|consists? of|describes?|stands for|includes?|known as|called)\b|"
    r"^[\w ()’'-]{2,60}(?: [–—-] |: )",
    re.IGNORECASE,
)
_LIST = re.compile(
    r":\s*$|\b(?:include|includes|including|following|such as|steps|types|as well as)\b|^\s*(?:[-•*]|\d+[.)])"
)
_LIST_QUESTION = re.compile(
    r"\b(?:list|steps|which (?:\w+ ){0,2}\w+s|what (?:are|were)(?! you\b)|what (?:\w+ )?(?:types|kinds|ways|things|"
    r"benefits|options|services|duties|responsibilities|values|reasons|factors|requirements|examples))\b",
    re.IGNORECASE,
)
_NUMBER_QUESTION = re.compile(
    r"\bhow (?:many|much|long|often|far|old|tall|big|large|high|deep|fast|wide|heavy|soon|late|early)\b|"
    r"\bwhat (?:\w+ ){0,3}(?:percent|percentage|number|amount|price|cost|rate|size|age|population|proportion|"
    r"fraction|fee|limit|deductible|salary|budget|distance|length|height|speed|weight|temperature)\b",
    re.IGNORECASE,
)
_TIME_QUESTION = re.compile(
    r"\bwhen\b|\b(?:what|which|in what|in which) (?:\w+ )?(?:year|date|day|month|century|decade|time|period|era|age)\b|"
    r"\bhow (?:soon|long ago)\b",
    re.IGNORECASE,
)
_PERSON_QUESTION = re.compile(
    r"\bwho(?:m|se)?\b|\b(?:what|which) (?:\w+ ){0,2}(?:person|people|man|woman|king|queen|president|author|leader|"
    r"company|scientist|scholar|duke|emperor|group|team|organization|organisation)\b",
    re.IGNORECASE,
)
_PLACE_QUESTION = re.compile(
    r"\bwhere\b|\b(?:what|which) (?:\w+ )?(?:country|city|place|state|region|location|town|river|nation|area|continent|"
    r"island|channel|address|site|page|room)\b",
    re.IGNORECASE,
)
_PATTERNS: dict[QuestionKind, re.Pattern[str]] = {
    "time": _TIME,
    "place": _PLACE,
    "reason": _REASON,
    "manner": _MANNER,
    "definition": _DEFINITION,
    "list": _LIST,
}


def question_kind(question: str) -> QuestionKind:
    """What kind of answer a question asks for, from its words."""
    text = question.strip().lower()
    if re.match(r"(?:what(?:'s|’s| is| are| does) an? (?:\S+ ){0,2}\S+$|define\b|what does .* mean)", text):
        return "definition"
    for kind, pattern in (
        ("number", _NUMBER_QUESTION),
        ("time", _TIME_QUESTION),
        ("person", _PERSON_QUESTION),
        ("place", _PLACE_QUESTION),
    ):
        if pattern.search(text):
            return kind  # type: ignore[return-value]
    if re.search(r"\bwhy\b|\bwhat (?:\w+ )?(?:reason|cause|purpose)|\bhow come\b", text):
        return "reason"
    if re.match(r"(?:what(?:'s|’s| is| are| was| were| does)|describe)\b", text) and len(text.split()) <= 6:
        return "definition"
    if _LIST_QUESTION.search(text):
        return "list"
    if re.search(r"\bhow\b", text):
        return "manner"
    if re.match(r"(?:is|are|was|were|do|does|did|can|could|may|should|must|will|would|has|have|am)\b", text):
        return "yes_no"
    return "other"


def looks_like_answer(kind: QuestionKind, question: str, sentence: str) -> float:
    """How far a sentence holds what such a question asks for and the question itself does not: 0, 0.5 or 1."""
    if kind == "person":
        return 1.0 if _new_names(question, sentence) else 0.5 * bool(_ROLE.search(sentence))
    if kind == "number":
        new_digits = set(_DIGITS.findall(sentence)) - set(_DIGITS.findall(question))
        return 1.0 if new_digits else 0.5 * bool(_NUMBER.search(sentence))
    if kind == "time":
        new_times = set(_STRONG_TIME.findall(sentence)) - set(_STRONG_TIME.findall(question))
        return 1.0 if new_times else 0.5 * bool(_TIME.search(sentence))
    if kind == "place":
        return 0.5 * bool(_new_names(question, sentence)) + 0.5 * bool(_PLACE.search(sentence))
    pattern = _PATTERNS.get(kind)
    return 0.5 if pattern is None else float(bool(pattern.search(sentence)))


def _new_names(question: str, sentence: str) -> set[str]:
    lowered = question.lower()
    return {name for name in _NAME.findall(sentence) if name.lower() not in lowered}


def names_and_numbers(text: str) -> set[str]:
    """The proper names (lower case) and numbers of a text: what an answer may not get wrong."""
    return {name.lower().rstrip(".") for name in _NAME.findall(text)} | {
        digits.rstrip(".,") for digits in _DIGITS.findall(text)
    }
