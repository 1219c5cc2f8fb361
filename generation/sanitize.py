"""Retrieved text made harmless for a prompt: no character that nobody sees, no token that means a change of speaker."""

import re

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_LINE_ENDS = re.compile("\r\n?|[\u0085\u2028\u2029]")
_CONTROL = re.compile(
    r"<\|[^|<>\n]{0,80}\|>|<｜[^｜<>\n]{0,80}｜>|\[/?(?:INST|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT)\]|<</?SYS>>|"
    r"</?(?:s|bos|eos|pad|unk|think|thinking|thought|reasoning|tool_call|tool_response|system|user|assistant|"
    r"start_of_turn|end_of_turn|begin_of_text|end_of_text|document|documents)>",
    re.IGNORECASE,
)
_LOOKALIKES = str.maketrans("<>[]|｜", "‹›⟦⟧¦¦")


def sanitize(text: str, control_tokens: tuple[str, ...] = ()) -> str:
    """The text as it is put into a prompt: readable as before, but no model's control tokens are in it.

    Args:
        text: Text of a document, a title or a question.
        control_tokens: The tokens that the model at hand treats specially, beside the known ones.
    """
    text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))
    text = _CONTROL.sub(lambda match: match[0].translate(_LOOKALIKES), text)
    for token in control_tokens:
        if token.strip() and token in text:
            text = text.replace(token, " ".join(token).translate(_LOOKALIKES))
    return text
