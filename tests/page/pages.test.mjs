// What three people do on the pages, each with a browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { NAUGHTY, Stage } from "./stage.mjs";

const HOSTILE = "<script>document.title='taken'</script><img src=x onerror=alert(1)> \u202egnp.exe \u0007 {{7*7}} \u{e0041}";
let stage;

before(async () => {
  stage = await Stage.open();
  await stage.chat("My SSN is 536-90-4399 and my card 4242 4242 4242 4242.");
});
after(async () => stage?.close());

test("without a session there is a question for a key, and a wrong one is told", async () => {
  const page = await stage.page();
  await page.goto(`${stage.admin}/exchanges`);
  await page.getByLabel("Key").fill("blotter_wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").filter({ hasText: "no key for reading" }).waitFor();
  assert.equal(await page.getByRole("navigation").count(), 0);
  assert.deepEqual(await stage.picture(page, "login"), []);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a role sees its pages and no others", async () => {
  for (const [role, expected] of [["auditor", ["Overview", "Exchanges", "Workbench", "Reviews", "Events", "Report"]], ["operator", ["Overview", "Exchanges", "Workbench", "Events", "Report"]], ["reporter", ["Overview", "Events", "Report"]]]) {
    const page = await stage.enter(role);
    assert.deepEqual(await page.getByRole("navigation").getByRole("link").allTextContents(), expected);
    if (role === "reporter") {
      await page.goto(`${stage.admin}/reviews`);
      await page.getByText("no such page for your role").waitFor();
    }
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Key").waitFor();
    assert.deepEqual(page.complaints, []);
    await page.close();
  }
});

