// The stage: the fake provider, a real `blotter serve` before it with its admin listener, keys for readers, and a browser. All on
// free ports of the loopback interface and in a temporary folder.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const { BLOTTER, CHROMIUM, FAKE_PROVIDER, NODE_PACKAGES, SCREENSHOTS } = process.env;
const require = createRequire(join(NODE_PACKAGES, "package.json"));
const { chromium } = require("playwright-core");
/** Strings that programs stumble over. */
export const NAUGHTY = require("big-list-of-naughty-strings/blns.json");
const AXE = require.resolve("axe-core/axe.min.js");

/** How long anything may take on a busy machine. */
const PATIENCE = 120_000;

const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** The first line of a stream that `wanted` finds something in; what it found. */
async function line(stream, wanted) {
  for await (const one of createInterface({ input: stream })) {
    const found = one.match(wanted);
    if (found) {
      stream.resume();
      return found[1];
    }
  }
  throw new Error(`ended without ${wanted}`);
}

export class Stage {
  static async open() {
    const stage = new Stage();
    stage.folder = mkdtempSync(join(tmpdir(), "blotter-page-"));
    stage.provider = spawn(FAKE_PROVIDER, ["--cut", "20"], { stdio: ["ignore", "pipe", "inherit"] });
    const provider = await line(stage.provider.stdout, /^(\S+)$/);
    writeFileSync(join(stage.folder, "proxy.toml"), `listen = "127.0.0.1:0"\ndefault_route = "openai"\n[admin]\nlisten = "127.0.0.1:0"\n
[entities.MAC]\naction = "alert"\n[[route]]\nname = "openai"\nupstream = "http://${provider}"\n[[route]]\nname = "nowhere"\nupstream = "http://127.0.0.1:9"\n`);
    stage.keys = Object.fromEntries(["auditor", "operator", "reporter"].map((role) => [role, stage.blotter("key", "new", `the-${role}`, "--role", role).trim()]));
    stage.serving = spawn(BLOTTER, ["serve"], { cwd: stage.folder, stdio: ["ignore", "ignore", "pipe"] });
    const lines = createInterface({ input: stage.serving.stderr });
    await new Promise((ready, failed) => {
      lines.on("line", (one) => {
        stage.proxy ??= one.match(/listens on (http:\S+)/)?.[1];
        stage.admin ??= one.match(/admin +(http:\/\/[^/]+)/)?.[1];
        if (one.startsWith("Point a bot")) ready();
      });
      stage.serving.on("exit", (code) => failed(new Error(`blotter serve ended with ${code}`)));
    });
    mkdirSync(SCREENSHOTS, { recursive: true });
    const profile = join(stage.folder, "profile");
    stage.browser = await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, headless: true, args: ARGUMENTS, viewport: { width: 1280, height: 800 }, locale: "en-GB", timezoneId: "America/New_York", timeout: PATIENCE });
    stage.browser.setDefaultTimeout(PATIENCE);
    return stage;
  }

  /** Runs a command of the program and gives what it prints. */
  blotter(...arguments_) {
    try {
      return execFileSync(BLOTTER, arguments_, { cwd: this.folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    } catch (error) {
      if (error.status === 1) return error.stdout;
      throw error;
    }
  }

  /** Sends a chat through the proxy; gives its exchange. */
  async chat(text, { system = "You are kind.", route = "openai", model = "fake", tools, headers } = {}) {
    const said = [text].flat().map((content) => ({ role: "user", content }));
    const body = { model, messages: [{ role: "system", content: system }, ...said], tools };
    const answer = await fetch(`${this.proxy}/${route}/v1/chat/completions`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });
    await answer.arrayBuffer();
    return answer.headers.get("x-blotter-exchange");
  }

  /** A page in the browser that asks nobody but the listener, and reports what it complains about. */
  async page() {
    const page = await this.browser.newPage();
    page.complaints = [];
    page.on("request", (request) => { if (!request.url().startsWith(this.admin)) page.complaints.push(`asks ${request.url()}`); });
    page.on("pageerror", (error) => page.complaints.push(String(error)));
    page.on("console", (message) => {
      const expected = /status of 40[13]/.test(message.text());
      if (message.type() === "error" && !expected) page.complaints.push(message.text());
    });
    return page;
  }

  /** A page of somebody who has logged in. */
  async enter(role, path = "/") {
    await this.browser.clearCookies();
    const page = await this.page();
    await page.goto(this.admin + path);
    await page.getByLabel("Key").fill(this.keys[role]);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("navigation").waitFor();
    return page;
  }

  /** What axe finds that is serious. The page's policy lets no script in from elsewhere, so it comes in beside it. */
  async axe(page) {
    const session = await this.browser.newCDPSession(page);
    const run = `${readFileSync(AXE, "utf8")}; axe.run(document, { resultTypes: ["violations"] }).then((r) => JSON.stringify(r.violations))`;
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", { expression: run, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.text + JSON.stringify(exceptionDetails.exception));
    const serious = JSON.parse(result.value).filter((one) => ["serious", "critical"].includes(one.impact));
    return serious.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.any.map((check) => check.message)}`).slice(0, 4).join("; ")}`);
  }

  /** Pictures of a page: light, dark, and as wide as a phone; and what axe says of the first two. */
  async picture(page, name) {
    const found = [];
    for (const [look, scheme, width] of [["light", "light", 1280], ["dark", "dark", 1280], ["phone", "light", 320]]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 800 });
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-${look}.png`), fullPage: true });
      if (look !== "phone") found.push(...(await this.axe(page)).map((one) => `${name} ${look}: ${one}`));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) found.push(`${name} ${look}: ${wide} pixels too wide`);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: "light" });
    return found;
  }

  async close() {
    await this.browser?.close();
    this.serving.removeAllListeners("exit");
    // Each writes to its folder until it has ended.
    await Promise.all([this.serving, this.provider].map((one) => new Promise((ended) => { one.once("exit", ended); one.kill(); })));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
