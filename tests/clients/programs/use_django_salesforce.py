"""django-salesforce on Django 4.2, unmodified: models as its inspectdb writes them, then used as any models are."""

import io
import json
import sys
from types import SimpleNamespace
from typing import Any

import django
from again import again, failures, refusal
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.models import Count, Q

_PEOPLE = 450


def set_up(facts: dict[str, Any]) -> None:
    """Django's settings, as a project would have them: one database for each way to log in."""
    host = facts["tls_url"] if facts["road"] == "tls" else "https://login.salesforce.com"
    word = facts["password"] + facts["security_token"]
    base = {
        "ENGINE": "salesforce.backend", "HOST": host, "USER": facts["username"], "PASSWORD": word,
        "CONSUMER_KEY": facts["client_id"], "CONSUMER_SECRET": facts["client_secret"],
    }  # fmt: skip
    settings.configure(
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
            "salesforce": base,
            "wrong": {**base, "PASSWORD": "wrong"},
            "soap": {**base, "AUTH": "salesforce.auth.SimpleSfPasswordAuth"},
            "dynamic": {**base, "AUTH": "salesforce.auth.DynamicAuth"},
        },
        INSTALLED_APPS=["salesforce"],
        DATABASE_ROUTERS=["salesforce.router.ModelRouter"],
        USE_TZ=True,
        SF_LAZY_CONNECT=True,
        SALESFORCE_QUERY_TIMEOUT=(4, 30),
    )
    django.setup()


def inspect() -> tuple[str, SimpleNamespace]:
    """The models of all objects as inspectdb writes them, and those models."""

    def write() -> str:
        out = io.StringIO()
        call_command("inspectdb", database="salesforce", stdout=out)
        # It writes what went wrong with a table where the table's model would be.
        if wrong := [line for line in out.getvalue().splitlines() if line.startswith("# The error was")]:
            raise RuntimeError(wrong)
        return out.getvalue()

    text = again(write)
    names: dict[str, Any] = {"__name__": "salesforce.written"}
    exec(compile(text, "written", "exec"), names)  # what the client wrote is what is tried
    return text, SimpleNamespace(**names)


def use_logins(facts: dict[str, Any]) -> dict[str, Any]:
    """OAuth by password with its checked signature; a token from elsewhere; and what is refused."""
    cursor = again(lambda: connections["salesforce"].cursor().cursor)
    me = again(cursor.id_request)
    versions = again(cursor.versions_request)
    told = {"username": me["username"], "version": versions[-1]["version"]}
    told["identity"] = again(cursor.urls_request)["identity"] == me["id"]
    refused = {"wrong": "authentication failure", "soap": "INVALID_OPERATION"}
    told["refused"] = {
        name: refusal(lambda name=name: connections[name].cursor(), text) for name, text in refused.items()
    }

    def by_token() -> str:
        auth = connections["salesforce"].connection.sf_auth.get_auth()
        connections["dynamic"].ensure_connection()
        other = connections["dynamic"].connection
        other.sf_auth.dynamic_start(auth["access_token"], auth["instance_url"])
        with other.cursor() as found:
            found.execute("SELECT Name FROM Organization")
            return found.fetchone()[0]

    return told | {"organization": again(by_token)}


def use_records(models: SimpleNamespace) -> dict[str, Any]:
    """One record: made, read back, changed, deleted; relations, and what is refused."""
    told: dict[str, Any] = {"made": []}

    def make() -> Any:
        account = models.Account.objects.create(name="Django Ltd", industry="Energy")
        told["made"].append(account.pk)
        return account

    account = again(make)
    told["account"] = again(lambda: models.Account.objects.get(pk=account.pk)).industry

    def person() -> Any:
        found = models.Contact.objects.filter(syncline_id="dj-one").first()
        return found or models.Contact.objects.create(
            last_name="O'Neil \\ Söhne", email="One@Example.com", account=account, syncline_id="dj-one"
        )

    contact = again(person)

    def change() -> None:
        one = models.Contact.objects.get(pk=contact.pk)
        one.title = "CFO"
        one.save(update_fields=["title"])

    again(change)
    found = again(lambda: models.Contact.objects.select_related("account").get(last_name="O'Neil \\ Söhne"))
    told["contact"] = [found.pk, found.name, found.email, found.title, found.account.name]
    told["reverse"] = again(lambda: [one.last_name for one in account.contact_set.all()])
    nameless = lambda: models.Contact.objects.create(first_name="Nameless", last_name="")  # noqa: E731
    told["refused"] = {
        "no name": refusal(nameless, "Required fields are missing"),
        "nobody": refusal(lambda: models.Contact.objects.get(pk="003000000000001AAA"), "does not exist"),
    }
    again(lambda: account.contact_set.all().delete() and None)
    again(lambda: models.Account.objects.filter(pk=account.pk).delete() and None)
    told["left"] = again(lambda: models.Account.objects.filter(pk__in=told["made"][-1:]).count())
    deleted = models.Account.objects.query_all().filter(pk=account.pk)
    told["deleted"] = again(lambda: list(deleted.values_list("is_deleted", flat=True)))
    return told


