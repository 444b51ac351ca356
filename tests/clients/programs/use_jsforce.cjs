// jsforce, unmodified, on Node: its logins, records one by one and by collections, queries, Bulk 2.0, metadata, Tooling.
// Over TLS it is told the org's address as its login URL, over the proxy it has the environment's HTTPS_PROXY.
"use strict";

const { createSign } = require("node:crypto");
const { readFileSync } = require("node:fs");
const jsforce = require("jsforce");

const SOQL = "SELECT Id, LastName, Syncline_Id__c FROM Contact WHERE Syncline_Id__c LIKE 'js-%' ORDER BY LastName";
const PEOPLE = 450;
const TIMES = 30;
const failures = [];

/** Does a step until it is done; each failure is told at the end. */
async function again(step) {
  let last;
  for (let time = 0; time < TIMES; time += 1) {
    try {
      return await step();
    } catch (error) {
      last = error;
      failures.push(`${error.name}: ${error.errorCode ?? error.code ?? ""} ${error.message}`.slice(0, 600));
    }
  }
  throw last;
}

/** How the client tells a refusal that a step must meet. */
function refusal(step, code) {
  return again(async () => {
    try {
      await step();
    } catch (error) {
      if (![error.name, error.errorCode, error.message].some((text) => String(text).includes(code))) throw error;
      return error.name;
    }
    throw new Error(`not refused with ${code}`);
  });
}

function connect(facts, oauth2 = {}, more = {}) {
  const loginUrl = facts.road === "tls" ? facts.tls_url : "https://login.salesforce.com";
  return new jsforce.Connection({ loginUrl, version: "62.0", oauth2: { loginUrl, ...oauth2 }, ...more });
}

function assertion(facts) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    iss: facts.client_id,
    sub: facts.username,
    aud: "https://login.salesforce.com",
    exp: Math.floor(Date.now() / 1000) + 120,
  };
  const content = `${part({ alg: "RS256" })}.${part(claims)}`;
  return `${content}.${createSign("RSA-SHA256").update(content).sign(readFileSync(facts.private_key)).toString("base64url")}`;
}

async function useLogins(facts) {
  const word = facts.password + facts.security_token;
  const app = { clientId: facts.client_id, clientSecret: facts.client_secret };
  const own = facts.road === "tls" ? facts.tls_url : `https://${facts.my_domain}`;
  const jwt = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  const ways = {
    soap: [connect(facts), (one) => one.login(facts.username, word)],
    password: [connect(facts, app), (one) => one.login(facts.username, word)],
    jwt: [connect(facts), (one) => one.authorize({ grant_type: jwt, assertion: assertion(facts) })],
    "client credentials": [
      connect(facts, { ...app, loginUrl: own }),
      (one) => one.authorize({ grant_type: "client_credentials" }),
    ],
  };
  const logins = {};
  for (const [name, [connection, enter]] of Object.entries(ways)) {
    logins[name] = await again(async () => {
      await enter(connection);
      return (await connection.identity()).username;
    });
  }
  const refused = {
    soap: await refusal(() => connect(facts).login(facts.username, "wrong"), "INVALID_LOGIN"),
    password: await refusal(() => connect(facts, app).login(facts.username, "wrong"), "invalid_grant"),
  };
  const renewed = await again(async () => {
    const [connection] = ways.password;
    const before = connection.accessToken;
    await connection.oauth2.revokeToken(before);
    await connection.limits();
    return connection.accessToken !== before;
  });
  return { logins, refused, renewed };
}

async function useRecords(sf) {
  const person = { LastName: "Alone", Email: "Alone@Example.com", Syncline_Id__c: "js-alone" };
  const { id } = await again(() => sf.sobject("Contact").upsert(person, "Syncline_Id__c").then(async (done) => ({
    id: done.id ?? (await sf.query("SELECT Id FROM Contact WHERE Syncline_Id__c = 'js-alone'")).records[0].Id,
  })));
  await again(() => sf.sobject("Contact").update({ Id: id, Title: "CFO" }));
  const got = await again(() => sf.sobject("Contact").retrieve(id));
  const refused = {
    unnamed: await refusal(() => sf.sobject("Contact").create({ FirstName: "Nameless" }), "REQUIRED_FIELD_MISSING"),
    nobody: await refusal(() => sf.sobject("Contact").retrieve("003000000000001AAA"), "NOT_FOUND"),
    field: await refusal(() => sf.query("SELECT Nonsense__c FROM Lead"), "INVALID_FIELD"),
  };
  const made = await again(() => sf.sobject("Account").create({ Name: "Gone Ltd" }));
  await again(() => sf.sobject("Account").destroy(made.id).catch((error) => {
    // A step that was done without an answer is done.
    if (error.errorCode !== "ENTITY_IS_DELETED") throw error;
  }));
  return { contact: [id, got.Name, got.Email, got.Title], refused, gone: made.id };
}

