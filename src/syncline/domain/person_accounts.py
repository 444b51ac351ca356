"""Person accounts: a Contact that is read like any other, and written through the fields of its Account.

Object Reference, Account, "Person Account Fields"; Salesforce Help, "Considerations for Using Person Accounts".
"""

#: Fields of the Contact that the Account shows under the same names.
_SAME = frozenset(
    {
        "firstname", "lastname", "middlename", "suffix", "salutation", "phone", "fax", "ownerid", "description",
    }
)  # fmt: skip


def account_field(name: str) -> str:
    """The field of a person account that stands for a field of its Contact."""
    if name.lower().endswith("__c"):
        return f"{name[:-3]}__pc"
    return name if name.lower() in _SAME else f"Person{name}"