test("the overview moves while traffic flows", async () => {
  const page = await stage.enter("operator");
  const exchanges = page.locator(".figures div").filter({ hasText: "Exchanges" }).locator("dd");
  const before = Number(await exchanges.textContent());
  await stage.chat("Call +1 415 555 2671", { route: "openai" });
  await stage.chat("hello", { route: "nowhere" });
  await stage.chat("hello", { model: "fake-status-429" });
  await page.waitForFunction((before) => Number(document.querySelector(".figures dd").textContent) >= before + 3, before);
  const leads = (name) => page.getByRole("link", { name }).getAttribute("href");
  assert.equal(await leads("status 429"), "/exchanges?since=1h&outcome=complete&status=429");
  assert.equal(await leads("upstream/unreachable"), "/exchanges?since=1h&reason=upstream%2Funreachable");
  const hues = await page.evaluate(() => import("/page/dom.js").then(({ hue }) => ["SSN", "CARD", "EMAIL", "PHONE", "IBAN", "SECRET"].map(hue)));
  assert.equal(new Set(hues).size, hues.length);
  await page.getByRole("link", { name: "PHONE" }).waitFor();
  assert.equal(await page.locator(".lights li").count(), 6);
  assert.equal(await page.locator(".lights .bad").count(), 0);
  assert.deepEqual(await stage.picture(page, "overview"), []);
  // What is selected and who stands where is not taken away by what moves.
  await page.locator(".scroll").first().focus();
  await page.evaluate(() => getSelection().selectAllChildren(document.querySelector(".grid h2")));
  const seen = Number(await exchanges.textContent());
  await stage.chat("hello");
  await page.waitForFunction((seen) => Number(document.querySelector(".figures dd").textContent) > seen, seen);
  assert.equal(await page.evaluate(() => `${document.activeElement.className} ${getSelection()}`), "scroll Found");
  await page.getByRole("button", { name: "Last week" }).click();
  await page.waitForURL(/range=week/);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("the suspicious light leads to what looked suspicious", async () => {
  await stage.browser.clearCookies();
  const page = await stage.page();
  await page.goto(stage.admin);
  await page.getByLabel("Key").fill("blotter_wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").filter({ hasText: "no key for reading" }).waitFor();
  await page.getByLabel("Key").fill(stage.keys.operator);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("link", { name: /\d within a day/ }).click();
  await page.getByRole("row").filter({ hasText: "login-refused" }).filter({ hasText: "127.0.0.1" }).first().waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("what a page that was left had asked for shows nowhere", async () => {
  const page = await stage.enter("auditor");
  let answer;
  const answered = new Promise((now) => { answer = now; });
  await page.route("**/api/report?*", (route) => answered.then(() => route.fulfill({ json: { report: { title: "Late", parts: [], days: [], entities: [], holds: true } } })).catch(() => {}));
  await page.getByRole("link", { name: "Report" }).click();
  await page.getByText("Writing the report").waitFor();
  await page.getByRole("link", { name: "Exchanges" }).click();
  await page.locator("tbody tr").first().waitFor();
  answer();
  await page.unrouteAll({ behavior: "wait" });
  await page.evaluate(() => fetch("/api/me").then((me) => me.text()));
  assert.deepEqual(await page.locator("h1").allTextContents(), ["Exchanges"]);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("an exchange is found by a filter, read, and proven", async () => {
  const id = await stage.chat(`My SSN is 536-90-4399. ${HOSTILE}`, { system: HOSTILE });
  const page = await stage.enter("auditor", "/exchanges");
  await page.getByLabel("Entity").fill("SSN");
  await page.keyboard.press("Enter");
  await page.waitForURL(/entity=SSN/);
  await page.locator(".entity", { hasText: "SSN" }).first().waitFor();
  assert.deepEqual(await stage.picture(page, "exchanges"), []);
  await page.locator("tbody a").first().click();
  await page.waitForURL(new RegExp(`id=${id}`));
  await page.getByText("The files of these rules").first().click();
  await page.getByRole("cell", { name: "proxy.toml" }).waitFor();
  await page.getByRole("button", { name: "Verify this exchange" }).click();
  await page.getByText("It holds.").waitFor();
  await page.getByRole("button", { name: "Show the texts" }).click();
  await page.locator("mark", { hasText: "[SSN_" }).first().waitFor();
  const shown = await page.locator("#main").innerText();
  assert.ok(shown.includes("<script>") && shown.includes("U+202E") && shown.includes("U+0007") && shown.includes("U+E0041"), shown);
  assert.ok(!shown.includes("536-90-4399") && !shown.includes("\u202e"));
  assert.equal(await page.locator("#main script, #main img").count(), 0);
  assert.notEqual(await page.title(), "taken");
  assert.deepEqual(await stage.picture(page, "exchange"), []);
  assert.ok(stage.blotter("audit", "tail", "--json", "-n", "20").includes(`{\\"by\\":\\"the-auditor\\",\\"exchange\\":\\"${id}\\"}`));
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a reason and a day of the reader's own zone are filters, too", async () => {
  const page = await stage.enter("operator", "/exchanges");
  await page.getByLabel("Reason").fill("upstream/unreachable");
  await page.getByLabel("Since").fill("2026-01-02");
  const asked = page.waitForRequest(/since=2026-01-02T05%3A00%3A00.000Z/);
  await page.getByRole("button", { name: "Filter" }).click();
  await asked;
  await page.getByRole("row").filter({ hasText: "nowhere/v1/chat/completions" }).first().waitFor();
  const at = page.locator("tbody time").first();
  const offset = Math.round((Date.parse(`${(await at.getAttribute("title")).replace(" UTC", "Z")}`) - Date.parse(`${await at.textContent()} UTC`)) / 3_600_000);
  assert.ok([4, 5].includes(offset), `New York is not ${offset} hours behind UTC`);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("what left as it was is told beside the log's copy, and so is what was refused", async () => {
  const id = await stage.chat([...Array(2100).fill("hi"), "my laptop's MAC is 00:1B:44:11:3A:B7"]);
  const page = await stage.enter("auditor", `/exchange?id=${id}`);
  await page.getByRole("button", { name: "Show the texts" }).click();
  await page.getByText("These left as they were, or masked: MAC (alert).").waitFor();
  await page.getByText("Only the first 2,000 strings are shown here").waitFor();
  const answer = await fetch(`${stage.proxy}/openai/v1/chat/completions`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"a":1,"a":2}' });
  await page.goto(`${stage.admin}/exchange?id=${answer.headers.get("x-blotter-exchange")}`);
  await page.getByRole("button", { name: "Show the texts" }).click();
  await page.getByText("What was refused and not forwarded").waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a known value is searched for without standing in the address", async () => {
  const page = await stage.enter("auditor", "/exchanges");
  await page.getByText("Look for a value that you know").click();
  await page.getByLabel("Value").fill("536-90-4399");
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 2);
  assert.ok(!new URL(page.url()).search.includes("4399"), page.url());
  await page.getByLabel("Customer").fill("customer-7");
  await page.keyboard.press("Enter");
  await page.waitForURL(/subject=sub_/);
  assert.ok(!page.url().includes("customer-7"), "the address holds the log's token");
  await page.close();
});

test("a stream of five megabytes in one line is shown piece by piece", async () => {
  const id = await stage.chat("x".repeat(5_000_000));
  const page = await stage.enter("auditor", `/exchange?id=${id}`);
  await page.getByRole("button", { name: "Show the texts" }).click();
  await page.getByRole("button", { name: /Show more \(4,900,000 characters left\)/ }).first().waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("the workbench finds, explains, and compares", async () => {
  const page = await stage.enter("auditor", "/workbench");
  await page.getByLabel("Text", { exact: true }).fill("My card 4242 4242 4242 4242, not 4242 4242 4242 4241, my SSN 536-90-4399");
  await page.locator(".marks mark", { hasText: "4242 4242 4242 4242" }).waitFor();
  await page.getByRole("cell", { name: "card", exact: true }).first().waitFor();
  await page.getByText("The validator refused it.").first().waitFor();
  await page.getByText(/took the place: (its pattern is stronger|it is longer)/).first().waitFor();
  const file = await page.locator("option", { hasText: "ssn.toml" }).getAttribute("value");
  await page.getByLabel("Pattern file", { exact: true }).selectOption(file);
  const toml = page.getByLabel("The pattern file's TOML");
  await page.waitForFunction(() => document.querySelectorAll("textarea")[1].value.includes("[[pattern]]"));
  await toml.fill(`${await toml.inputValue()}\n[[pattern]]\nname = "toy"\nentity = "TOY"\nregex = 'TOY-\\d{3}'\nsource = "this test"\nexamples.match = ["<<TOY-12>>"]\n`);
  await page.getByText("does not match").waitFor();
  await toml.fill((await toml.inputValue()).replace("<<TOY-12>>", "<<TOY-123>>"));
  await page.getByText("All examples pass.").waitFor();
  await page.getByLabel("Labelled lines, or any text").fill("a TOY-777 here\nnothing");
  await page.getByRole("button", { name: "Compare on these lines" }).click();
  await page.getByText("2 texts: 1 newly found, 0 newly missed.").waitFor();
  await page.getByLabel("… or a file of them").setInputFiles({ name: "cases.jsonl", mimeType: "application/json", buffer: Buffer.from('{"text": "TOY-778", "spans": [[0, 7, "TOY"]]}\n') });
  await page.getByRole("button", { name: "Compare on these lines" }).click();
  await page.getByText("1 texts: 1 newly found, 0 newly missed.").waitFor();
  await page.getByRole("button", { name: "Compare on these exchanges" }).click();
  await page.getByText(/texts: 0 newly found/).waitFor();
  assert.deepEqual(await stage.picture(page, "workbench"), []);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("the workbench is reached from an exchange, and its address names the file", async () => {
  const id = await stage.chat("My SSN is 536-90-4399, my club LC-123.");
  const page = await stage.enter("auditor", `/exchange?id=${id}`);
  await page.getByRole("link", { name: "Try patterns on it" }).click();
  await page.waitForFunction(() => document.querySelector("textarea")?.value.includes("my club LC-123"));
  const chosen = page.getByLabel("Pattern file", { exact: true });
  const file = await page.locator("option", { hasText: "ssn.toml" }).getAttribute("value");
  await chosen.selectOption(file);
  await page.waitForURL(/workbench\?file=/);
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll("textarea")[1]?.value.includes("[[pattern]]"));
  assert.equal(await chosen.inputValue(), file);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("an edit survives another file, another page and the session's end, and tells only what is so", async () => {
  const page = await stage.enter("auditor", "/workbench");
  const text = page.getByLabel("Text", { exact: true });
  const chosen = page.getByLabel("Pattern file", { exact: true });
  const toml = page.getByLabel("The pattern file's TOML");
  const found = page.locator(".marks mark", { hasText: "536-90-4399" });
  const [ssn, card] = await Promise.all(["ssn.toml", "card.toml"].map((name) => page.locator("option", { hasText: name }).getAttribute("value")));
  await text.fill("My SSN is 536-90-4399");
  await found.waitFor();
  await chosen.selectOption(ssn);
  await page.waitForFunction(() => document.querySelectorAll("textarea")[1].value.includes("[[pattern]]"));
  const original = await toml.inputValue();
  const broken = `${original}\n[[pattern]]\nname = 7\n`;
  await toml.fill(broken);
  await page.locator("section", { has: toml }).getByText(/:\d+ /).first().waitFor();
  assert.equal(await found.count(), 0, "what was found before is not what this edit finds");
  await chosen.selectOption(card);
  await page.waitForFunction((ssn) => document.querySelectorAll("textarea")[1].value !== ssn && !document.querySelectorAll("textarea")[1].disabled, broken);
  await found.waitFor();
  await chosen.selectOption(ssn);
  await page.getByText("This edit stays in this tab").waitFor();
  assert.equal(await toml.inputValue(), broken);
  await page.getByRole("link", { name: "Reviews" }).click();
  await page.getByRole("heading", { name: "Reviews" }).waitFor();
  await page.goBack();
  await page.getByText("This edit stays in this tab").waitFor();
  assert.deepEqual([await text.inputValue(), await toml.inputValue()], ["My SSN is 536-90-4399", broken]);
  const mended = `${original}\n# mended\n`;
  await stage.browser.clearCookies();
  await toml.fill(mended);
  await page.getByLabel("Key").fill(stage.keys.auditor);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("All examples pass.").waitFor();
  await found.waitFor();
  assert.equal(await toml.inputValue(), mended);
  await page.route("**/api/workbench", (route) => route.fulfill({ status: 400, json: { error: "too long" } }), { times: 1 });
  await text.fill("my SSN is 536-90-4399");
  await page.locator("section", { has: text }).getByText("too long").waitFor();
  await text.fill("A SSN is 536-90-4399");
  await found.waitFor();
  assert.equal(await page.getByText("too long").count(), 0);
  page.once("dialog", (dialog) => dialog.dismiss());
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("button", { name: "Drop the edit" }).click();
  assert.equal(await toml.inputValue(), original);
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Key").waitFor();
  assert.deepEqual(page.complaints.filter((one) => !one.includes("status of 400")), []);
  await page.close();
});

test("prompts and tools are reviewed, and the sign-off is in the log", async () => {
  const tool = (more) => [{ type: "function", function: { name: "pay", description: `Pays. ${more}`, parameters: { type: "object", properties: {} } } }];
  await stage.chat("pay", { tools: tool("Once.") });
  await stage.chat("pay", { tools: tool("Twice.") });
  const page = await stage.enter("auditor", "/reviews");
  await page.getByText("What changed").first().click();
  await page.locator(".diff ins b", { hasText: /^Twice\.",$/ }).first().waitFor();
  assert.deepEqual(await stage.picture(page, "reviews"), []);
  await page.getByLabel("Note for the log (name nobody)").fill("looked at");
  await page.getByRole("button", { name: "Sign off what is ticked" }).click();
  await page.getByText("Signed off by the-auditor").first().waitFor();
  const told = stage.blotter("audit", "list", "--event", "reviewed,viewed");
  assert.match(told, /reviewed +\{"by":"the-auditor","note":"looked at"/);
  assert.match(told, /viewed +\{"by":"the-auditor","reviewed":/);
  await page.goto(`${stage.admin}/events?event=reviewed`);
  await page.getByRole("row").filter({ hasText: "looked at" }).waitFor();
  assert.deepEqual(await stage.picture(page, "events"), []);
  assert.ok(stage.blotter("audit", "review", "--new").split("\n").length <= 2, "nothing is new any more");
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("the report of this week holds, and is a file, too", async () => {
  const page = await stage.enter("reporter", `/report?week=${new Date().toISOString().slice(0, 10)}`);
  await page.getByText("The chain holds.").first().waitFor();
  await page.getByRole("heading", { name: "Who looked at texts" }).waitFor();
  const looks = page.getByRole("row").filter({ hasText: "the-auditor" }).filter({ hasText: /[0-9a-f]{8}-[0-9a-f]{4}/ });
  assert.ok(await looks.count() > 0, "who looked, and at which exchange");
  await page.getByRole("heading", { name: "which is not over" }).waitFor();
  assert.equal(await page.locator(".chart g").count(), (new Date().getUTCDay() + 6) % 7 + 1, "a column for each day so far");
  const colours = async (media, colorScheme) => {
    await page.emulateMedia({ media, colorScheme });
    return page.evaluate(() => [...document.querySelectorAll("rect.fine, .entity, .right b, h1, .key")].map((one) => ["color", "fill", "backgroundColor"].map((name) => getComputedStyle(one)[name]).join()));
  };
  assert.deepEqual(await colours("print", "dark"), await colours("print", "light"));
  await page.emulateMedia({ media: "screen" });
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "As Markdown" }).click();
  assert.match((await download).suggestedFilename(), /^blotter-\d{4}-\d\d-\d\d\.md$/);
  assert.deepEqual(await stage.picture(page, "report"), []);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("no naughty string is more than a text, whatever it stands in", async () => {
  const tools = NAUGHTY.filter((name) => name).map((name) => ({ type: "function", function: { name, description: name, parameters: { type: "object", properties: {} } } }));
  const id = await stage.chat(NAUGHTY, { system: NAUGHTY.join("\n"), tools });
  assert.ok(id);
  const headers = (value) => ({ "x-blotter-subject": value, "x-blotter-conversation": value, "x-blotter-purpose": value, "x-blotter-consent": value, "user-agent": value });
  const sent = NAUGHTY.filter((value) => /^[\x20-\x7e]+$/.test(value));
  for (let at = 0; at < NAUGHTY.length; at += 16) {
    await Promise.all(NAUGHTY.slice(at, at + 16).map((model, n) => stage.chat("hello", { model, headers: headers(sent[(at + n) % sent.length]) })));
  }
  const page = await stage.enter("auditor", `/exchange?id=${id}`);
  page.on("dialog", (dialog) => { page.complaints.push(`says ${dialog.message()}`); dialog.dismiss(); });
  await page.getByRole("button", { name: "Show the texts" }).click();
  await page.locator(".texts dd").nth(NAUGHTY.length * 2).waitFor();
  const shown = await page.locator(".texts dd").allTextContents();
  for (const one of NAUGHTY.filter((one) => one.includes("<script"))) assert.ok(shown.some((text) => text.includes(one.slice(0, 8))), one);
  const clean = async () => {
    assert.equal(await page.locator("#main :is(script, img, iframe, object, embed, style, video, audio, base, meta, form[action])").count(), 0, page.url());
    assert.match(await page.title(), / – Blotter$/);
  };
  await clean();
  await page.goto(`${stage.admin}/exchanges`);
  for (let pages = 0; pages < 12; pages++) {
    await page.locator("tbody tr").first().waitFor();
    await clean();
    const older = page.getByRole("link", { name: "Older ones" });
    if (!(await older.count())) break;
    const address = page.url();
    await older.click();
    await page.waitForURL((url) => url.href !== address);
  }
  await page.goto(`${stage.admin}/reviews`);
  await page.locator("article").nth(tools.length / 2).waitFor();
  await clean();
  await page.goto(`${stage.admin}/report?week=${new Date().toISOString().slice(0, 10)}`);
  await page.getByText("The chain holds.").first().waitFor();
  await clean();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("everything is reached by the keyboard", async () => {
  const page = await stage.enter("auditor");
  await page.reload();
  await page.getByRole("button", { name: "Last hour" }).waitFor();
  const focused = [];
  await page.keyboard.press("Tab");
  for (let n = 0; n < 12; n++) {
    focused.push(await page.evaluate(() => document.activeElement.textContent));
    await page.keyboard.press("Tab");
  }
  for (const name of ["Overview", "Exchanges", "Log out", "Last day"]) assert.ok(focused.includes(name), `${name} in ${focused}`);
  await page.close();
});
