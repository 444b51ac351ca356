"""Task and TaskStatus (Object Reference for the Salesforce Platform).

WhoId is a person, WhatId a thing; the labels of both are as recordings have them. A recurring task's fields are there,
the tasks that would follow from it are not made.
"""

from typing import Any

from simorg.schema.build import (
    TIME_ZONES,
    area,
    audit,
    build_object,
    combo,
    date,
    deleted,
    flag,
    identity,
    lookup,
    moment,
    pick,
    picklist_object,
    read_only,
    text,
    whole,
)
from simorg.schema.registry import Field, ObjectType

#: Status → whether a task is closed by it.
TASK_STATUSES = {
    "Not Started": False,
    "In Progress": False,
    "Completed": True,
    "Waiting on someone else": False,
    "Deferred": False,
}
HIGH_PRIORITY = "High"
_SUBJECTS = ("Call", "Email", "Send Letter", "Send Quote", "Other")
_TYPES = ("Call", "Meeting", "Other", "Email")
_SUBTYPES = ("Task", "Email", "List Email", "Cadence", "Call", "LinkedIn")
#: What a task may be about; custom objects are added as they come.
THINGS = ("Account", "Campaign", "Opportunity")


def build_activities() -> list[ObjectType]:
    """Both of them."""
    return [_task(), _task_status()]


def _task() -> ObjectType:
    default: dict[str, Any] = {"nillable": False, "defaulted_on_create": True, "permissionable": False}
    fields = [
        identity("Activity"),
        lookup("WhoId", "Name ID", ("Contact", "Lead"), "Who", name_pointing=True),
        lookup("WhatId", "Related To ID", THINGS, "What", name_pointing=True),
        combo("Subject", "Subject", _SUBJECTS, name_field=True, permissionable=False),
        date("ActivityDate", "Due Date Only"),
        pick("Status", "Status", TASK_STATUSES, length=40, default="Not Started", **default),
        pick("Priority", "Priority", (HIGH_PRIORITY, "Normal", "Low"), length=20, default="Normal", **default),
        read_only(flag("IsHighPriority", "High Priority")),
        lookup("OwnerId", "Assigned To ID", ("Group", "User"), "Owner", name_pointing=True, **default),
        area("Description", "Description", 32000),
        pick("Type", "Type", _TYPES, length=40),
        deleted(),
        read_only(lookup("AccountId", "Account ID", ("Account",), "Account"), permissionable=False),
        read_only(flag("IsClosed", "Closed")),
        *audit(),
        read_only(flag("IsArchived", "Archived")),
        whole("CallDurationInSeconds", "Call Duration", 8),
        pick("CallType", "Call Type", ("Internal", "Inbound", "Outbound"), length=40),
        text("CallDisposition", "Call Result", 255),
        text("CallObject", "Call Object Identifier", 255),
        moment("ReminderDateTime", "Reminder Date/Time", permissionable=False),
        flag("IsReminderSet", "Reminder Set"),
        *_recurrence(),
        pick("TaskSubtype", "Task Subtype", _SUBTYPES, length=40, default="Task", defaulted_on_create=True,
             updateable=False, restricted_picklist=True, permissionable=False),
        read_only(moment("CompletedDateTime", "Completed Date"), permissionable=False),
    ]  # fmt: skip
    children = [("Task", "RecurrenceActivityId", "RecurringTasks")]
    return build_object("Task", "Task", "Tasks", "00T", fields, children=children, feed_enabled=True)


def _recurrence() -> list[Field]:
    plain: dict[str, Any] = {"permissionable": False}
    kinds = ("RecursDaily", "RecursEveryWeekday", "RecursMonthly", "RecursMonthlyNth", "RecursWeekly", "RecursYearly",
             "RecursYearlyNth")  # fmt: skip
    instances = ("First", "Second", "Third", "Fourth", "Last")
    months = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
              "November", "December")  # fmt: skip
    again = ("RecurrenceRegenerateAfterDueDate", "RecurrenceRegenerateAfterToday", "RecurrenceRegenerated")
    return [
        read_only(lookup("RecurrenceActivityId", "Recurrence Activity ID", ("Task",), "RecurrenceActivity"), **plain),
        flag("IsRecurrence", "Create Recurring Series of Tasks", updateable=False),
        date("RecurrenceStartDateOnly", "Recurrence Start", **plain),
        date("RecurrenceEndDateOnly", "Recurrence End", **plain),
        pick("RecurrenceTimeZoneSidKey", "Recurrence Time Zone", TIME_ZONES, length=40, restricted_picklist=True,
             **plain),
        pick("RecurrenceType", "Recurrence Type", kinds, length=40, restricted_picklist=True, **plain),
        whole("RecurrenceInterval", "Recurrence Interval", 9, **plain),
        whole("RecurrenceDayOfWeekMask", "Recurrence Day of Week Mask", 9, **plain),
        whole("RecurrenceDayOfMonth", "Recurrence Day of Month", 9, **plain),
        pick("RecurrenceInstance", "Recurrence Instance", instances, length=40, restricted_picklist=True, **plain),
        pick("RecurrenceMonthOfYear", "Recurrence Month of Year", months, length=40, restricted_picklist=True, **plain),
        pick("RecurrenceRegeneratedType", "Repeat This Task", again, length=40, restricted_picklist=True, **plain),
    ]  # fmt: skip


def _task_status() -> ObjectType:
    return picklist_object(
        "TaskStatus",
        "Task Status Value",
        [
            whole("SortOrder", "Sort Order", 9, permissionable=False),
            flag("IsDefault", "Is Default"),
            flag("IsClosed", "Closed"),
        ],
    )
