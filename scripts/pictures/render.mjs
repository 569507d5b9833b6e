// render.mjs TOOLS: draws docs/pictures/*.png from the golden files, as GitHub shows
// them, and fails if one of them cannot be read as it should. A test compares the golden
// files with docs/pictures/sources.json, so that no picture outlives its text. The
// pictures of the terminal and of README.md, in build/pictures, are only to look at.
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const tools = join(resolve(process.argv[2]), "node_modules");
const { marked } = await import(pathToFileURL(join(tools, "marked/lib/marked.esm.js")));

const wide = 1000;
const phone = 390;

// name of the picture: golden file, width, theme
const pictures = {
  "comment-light": ["comment.causes", wide, "light"],
  "comment-dark": ["comment.causes", wide, "dark"],
  "comment-phone": ["comment.causes", phone, "light"],
  "breached-light": ["comment.breached", wide, "light"],
  "breached-phone": ["comment.breached", phone, "light"],
  "not-compiled-light": ["comment.not-compiled", wide, "light"],
  "summary-light": ["summary.causes", wide, "light"],
  "summary-dark": ["summary.causes", wide, "dark"],
  "nightly-light": ["summary.trend", wide, "light"],
  "nightly-dark": ["summary.trend", wide, "dark"],
};

const template = readFileSync(join(here, "page.html"), "utf8");
const work = mkdtempSync(join(tmpdir(), "pictures-"));
const sources = {};
let failed = false;
try {
  mkdirSync(join(root, "docs/pictures"), { recursive: true });
  mkdirSync(join(root, "build/pictures"), { recursive: true });
  for (const [name, [golden, width, theme]] of Object.entries(pictures)) {
    const file = `internal/report/markdown/testdata/${golden}.golden.md`;
    const text = readFileSync(join(root, file), "utf8");
    sources[`${name}.png`] = { file, sha256: createHash("sha256").update(text).digest("hex") };
    picture(`docs/pictures/${name}`, width, theme, "<b>github-actions</b> commented 2 minutes ago", html(text));
  }
  for (const [name, width] of [["causes", wide], ["40-columns", phone]]) {
    const text = readFileSync(join(root, `internal/report/terminal/testdata/${name}.golden.txt`), "utf8");
    picture(`build/pictures/terminal-${name}`, width, "dark", "$ dbt-tally build", `<pre>${escape(text)}</pre>`);
  }
  const readme = html(readFileSync(join(root, "README.md"), "utf8"));
  for (const theme of ["light", "dark"]) {
    picture(`build/pictures/readme-${theme}`, wide, theme, "README.md", readme.replaceAll('="docs/', `="${pathToFileURL(root)}/docs/`));
  }
} finally {
  rmSync(work, { recursive: true });
}
if (!failed) writeFileSync(join(root, "docs/pictures/sources.json"), JSON.stringify(sources, null, 2) + "\n");
process.exit(failed ? 1 : 0);

// picture draws one page, and reports what is wrong with it.
function picture(name, width, theme, title, body) {
  const page = join(work, "page.html");
  const values = { THEME: theme, WIDTH: width, TOOLS: pathToFileURL(tools), TITLE: title, BODY: body };
  writeFileSync(page, template.replace(/THEME|WIDTH|TOOLS|TITLE|BODY/g, (key) => values[key]));
  for (const complaint of draw(page, join(root, `${name}.png`), width)) {
    console.error(`${name}: ${complaint}`);
    failed = true;
  }
}

function escape(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

// html renders Markdown; an alert becomes a quotation with its title, as on GitHub.
function html(text) {
  const alert = /^> \[!(\w+)\]$/gm;
  return marked.parse(text.replace(alert, (_, kind) => `> **${kind[0]}${kind.slice(1).toLowerCase()}**\n>`), { gfm: true });
}

// draw measures the page, takes the picture, and returns what is wrong with it.
function draw(page, png, width) {
  const dom = chromium(width, 2000, "--dump-dom", pathToFileURL(page));
  const match = /id="measured">(.*?)<\/script>/.exec(dom);
  if (!match) return ["the page was not drawn"];
  const { height, complaints } = JSON.parse(match[1].replaceAll("&gt;", ">").replaceAll("&lt;", "<").replaceAll("&amp;", "&"));
  chromium(width, height, `--screenshot=${png}`, pathToFileURL(page));
  return complaints;
}

function chromium(width, height, ...args) {
  const flags = [
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=10000",
    "--allow-file-access-from-files", `--window-size=${width},${height}`,
  ];
  return execFileSync(process.env.CHROMIUM ?? "chromium", [...flags, ...args.map(String)], {
    encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1 << 28,
  });
}
