"""What every contender reads: the same 25 fields of each object, with the column types they are loaded into."""

#: By object, the fields in the order of the query, each with its PostgreSQL type.
FIELDS: dict[str, dict[str, str]] = {
    "Lead": {
        "Id": "text",
        "IsDeleted": "boolean",
        "MasterRecordId": "text",
        "CreatedDate": "timestamptz",
        "LastModifiedDate": "timestamptz",
        "LastModifiedById": "text",
        "SystemModstamp": "timestamptz",
        "OwnerId": "text",
        "IsConverted": "boolean",
        "ConvertedContactId": "text",
        "ConvertedAccountId": "text",
        "ConvertedOpportunityId": "text",
        "Email": "text",
        "Syncline_Id__c": "text",
        "FirstName": "text",
        "LastName": "text",
        "Company": "text",
        "Title": "text",
        "Phone": "text",
        "Street": "text",
        "City": "text",
        "Country": "text",
        "LeadSource": "text",
        "HasOptedOutOfEmail": "boolean",
        "Lead_Score__c": "numeric",
    },
    "Contact": {
        "Id": "text",
        "IsDeleted": "boolean",
        "MasterRecordId": "text",
        "CreatedDate": "timestamptz",
        "LastModifiedDate": "timestamptz",
        "LastModifiedById": "text",
        "SystemModstamp": "timestamptz",
        "OwnerId": "text",
        "AccountId": "text",
        "Email": "text",
        "Syncline_Id__c": "text",
        "FirstName": "text",
        "LastName": "text",
        "Title": "text",
        "Phone": "text",
        "MobilePhone": "text",
        "MailingStreet": "text",
        "MailingCity": "text",
        "MailingCountry": "text",
        "LeadSource": "text",
        "Department": "text",
        "Birthdate": "date",
        "Description": "text",
        "HasOptedOutOfEmail": "boolean",
        "Lead_Score__c": "numeric",
    },
}
API_VERSION = "64.0"


def build_soql(object_name: str) -> str:
    """The query of one object; it is run so that deleted records come too."""
    return f"SELECT {', '.join(FIELDS[object_name])} FROM {object_name}"