def use_many(models: SimpleNamespace) -> dict[str, Any]:
    """Collections: many made, changed and deleted by few requests, all or none, or what can be."""
    wanted = {f"dj-{n:03}": f"Many {n:03}" for n in range(_PEOPLE)}
    mine = models.Contact.objects.filter(syncline_id__startswith="dj-")

    def load() -> None:
        known = set(mine.values_list("syncline_id", flat=True))
        people = [
            models.Contact(last_name=name, syncline_id=key, title="New")
            for key, name in wanted.items()
            if key not in known
        ]
        models.Contact.objects.sf(all_or_none=False).bulk_create(people, batch_size=200)

    again(load)

    def update() -> int:
        people = list(mine.filter(syncline_id__lt="dj-250"))
        # What was refused for a moment is written again; the rest is written.
        left = [one for one in people if not one.description]
        for one in left:
            one.description = f"is {one.last_name}"
        models.Contact.objects.bulk_update(left, ["description"])
        return len(people)

    told: dict[str, Any] = {"updated": again(update)}
    some = mine.filter(syncline_id__gte="dj-400")

    def change() -> int:
        some.exclude(title="Last").sf(all_or_none=False).update(title="Last")
        return some.filter(title="Last").count()

    told["changed"] = again(change)

    def half() -> None:
        good, bad = models.Contact(last_name="Half", syncline_id="half"), models.Contact(last_name="", syncline_id="x")
        models.Contact.objects.sf(all_or_none=True).bulk_create([good, bad])

    told["all or none"] = refusal(half, "Required fields are missing")
    again(lambda: mine.filter(syncline_id__gte="dj-445").delete() and None)
    return told


def use_queries(models: SimpleNamespace) -> dict[str, Any]:
    """What querysets become in SOQL; pages; and a query too long for a URL."""
    mine = models.Contact.objects.filter(syncline_id__startswith="dj-").order_by("syncline_id")
    told: dict[str, Any] = {"keys": again(lambda: list(mine.values_list("syncline_id", flat=True)))}
    told["count"] = again(mine.count)
    told["slice"] = again(lambda: [one.last_name for one in mine[3:6]])
    either = Q(title="Last") | Q(last_name__contains="any 001")
    told["either"] = again(lambda: mine.filter(either).exclude(last_name="Many 444").count())
    titles = models.Contact.objects.filter(syncline_id__startswith="dj-").values("title").annotate(n=Count("pk"))
    told["titles"] = again(lambda: sorted([one["title"], one["n"]] for one in titles.order_by()))
    keys = [f"dj-{n:03}" for n in range(1_600)]
    told["long"] = again(lambda: mine.filter(syncline_id__in=keys).count())
    told["pages of a long one"] = again(lambda: len(list(mine.filter(syncline_id__in=keys))))
    by_account = models.Contact.objects.filter(title="CFO").values("account_id")
    told["related"] = again(lambda: models.Account.objects.filter(pk__in=by_account, name="Django Ltd").count())
    told["no email"] = again(lambda: mine.filter(email__isnull=True).count())
    raw = "SELECT Id, LastName FROM Contact WHERE Syncline_Id__c = %s"
    told["raw"] = again(lambda: [one.last_name for one in models.Contact.objects.raw(raw, ["dj-007"])])

    def by_cursor() -> list[Any]:
        with connections["salesforce"].cursor() as cursor:
            cursor.execute("SELECT LastName, Account.Name FROM Contact WHERE Syncline_Id__c = %s", ["dj-008"])
            return list(cursor.fetchone())

    told["cursor"] = again(by_cursor)
    return told


def use(facts: dict[str, Any]) -> dict[str, Any]:
    """Does it all, and tells what the client gave."""
    set_up(facts)
    told: dict[str, Any] = {"logins": use_logins(facts)}
    text, models = inspect()
    tables = connections["salesforce"].introspection.table_list_cache["sobjects"]
    told["models"] = [sorted(one["name"] for one in tables), text.count("\nclass "), text.count("class Meta(")]
    told["key"] = sorted({line.strip() for line in text.splitlines() if "syncline_id" in line})
    return told | {"records": use_records(models), "many": use_many(models), "queries": use_queries(models)}


print(json.dumps({**use(json.load(sys.stdin)), "failures": failures}))
