"""Encrypted text as it is shown to whoever may not view encrypted data (Salesforce Help, "Classic Encryption": mask
types).
"""

#: Mask type → how many characters at the end stay readable.
_SHOWN = {"all": 0, "creditCard": 4, "ssn": 4, "lastFour": 4, "sin": 3, "nino": 0}


def mask_text(text: str | None, kind: str | None, char: str | None) -> str | None:
    """The text with each character hidden, but for the last ones where the mask type shows them."""
    if text is None:
        return None
    shown = _SHOWN.get(kind or "all", 0)
    hidden = max(len(text) - shown, 0)
    return (char or "*") * hidden + text[hidden:]
