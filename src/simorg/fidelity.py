"""What no source confirms: messages and rules that an org surely has, in words that are ours for the time being.

`simorg fidelity` prints the table. A recording of a real org changes a row here and nothing else. Longer than 400 lines
because it is one table.
"""

from dataclasses import dataclass

DOCUMENTED = "documented"
RECORDED = "recorded"
UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True)
class Fact:
    """A text, with {names} for what differs, and where it comes from."""

    text: str
    source: str = UNCONFIRMED


FACTS: dict[str, Fact] = {
    "soap.login_not_available": Fact("SOAP API login() is not available in this API version."),
    "soap.login_must_use_security_token": Fact(
        "Invalid username, password, security token; or user locked out. Are you at a new location? When accessing "
        "Salesforce--either via a desktop client or the API--from outside of your company's trusted networks, you "
        "must add a security token to your password to log in."
    ),
    "rest.retired_version": Fact("The requested API version is no longer supported."),
    "dml.string_too_long": Fact("{label}: data value too large: {value} (max length={length})"),
    "dml.invalid_email": Fact("{label}: invalid email address: {value}"),
    "dml.number_range": Fact("{label}: value outside of valid range on numeric field: {value}"),
    "dml.invalid_type": Fact("{label}: value not of required type: {value}"),
    "dml.not_writable": Fact(
        "Unable to create/update fields: {fields}. Please check the security settings of this field and verify that "
        "it is read/write for your profile or permission set."
    ),
    "dml.duplicate_value": Fact("duplicate value found: {field} duplicates value on record with id: {id}"),
    "dml.duplicate_external_id": Fact("Duplicate external id specified: {value}"),
    "dml.parent_not_found": Fact(
        "Foreign key external ID: {value} not found for field {field} in entity {object}", RECORDED
    ),
    "dml.invalid_cross_reference": Fact("invalid cross reference id", RECORDED),
    "dml.converted_lead": Fact("cannot reference converted lead", RECORDED),
    "dml.entity_is_deleted": Fact("entity is deleted", RECORDED),
    "dml.malformed_id": Fact("{label}: id value of incorrect type: {value}", RECORDED),
    "dml.inactive_owner": Fact("Operation performed with inactive user [{id}] as owner of {object}"),
    "dml.id_in_body": Fact("The Id field should not be specified in the sobject data."),
    "dml.key_in_body": Fact("The {field} field should not be specified in the sobject data."),
    "dml.not_in_bin": Fact("Entity is not in the recycle bin", RECORDED),
    "dml.not_undeletable": Fact("undelete is not supported for this entity type: {object}"),
    "dml.not_deletable": Fact("entity type {object} does not support delete"),
    "dml.not_createable": Fact("entity type {object} does not support create"),
    "login.frozen": Fact("user is frozen"),
    "login.own_host": Fact("request not supported on this domain"),
    "login.expired_password": Fact("expired password"),
    "login.expired_session": Fact("The user's password has expired, you must call setPassword before you can proceed"),
    "login.lockout": Fact("The user has exceeded the allowed number of login attempts"),
    "login.restricted_address": Fact("Login is not allowed from this IP address"),
    "login.restricted_address_oauth": Fact("ip restricted"),
    "login.restricted_time": Fact("Login is not allowed at this time"),
    "login.restricted_time_oauth": Fact("invalid login hours"),
    "login.org_inactive": Fact("The organization is inactive"),
    "login.org_locked": Fact("The organization is locked"),
    "login.org_trial_expired": Fact("The trial of the organization has expired"),
    "login.org_unavailable": Fact("The server is not available"),
    "login.rate": Fact("The login limit has been exceeded"),
    "history.INVALID_LOGIN": Fact("Invalid Password"),
    "history.LOGIN_MUST_USE_SECURITY_TOKEN": Fact("Failed: API security token required"),
    "history.PASSWORD_LOCKOUT": Fact("Password Lockout"),
    "history.LOGIN_DURING_RESTRICTED_DOMAIN": Fact("Restricted IP"),
    "history.LOGIN_DURING_RESTRICTED_TIME": Fact("Restricted Time"),
    "history.LOGIN_RATE_EXCEEDED": Fact("Login Rate Exceeded"),
    "history.other": Fact("Failed"),
    "login.page_expired": Fact("Your password has expired. Set a new one before you log in."),
    "oauth.not_approved": Fact("user hasn't approved this consumer", RECORDED),
    "oauth.not_admin_approved": Fact("user is not admin approved to access this app", RECORDED),
    "oauth.app_blocked": Fact("app is blocked by admin"),
    "oauth.no_run_as": Fact("no client credentials user enabled", RECORDED),
    "oauth.no_client_credentials": Fact("client credentials flow not enabled"),
    "oauth.verifier_missing": Fact("missing code verifier"),
    "oauth.verifier_without_challenge": Fact("code verifier sent without a code challenge"),
    "oauth.verifier_wrong": Fact("invalid code verifier"),
    "oauth.challenge": Fact("invalid code challenge"),
    "oauth.scope_beyond": Fact("the requested scope is not allowed"),
    "oauth.invalid_scope": Fact("requested scope is invalid, unknown, or malformed", DOCUMENTED),
    "oauth.response_type": Fact("response type not supported", DOCUMENTED),
    "oauth.redirect_missing": Fact("redirect_uri not provided", DOCUMENTED),
    "oauth.immediate": Fact("immediate unsuccessful", DOCUMENTED),
    "oauth.rate_limit_exceeded": Fact("number of logins exceeded", DOCUMENTED),
    "oauth.assertion_used": Fact("assertion has been used before"),
    "oauth.invalid_token": Fact("invalid token"),
    "oauth.token_missing": Fact("token not provided"),
    "login.password_rights": Fact("insufficient access rights on cross-reference id"),
    "login.password_weak": Fact("Your password must be at least 8 characters long and have letters and numbers"),
    "api.scope": Fact("This session is not valid for use with the REST API", RECORDED),
    "api.disabled_for_org": Fact("API is not enabled for this Organization or Partner", RECORDED),
    "api.disabled_for_user": Fact("API is disabled for this User", RECORDED),
    "permissions.dependency": Fact("Permission {permission} depends on permission(s): {needed}"),
    "permissions.api_name": Fact(
        "The Permission Set API Name can only contain underscores and alphanumeric characters. It must be unique, "
        "begin with a letter, not include spaces, not end with an underscore, and not contain two consecutive "
        "underscores."
    ),
    "permissions.set_exists": Fact("A permission set with the API name {name} exists already."),
    "permissions.owned_by_profile": Fact("A permission set that a profile owns cannot be assigned or deleted."),
    "permissions.set_assigned": Fact("The permission set {name} is assigned to users."),
    "permissions.nothing_granted": Fact("A permission grants Read at least."),
    "permissions.field_not_permissionable": Fact("No permissions can be granted on the field {field}."),
    "permissions.field_not_editable": Fact("The field {field} cannot be made editable."),
    "permissions.assigned": Fact("Duplicate PermissionSetAssignment. Assignee: {user}; Permission Set: {set}"),
    "permissions.license": Fact("The user license doesn't allow the permission: {permission}", RECORDED),
    "permissions.unlicensed": Fact(
        "Can't assign permission set {set} to user {user}. The user license doesn't allow the permission: {permission}",
        RECORDED,
    ),
    "permissions.other_license": Fact(
        "Can't assign permission set {set} to user {user}. The permission set has another user license than the user."
    ),
    "permissions.license_limit": Fact("License Limit Exceeded"),
    "permissions.license_used": Fact("The license is needed by a permission set that is assigned to the user."),
    "permissions.username": Fact(
        "Duplicate Username.<br>The username already exists in this or another Salesforce organization. Usernames must "
        "be unique across all Salesforce organizations. To resolve, use a different username (it doesn't need to match "
        "the user's email address)."
    ),
    "rights.create": Fact("entity type cannot be inserted: {object}"),
    "rights.read_only": Fact("insufficient access rights on object id", RECORDED),
    "rights.convert": Fact("insufficient access rights to convert leads"),
    "rights.cross_reference": Fact(
        "You can't complete this action because you don't have the required access on the cross-reference ID. Contact "
        "your Salesforce admin to gain access.",
        RECORDED,
    ),
    "rows.external_id_missing": Fact(
        "Provided external ID field does not exist or is not accessible: {field}", RECORDED
    ),
    "collections.too_many": Fact("The number of records ({number}) exceeds the limit of {most} for this operation."),
    "collections.too_many_chunks": Fact("The records hold more than 10 chunks of one type each."),
    "collections.no_attributes": Fact(
        "Nested object for polymorphic foreign key must have an attributes field before any other fields.", RECORDED
    ),
    "collections.wrong_type": Fact("Record type {given} does not fit the resource {wanted}."),
    "composite.too_many": Fact("Limit of {most} reached for composite sub requests."),
    "composite.too_many_queries": Fact("Limit of 5 reached for query and collection sub requests."),
    "composite.bad_reference": Fact("Provided referenceId is not valid: {reference}"),
    "composite.method": Fact("The method {method} is not supported in a sub request."),
    "composite.switch": Fact("{name} has to be true or false."),
    "composite.batch_version": Fact("The version {version} of a sub request is not from 34.0 to {most}."),
    "place.composite_tree": Fact("/composite/tree is not there: 404 NOT_FOUND."),
    "place.composite_graph": Fact("/composite/graph is not there: 404 NOT_FOUND."),
    "place.bulk_1": Fact("Bulk API 1.0, /services/async, is not there: 404 NOT_FOUND."),
    "place.sosl": Fact("SOSL, /search and /parameterizedSearch, is not there: 404 NOT_FOUND."),
    "place.streaming": Fact("Streaming, /cometd and the Pub/Sub API, is not there: 404 NOT_FOUND."),
    "composite.header": Fact("The header {header} is not allowed in a sub request."),
    "composite.duplicate_reference": Fact("Duplicate reference id: {reference}"),
    "composite.unknown_reference": Fact("Invalid reference specified. No value for {path} found in {reference}"),
    "composite.rolled_back": Fact(
        "We rolled back the transaction since another operation in the same transaction failed.", RECORDED
    ),
    "collections.rolled_back": Fact(
        "Record rolled back because not all records were valid and the request was using AllOrNone header"
    ),
    "query.not_filterable": Fact("field '{field}' can not be filtered in a query call"),
    "query.not_sortable": Fact("field '{field}' can not be sorted in a query call"),
    "query.not_groupable": Fact("field '{field}' can not be grouped in a query call"),
    "query.offset": Fact("Maximum SOQL offset allowed is 2000"),
    "query.too_long": Fact("SOQL statements cannot be longer than 100000 characters."),
    "query.semi_joins": Fact("Maximum 2 semi join sub-selects are allowed, but saw: {number}"),
    "query.semi_join_level": Fact(
        "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE expressions"
    ),
    "query.semi_join_nested": Fact("Nesting of semi join sub-selects is not supported", RECORDED),
    "query.semi_join_object": Fact("The inner and outer selects should not be on the same object type", RECORDED),
    "query.child_aggregate": Fact("only root queries support aggregate expressions", RECORDED),
    "query.too_complicated": Fact("The conditions are nested too deeply."),
    "query.type": Fact(
        "value of filter criterion for field '{field}' must be of type {type} and should {not_}be enclosed in quotes"
    ),
    "query.fields_limit": Fact("The SOQL FIELDS function must have a LIMIT of at most 200"),
    "query.ungrouped": Fact("Field must be grouped or aggregated: {field}"),
    "query.ungrouped_order": Fact("Ordered field must be grouped or aggregated: {field}"),
    "query.not_a_type": Fact("{name} is not a type of {relationship}"),
    "query.fields_function": Fact("The SOQL FIELDS function takes ALL, STANDARD or CUSTOM"),
    "query.relationship": Fact(
        "Didn't understand relationship '{name}' in field path. If you are attempting to use a custom relationship, "
        "be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe "
        "call for the appropriate names."
    ),
    "query.child_relationship": Fact(
        "Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a custom "
        "relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or "
        "the describe call for the appropriate names."
    ),
    "query.not_supported": Fact("{what} is not supported here"),
    "bulk.invalid_operation": Fact("Operation is not valid: {operation}"),
    "bulk.query_missing": Fact("A query has to be specified"),
    "bulk.invalid_format": Fact("contentType, columnDelimiter or lineEnding is not valid"),
    "bulk.foreign_job": Fact("The requested resource does not exist"),
    "bulk.only_abort": Fact("The state of a query job can only be changed to Aborted"),
    "bulk.other_version": Fact("The job was created with API version {version}; its results are read with the same."),
    "bulk.early_read": Fact("Results are not available: the job is in state {state}"),
    "bulk.invalid_max_records": Fact("maxRecords is not a positive number: {value}"),
    "bulk.not_supported": Fact("{what} is not supported in Bulk queries"),
    "bulk.hard_delete": Fact(
        "hardDelete operation requires special user profile permission, please contact your system administrator",
        RECORDED,
    ),
    "bulk.unknown_object": Fact("Unable to find object: {object}"),
    "bulk.unsupported_object": Fact("Entity '{object}' is not supported by the Bulk API."),
    "bulk.key_needed": Fact("externalIdFieldName is required for upsert"),
    "bulk.key_not_allowed": Fact("externalIdFieldName can only be specified for upsert"),
    "bulk.key_unknown": Fact(
        "Field name provided, {field}, does not match an External ID, Salesforce Id, or indexed field for {object}"
    ),
    "bulk.assignment_rule": Fact("assignmentRuleId is not the id of a rule for {object}: {value}"),
    "bulk.invalid_job_type": Fact("jobType is not valid: {value}"),
    "bulk.multipart": Fact("A multipart request has a part job of JSON and a part content of CSV"),
    "bulk.multipart_too_long": Fact("The data of a multipart request have at most {most} characters"),
    "bulk.too_large": Fact("The data exceed {most} MB when encoded as base64"),
    "bulk.not_csv": Fact("Content-Type has to be text/csv"),
    "bulk.invalid_state": Fact("The state of an ingest job can only be changed to UploadComplete or Aborted: {state}"),
    "bulk.not_open": Fact("The job {id} is in state {state}; this needs the state Open"),
    "bulk.not_deletable": Fact("A job in state {state} cannot be deleted"),
    "bulk.second_upload": Fact(
        "Found multiple contents for job: <{id}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a "
        "new Job and make sure you only do 'PUT' once on a given Job."
    ),
    "bulk.no_records": Fact("Records not found"),
    "bulk.record_too_long": Fact(
        "Exceeded max length for one record: {number}. Max length for one record should be less than or equal to "
        "400000"
    ),
    "bulk.unescaped_quote": Fact("Found unescaped quote. A value with quote should be within a quote", RECORDED),
    "bulk.unclosed_quote": Fact("EOF reached before closing an opened quote"),
    "bulk.text_beside_quote": Fact("Not expecting more text after end quote"),
    "bulk.line_ending": Fact(
        "LineEnding is invalid on user data. Current LineEnding setting is {setting}", RECORDED
    ),
    "bulk.column_not_found": Fact("Field name not found : {name}", RECORDED),
    "bulk.not_utf8": Fact("The data are not UTF-8"),
    "bulk.column_count": Fact("A row has {found} columns where the header has {expected}"),
    "bulk.header_too_long": Fact("The header row exceeds {most} characters"),
    "bulk.duplicate_column": Fact("Field name duplicated : {name}"),
    "bulk.only_ids": Fact("The '{operation}' batch must contain only ids"),
    "bulk.id_in_insert": Fact("cannot specify Id in an insert call", RECORDED),
    "bulk.key_missing": Fact("{field} not specified"),
    "replication.exceeded_id_limit": Fact("exceeded the limit of 600,000 ids"),
    "replication.not_replicateable": Fact("object {object} is not replicateable"),
    "replication.bad_date": Fact("{name} is not a date and time: {value}"),
    "replication.span_too_short": Fact("startDate before endDate by at least one minute is required"),
    "replication.too_far_back": Fact("startDate cannot be more than {days} days ago"),
    "conversion.converted_status": Fact("invalid convertedStatus: {status}"),
    "conversion.owner": Fact(
        "Converted objects can only be owned by users. If the lead is not owned by a user, you must specify a user "
        "for the Owner field."
    ),
    "conversion.already": Fact("lead has already been converted: {id}"),
    "conversion.account_needed": Fact("accountId is required when contactId is specified"),
    "campaign.already_member": Fact("Already a campaign member.", RECORDED),
    "campaign.one_person": Fact("A campaign member has either a lead or a contact."),
    "campaign.unknown_status": Fact("Status: {status} is no status of the campaign"),
    "campaign.circle": Fact("attempt to violate hierarchy constraints"),
    "campaign.status_exists": Fact("duplicate value found: Label {label} is a status of the campaign already"),
    "campaign.default_needed": Fact("Each campaign must have a default status."),
    "campaign.responded_needed": Fact("Each campaign must have at least one responded status."),
    "campaign.status_used": Fact("The status {label} is the default or has members"),
    "rule.deleted_parent": Fact(
        "What lies in the recycle bin for itself does not come back while a record that it would fall with is deleted."
    ),
    "rule.hard_deleted": Fact("What was hard deleted stays visible to queryAll; no background process removes it."),
    "rule.unknown_member_status": Fact(
        "A member with a status that its campaign does not have gets the default one (a setting refuses it instead)."
    ),
    "rule.campaign_counts": Fact("Counts of a campaign change without touching any of its stamps."),
    "rule.same_campaign": Fact(
        "Where a merge or a conversion makes two members of one campaign one person, one stays, with the later status."
    ),
    "rule.first_statuses": Fact("The statuses Sent and Responded of a new campaign have the sort orders 1 and 2."),
    "rule.primary_contact": Fact("A new primary contact of an Opportunity takes the place of the one before."),
    "rule.task_account": Fact("A task keeps its AccountId when its Contact or Opportunity moves to another Account."),
    "task.lead_and_thing": Fact("A task for a lead cannot be related to anything else."),
    "definition.name": Fact(
        "The Custom Field API Name can only contain alphanumeric characters, must begin with a letter, cannot end with "
        "an underscore or contain two consecutive underscore characters, and has at most 40 characters."
    ),
    "definition.missing": Fact("Must specify '{name}' for a CustomField of type {type}"),
    "definition.not_allowed": Fact("Can not specify '{name}' for a CustomField of type {type}"),
    "definition.length": Fact("The length of a CustomField of type {type} must be from {least} to {most}"),
    "definition.digits": Fact("Precision must be from 1 to {most}, and scale from 0 up to precision"),
    "definition.value_twice": Fact("Duplicate picklist value: {value}"),
    "definition.display_format": Fact("Display format: {value} needs one part such as {{0000}}"),
    "definition.exists": Fact("There is already a field named {name} on {object}."),
    "definition.too_many": Fact("reached maximum number of custom fields"),
    "definition.unknown_object": Fact("no CustomObject named {name} found"),
    "definition.unknown_field": Fact("no CustomField named {name} found"),
    "definition.controller": Fact("Controlling field {name} is no picklist or checkbox of {object}"),
    "definition.used": Fact("This custom field is referenced elsewhere in salesforce.com: {place}"),
    "definition.type_change": Fact("Cannot change the type of a field from {old} to {new}"),
    "formula.too_long": Fact("Formula is too long ({size} characters). Maximum length is {most} characters."),
    "formula.too_big": Fact(
        "Compiled formula is too big to execute ({size} characters). Maximum size is {most} characters"
    ),
    "formula.too_deep": Fact("The formula is nested too deeply."),
    "formula.syntax": Fact("Syntax error"),
    "formula.extra": Fact("Syntax error. Extra {sign}"),
    "formula.found": Fact("Syntax error. Found '{sign}'"),
    "formula.missing": Fact("Syntax error. Missing '{sign}'"),
    "formula.unknown_field": Fact("Field {name} does not exist. Check spelling."),
    "formula.unknown_function": Fact("Unknown function {name}. Check spelling."),
    "formula.count": Fact(
        "Incorrect number of parameters for function '{name}()'. Expected {expected}, received {received}"
    ),
    "formula.type": Fact("Incorrect parameter type for {where}. Expected {expected}, received {received}"),
    "formula.picklist": Fact(
        "Field {name} is a picklist field. Picklist fields are only supported in certain functions."
    ),
    "formula.unsupported": Fact(
        'You referenced an unsupported field type called "{kind}" using the following field: {name}'
    ),
    "formula.result": Fact(
        "Formula result is data type ({received}), incompatible with expected data type ({expected})."
    ),
    "formula.literal": Fact("Function {name} may only accept a text literal for its second parameter"),
    "formula.field_needed": Fact("Function {name} only takes a field of the record"),
    "formula.not_here": Fact("Function {name} may not be used in this type of formula"),
    "formula.no_user": Fact("Field {name} may not be used in this type of formula"),
    "formula.circle": Fact("The formula field {name} refers to itself"),
    "formula.hops": Fact("Relationships of a formula can span at most {most} levels"),
    "formula.spanned": Fact("You have reached the maximum number of {most} object references on {object}"),
    "person.bad_names": Fact("Account: bad field names on insert/update call: {fields}"),
    "person.contact": Fact("The contact of a person account cannot be changed for itself."),
    "person.merge": Fact("A person account can only be merged with person accounts."),
    "rule.person_account": Fact("An Account that is made with a LastName is a person account."),
    "record_type.invalid": Fact("Record Type ID: this ID value isn't valid for the user: {id}"),
    "rule.record_type": Fact(
        "A record type refuses values that it leaves out of a restricted picklist alone; others take any text over the "
        "API."
    ),
    "rule.dependent_picklist": Fact("The API takes a value of a dependent picklist under any controlling value."),
    "automation.depth": Fact(
        "{name}: maximum trigger depth exceeded\n{object} trigger event AfterUpdate for [{id}]"
    ),
    "access.filter": Fact(
        "UserRecordAccess is queried with a filter on one UserId and on up to {most} values of RecordId"
    ),
    "access.invalid_id": Fact("invalid ID field in a filter on UserRecordAccess"),
    "automation.chain": Fact(
        "{name}: execution of AfterUpdate\n\ncaused by: System.AsyncException: Maximum stack depth has been reached."
    ),
    "automation.failed": Fact(
        "We can't save this record because the \u201c{name}\u201d process failed. Give your Salesforce admin these "
        "details. {code}: {message}"
    ),
    "rollup.foreign_key": Fact("{name} is not the master of these details"),
    "rollup.field": Fact("{name} cannot be summarized so"),
    "rollup.value": Fact("{value} is not a number"),
    "rule.conversion": Fact(
        "A conversion is judged by validation rules and sets off automations, and takes no notice of duplicate rules."
    ),
    "rule.later_again": Fact(
        "An automation that comes later and changes its own record each time sets itself off again; no limit stops it."
    ),
    "rule.duplicate_order": Fact("Of several duplicate rules the first that finds something, by name, decides."),
    "rule.rule_errors": Fact("All validation rules that refuse a record are told, in the order of their names."),
    "rule.formula_power": Fact(
        "A power binds weaker than a product, and all operators group from the left.", DOCUMENTED
    ),
    "rule.formula_size": Fact(
        "The compiled size of a formula is counted as the characters of the formula and of all formulas that it reads."
    ),
    "rule.formula_round": Fact("The API gives the number of a formula rounded to the scale of its field."),
    "rule.formula_user": Fact("A formula field that reads $User is refused; rules may read it."),
    "definition.details_limit": Fact("{object} has the most master-detail relationships that an object can have"),
    "metadata.invalid_element": Fact("Element {element} invalid at this location in type {type}", RECORDED),
    "metadata.duplicated_element": Fact("Element {element} is duplicated at this location in type {type}"),
    "metadata.bad_enum": Fact("'{value}' is not a valid value for the enum '{enum}'"),
    "metadata.bad_boolean": Fact("'{value}' is not a valid value for the type xsd:boolean"),
    "metadata.bad_number": Fact("'{value}' is not a valid value for the type xsd:{kind}"),
    "metadata.bad_json": Fact("Cannot deserialize instance of {kind} from the value of {where}"),
    "metadata.unknown_json": Fact("No such column '{name}' on sobject of type {type}"),
    "metadata.wrong_root": Fact("Unexpected element {name} where a {type} begins"),
    "metadata.not_a_package": Fact("The file is no package manifest"),
    "metadata.required": Fact("Required field is missing: {name}", RECORDED),
    "metadata.exists": Fact("The {type} {name} is there already"),
    "metadata.in_field": Fact("In field: {field} - no {type} named {name} found", RECORDED),
    "metadata.required_field": Fact("You cannot deploy to a required field: {name}", RECORDED),
    "metadata.unknown_permission": Fact("Unknown user permission: {name}", RECORDED),
    "metadata.profile_used": Fact("The profile {name} is a standard one or has users"),
    "metadata.none_found": Fact("In field: fullName - no {type} named {name} found", RECORDED),
    "metadata.unknown_type": Fact("Unknown type: {type}"),
    "metadata.unknown_in_manifest": Fact("Unknown type name '{type}' specified in package.xml"),
    "metadata.unknown_entity": Fact("Entity Enumeration Or ID: bad value for restricted picklist field: {name}"),
    "metadata.custom_suffix": Fact("Invalid fullName, must end in a custom suffix ( for ex. __c )", RECORDED),
    "metadata.standard_name": Fact("Could not resolve standard field's name.", RECORDED),
    "metadata.object_name": Fact(
        "The object name can only contain alphanumeric characters, must begin with a letter, cannot end with an "
        "underscore or contain two consecutive underscore characters, and has at most 40 characters."
    ),
    "metadata.name_field": Fact("Must specify a nameField of type Text or AutoNumber", RECORDED),
    "metadata.standard_field": Fact("{name} is a standard field and cannot be deleted"),
    "metadata.standard_part": Fact("{name} cannot be changed on a standard field"),
    "metadata.standard_object": Fact("{name} is a standard object and cannot be deleted"),
    "metadata.field_used": Fact("This custom field is referenced elsewhere in salesforce.com. : {place}"),
    "metadata.object_used": Fact("This custom object is referenced elsewhere in salesforce.com. : {place}"),
    "metadata.shorter": Fact("The length cannot be reduced to {length}: there are longer values"),
    "metadata.not_unique": Fact("{name} cannot be made unique: there are duplicate values"),
    "metadata.rename": Fact("{name} cannot be renamed to {new}"),
    "metadata.not_deletable": Fact("Components of the type {type} cannot be deleted"),
    "metadata.settings_name": Fact("There are no settings named {name} of the type {type}"),
    "metadata.too_long": Fact("{name} has at most {most} characters"),
    "metadata.last_layout": Fact("The layout {name} is the only one of its object"),
    "metadata.layout_field": Fact("In field: field - no CustomField named {name} found", RECORDED),
    "metadata.layout_sections": Fact("Layout must have at least 1 section", RECORDED),
    "metadata.layout_twice": Fact("The field {name} is more than once in the layout"),
    "metadata.layout_required": Fact("Layout must contain an item for required layout field: {name}"),
    "metadata.rolled_back": Fact("The component was rolled back because others of the same call were refused"),
    "metadata.not_in_manifest": Fact("Not in package.xml", RECORDED),
    "metadata.absent": Fact(
        "An object '{name}' of type {type} was named in package.xml, but was not found in zipped directory", RECORDED
    ),
    "metadata.cannot_be_found": Fact("Entity of type '{type}' named '{name}' cannot be found"),
    "metadata.unknown_folder": Fact("Unknown folder {name}: its files are not components that this org knows"),
    "metadata.zip_base64": Fact("The zip file is not base64"),
    "metadata.zip_broken": Fact("The zip file cannot be read"),
    "metadata.zip_path": Fact("The zip file holds a file that lies outside of it: {name}"),
    "metadata.zip_twice": Fact("The zip file holds the file {name} twice"),
    "metadata.zip_files": Fact("Maximum number of files in zip file exceeded: {most}"),
    "metadata.zip_compressed": Fact("Maximum size of request reached. Maximum size of request is {most} bytes"),
    "metadata.zip_uncompressed": Fact("Maximum size of the uncompressed zip file exceeded: {most} bytes"),
    "metadata.message_too_large": Fact("Maximum size of request reached. Maximum size of request is {most} bytes"),
    "metadata.too_many": Fact("The call brings {number} components; at most {most} are allowed"),
    "metadata.too_many_queries": Fact("At most {most} queries are allowed in a call"),
    "metadata.one_type": Fact("The components of one call must be of one type"),
    "metadata.no_session": Fact(
        "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session key", RECORDED
    ),
    "metadata.no_right": Fact(
        "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions", RECORDED
    ),
    "metadata.unknown_process": Fact("invalid cross reference id: {id}"),
    "metadata.ended": Fact("The deploy {id} has ended already"),
    "metadata.parts": Fact("The request needs a part named json and a part named file"),
    "metadata.options": Fact("The part json does not hold deployOptions"),
    "metadata.only_cancel": Fact("Only the status Canceling can be set on a deploy"),
    "tooling.one_row": Fact(
        "When retrieving results with Metadata or FullName fields, the query qualifications must specify no more than "
        "one row for retrieval. Result size: {number}", RECORDED
    ),
    "tooling.filter": Fact("{object}: a filter on a reified column is required [{columns}]", RECORDED),
    "tooling.query_more": Fact(
        "{object} does not support queryMore(), use LIMIT to restrict the results to a single batch", RECORDED
    ),
    "tooling.no_right": Fact("insufficient access rights on cross-reference id"),
    "merge.losers": Fact("merge takes one or two records to merge into the master"),
    "merge.same": Fact("the master record cannot be merged into itself"),
}  # fmt: skip


def say(key: str, **values: object) -> str:
    """A message of the table, with what differs filled in."""
    return FACTS[key].text.format(**values)