async function useCollections(sf) {
  const people = Array.from({ length: PEOPLE }, (_, n) => ({
    LastName: `Many ${String(n).padStart(3, "0")}`,
    Syncline_Id__c: `js-${String(n).padStart(3, "0")}`,
  }));
  let left = people;
  const ids = {};
  await again(async () => {
    const done = await sf.sobject("Contact").upsert(left, "Syncline_Id__c", { allowRecursive: true });
    done.forEach((one, n) => one.success && (ids[left[n].Syncline_Id__c] = one.id));
    const failed = done.filter((one) => !one.success);
    left = left.filter((_, n) => !done[n].success);
    if (failed.length) throw new Error(JSON.stringify(failed[0].errors));
  });
  const all = people.map((one) => ids[one.Syncline_Id__c]);
  const read = await again(() => sf.sobject("Contact").retrieve(all.slice(0, 3), { fields: ["LastName"] }));
  const both = [{ LastName: "Half", Syncline_Id__c: "half" }, { FirstName: "Nameless" }];
  const half = await again(async () => {
    const done = await sf.sobject("Contact").create(both, { allOrNone: true });
    const codes = done.map((one) => one.errors[0].statusCode);
    if (codes.includes("UNABLE_TO_LOCK_ROW")) throw new Error(codes.join());
    return codes;
  });
  await again(async () => {
    const done = await sf.sobject("Contact").destroy(all.slice(-5));
    const failed = done.filter((one) => !one.success && one.errors[0].statusCode !== "ENTITY_IS_DELETED");
    if (failed.length) throw new Error(JSON.stringify(failed[0].errors));
  });
  return { upserted: all.length, read: read.map((one) => one.LastName), half };
}

async function useQueries(sf) {
  const small = { headers: { "Sforce-Query-Options": "batchSize=200" } };
  const names = await again(async () => {
    let page = await sf.query(SOQL, small);
    const found = [...page.records];
    while (!page.done) {
      page = await sf.queryMore(page.nextRecordsUrl, small);
      found.push(...page.records);
    }
    return found.map((one) => one.LastName);
  });
  const followed = await again(() => sf.query(SOQL, { ...small, autoFetch: true, maxFetch: 10000 }));
  const built = await again(() =>
    sf.sobject("Contact").find({ Syncline_Id__c: { $like: "js-%" }, LastName: { $gte: "Many 440" } }, ["Id"]).execute());
  const bulk = await again(async () => (await (await sf.bulk2.query(SOQL)).toArray()).length);
  const global = await again(() => sf.describeGlobal());
  const described = await again(() => sf.sobject("Contact").describe());
  return {
    names,
    followed: followed.records.length,
    built: built.length,
    bulk,
    objects: global.sobjects.some((one) => one.name === "Lead"),
    key: described.fields.find((one) => one.name === "Syncline_Id__c").externalId,
    limit: (await again(() => sf.limits())).DailyApiRequests.Max,
  };
}

async function useBulk(sf) {
  const input = [...Array.from({ length: 30 }, (_, n) => ({ LastName: `Load ${n}`, Company: "Loaded", Email: `l${n}@x.example` })),
    { LastName: "", Company: "Loaded", Email: "nameless@x.example" }];
  let left = input;
  let good = 0;
  const error = await again(async () => {
    const done = await sf.bulk2.loadAndWaitForResults({
      object: "Lead", operation: "upsert", externalIdFieldName: "Email", input: left,
    });
    const told = done.successfulResults.length + done.failedResults.length + done.unprocessedRecords.length;
    // The client takes results that broke off for whole ones; what it did not tell is loaded again, by its key.
    if (told !== left.length || done.unprocessedRecords.length) throw new Error("results broke off");
    good += done.successfulResults.length;
    left = done.failedResults.map(({ LastName, Company, Email }) => ({ LastName, Company, Email }));
    if (left.length > 1) throw new Error(done.failedResults.map((one) => one.sf__Error).join());
    return done.failedResults[0].sf__Error;
  });
  return { good, error };
}

async function useMetadata(facts) {
  const { username, password, security_token: token } = facts.administrator;
  const sf = connect(facts);
  await again(() => sf.login(username, password + token));
  const field = { fullName: "Lead.Rank__c", label: "Rank", type: "Number", precision: 6, scale: 0 };
  const one = (done) => (Array.isArray(done) ? done[0] : done);
  await again(async () => {
    const done = one(await sf.metadata.upsert("CustomField", [field]));
    if (!done.success) throw new Error(JSON.stringify(done.errors));
  });
  const read = one(await again(() => sf.metadata.read("CustomField", ["Lead.Rank__c"])));
  const twice = one(await again(() => sf.metadata.create("CustomField", [field])));
  const tooling = await again(() => sf.tooling.query("SELECT DeveloperName FROM CustomField WHERE DeveloperName = 'Rank'"));
  const types = await again(() => sf.metadata.describe("62.0"));
  return {
    read: [read.fullName, Number(read.precision)],
    twice: [].concat(twice.errors)[0].statusCode,
    tooling: tooling.records.map((record) => record.DeveloperName),
    types: types.metadataObjects.some((type) => type.xmlName === "PermissionSet"),
  };
}

async function main() {
  const facts = JSON.parse(readFileSync(0, "utf8"));
  const logins = await useLogins(facts);
  const sf = connect(facts, { clientId: facts.client_id, clientSecret: facts.client_secret });
  sf.bulk2.pollInterval = 20;
  await again(() => sf.login(facts.username, facts.password + facts.security_token));
  const told = {
    ...logins,
    records: await useRecords(sf),
    collections: await useCollections(sf),
    bulk: await useBulk(sf),
    queries: await useQueries(sf),
    metadata: await useMetadata(facts),
  };
  console.log(JSON.stringify({ ...told, failures }));
}

main().catch((error) => {
  console.error(error, failures.slice(-3));
  process.exit(1);
});
