"use strict";
(() => {
const $ = (selector, from = document) => from.querySelector(selector);
const data = JSON.parse($("#data").textContent);
const body = $("tbody");
const form = $(".filters");
const dialog = $("dialog");
const number = new Intl.NumberFormat("en");
const word = (i) => data.words[i] || "";

// make returns an element; children that are texts stay texts.
function make(tag, attributes, ...children) {
  const svg = ["svg", "g", "path", "line", "rect", "circle", "text", "title"].includes(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

const rows = [...body.rows].map((element, i) => {
  const model = data.models[i];
  const name = $("th", element).textContent;
  const folder = word(model.f), found = { status: word(model.s), cause: word(model.c), folder: folder === "." ? "" : folder, package: word(model.p) };
  return { element, model, name, found, id: word(model.q) + model.i, key: (name + " " + word(model.q) + model.i).toLowerCase() };
});

// --- filter, sort, copy

function addFilter(label) {
  const values = [...new Set(rows.map((row) => row.found[label]))].filter(Boolean).sort();
  if (values.length < 2) return;
  const select = make("select", { name: label }, make("option", { value: "" }, "all"));
  for (const value of values) select.append(make("option", { value }, value));
  form.append(make("label", {}, label[0].toUpperCase() + label.slice(1) + " ", select));
}

function filter() {
  const name = form.elements.name.value.trim().toLowerCase();
  const wanted = [...form.elements].filter((e) => e.name !== "name" && e.value).map((e) => [e.name, e.value]);
  let shown = 0;
  for (const row of rows) {
    const fits = row.key.includes(name) && wanted.every(([label, value]) =>
      row.found[label] === value || label === "folder" && row.found.folder.startsWith(value + "/"));
    row.element.hidden = !fits;
    if (fits) shown++;
  }
  const count = $("[name=count]");
  count.textContent = (shown === rows.length ? "" : number.format(shown) + " of ") + number.format(rows.length) + " " + count.dataset.noun;
}

// value returns what a cell is sorted by: its last number before a bracket, in the unit
// of its words, or its text.
const units = { ms: 0.001, s: 1, min: 60, h: 3600, d: 86400 };
function value(text) {
  const plain = text.replace(/\(.*/, "").replaceAll(",", "").replaceAll("−", "-").split("→").pop().trim();
  const times = [...plain.matchAll(/(\d[\d.]*) (ms|s|min|h|d)\b/g)];
  if (times.length) return times.reduce((sum, [, n, unit]) => sum + n * units[unit], 0);
  const match = /^[+-]?\d[\d.]*/.exec(plain);
  return match ? Number(match[0]) : text;
}

function sort(column, button) {
  const head = button.closest("th");
  const down = head.getAttribute("aria-sort") !== "descending";
  for (const th of head.parentNode.cells) th.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const of = (row) => column === 0 ? row.found.status : column === 1 ? row.name : value(row.element.cells[column].textContent);
  const keyed = rows.map((row) => [of(row), row]);
  keyed.sort(([a], [b]) => {
    const numbers = (typeof a === "number") - (typeof b === "number");
    if (numbers) return -numbers; // a model without a number comes last
    const order = typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0;
    return down === (column > 1) ? -order : order;
  });
  body.append(...keyed.map(([, row]) => row.element));
}

// quoted protects a field; a spreadsheet must not take a name for a formula.
function quoted(text, numeric) {
  const safe = !numeric && /^[=+\-@\t]/.test(text) ? "'" + text : text;
  return /[",\n\r']/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
}

function csv() {
  const titles = [...$("thead tr").cells].slice(2, -1).map((th) => th.textContent);
  const lines = [["node_id", "model", "status", ...titles].map((t) => quoted(t)).join(",")];
  for (const element of body.rows) {
    if (element.hidden) continue;
    const row = rows.find((r) => r.element === element);
    const cells = [...element.cells].slice(2, -1).map((td) => td.textContent.replaceAll("−", "-"));
    lines.push([quoted(row.id), quoted(row.name), quoted(row.found.status), ...cells.map((c) => quoted(c, /^[+-]?[\d,.]+%?( |$)/.test(c)))].join(","));
  }
  return lines.join("\r\n") + "\r\n";
}

async function copy(button) {
  const text = csv();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
}

// --- the model's panel

// decode reads counts, newest last, into a list of this length.
function decode(text, length) {
  const list = [];
  let count = 0;
  for (const token of text ? text.split(" ") : []) {
    const [what, times] = token.split("*");
    for (let i = 0; i < (times || 1); i++) list.push(what === "." ? null : (count += parseInt(what, 36)));
  }
  return Array(Math.max(0, length - list.length)).fill(null).concat(list);
}

function points(model) {
  const n = data.runs.length;
  const runs = [...data.runs].reverse();
  const counts = decode(model.h, n);
  const wrote = (model.w || []).map((text) => decode(text, n + 1));
  const of = (i) => wrote.length && wrote[0][i] !== null ? wrote.map((list) => list[i]) : null;
  const list = runs.map((run, i) => ({ run, rows: counts[i], wrote: of(i) }));
  if (data.now && model.z !== undefined) list.push({ run: { t: data.now }, now: true, rows: model.z, wrote: of(n) });
  return list.filter((p) => p.rows !== null);
}

const date = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
const short = (commit) => (commit || "").slice(0, 7);

function ticks(low, high) {
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough));
  const list = [];
  for (let y = Math.floor(low / step) * step; y < high + step; y += step) list.push(y);
  return list;
}

// chartWidth is that of the panel, so that labels are as large as other text.
const chartWidth = () => Math.min(innerWidth, 736) - 32;

function trend(model, list) {
  const width = chartWidth(), height = 230, left = 78, bottom = 26, top = 12, right = 12;
  const bounds = [...list.map((p) => p.rows), ...(model.x || []), ...(model.g || []).map((g) => g.y)];
  const marks = ticks(Math.min(...bounds), Math.max(...bounds));
  const [low, high] = [marks[0], marks[marks.length - 1]];
  const x = (i) => left + (list.length > 1 ? i / (list.length - 1) : 0.5) * (width - left - right);
  const y = (rows) => height - bottom - (rows - low) / (high - low || 1) * (height - bottom - top);
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "group", "aria-label": "Rows after each run" });
  if (model.x) {
    const [a, b] = [y(Math.min(model.x[1], high)), y(Math.max(model.x[0], low))];
    svg.append(make("rect", { class: "band", x: left, y: a, width: width - left - right, height: Math.max(1, b - a) }));
  }
  for (const mark of marks) {
    svg.append(make("line", { class: "axis", x1: left, x2: width - right, y1: y(mark), y2: y(mark) }));
    svg.append(make("text", { x: left - 6, y: y(mark) + 4, "text-anchor": "end" }, number.format(mark)));
  }
  for (const gate of model.g || []) {
    svg.append(make("line", { class: "gate", x1: left, x2: width - right, y1: y(gate.y), y2: y(gate.y) }));
    svg.append(make("text", { x: width - right, y: y(gate.y) - 4, "text-anchor": "end" }, gate.l));
  }
  svg.append(make("path", { class: "trend", d: list.map((p, i) => (i ? "L" : "M") + x(i) + " " + y(p.rows)).join("") }));
  list.forEach((p, i) => {
    const label = [date(p.run.t), p.now ? "this run" : p.run.b, short(p.run.c), number.format(p.rows) + " rows"].filter(Boolean).join(", ");
    const dot = make("circle", { cx: x(i), cy: y(p.rows), r: p.now ? 5 : 3.5, tabindex: 0, role: "img", "aria-label": label }, make("title", {}, label));
    if (p.now) dot.setAttribute("class", "now");
    svg.append(dot);
  });
  for (const i of new Set([0, list.length - 1]))
    svg.append(make("text", { x: x(i), y: height - 6, "text-anchor": i ? "end" : "start" }, date(list[i].run.t).slice(0, 10)));
  return svg;
}

function bars(list) {
  const width = chartWidth(), height = 110, left = 78, right = 12;
  const most = Math.max(1, ...list.map((p) => p.wrote ? p.wrote[0] + p.wrote[1] + p.wrote[2] : 0));
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": "Rows inserted, updated and deleted by each run" });
  svg.append(make("text", { x: left - 6, y: 14, "text-anchor": "end" }, number.format(most)), make("text", { x: left - 6, y: height - 4, "text-anchor": "end" }, "0"));
  const step = (width - left - right) / list.length;
  list.forEach((p, i) => {
    let base = height - 4;
    (p.wrote || []).forEach((n, kind) => {
      const tall = n / most * (height - 14);
      base -= tall;
      const text = `${date(p.run.t)}: ${number.format(n)} ${["inserted", "updated", "deleted"][kind]}`;
      if (n) svg.append(make("rect", { class: ["ins", "upd", "del"][kind], x: left + i * step, y: base, width: Math.max(1, step - 2), height: tall }, make("title", {}, text)));
    });
  });
  return svg;
}

function list(model, points) {
  const wrote = points.some((p) => p.wrote);
  const head = make("tr", {}, ...["date (UTC)", "branch", "commit", "rows", "change", ...(wrote ? ["written"] : [])].map((t) => make("th", { scope: "col" }, t)));
  const table = make("table", { class: "all" }, make("thead", {}, head), make("tbody"));
  points.forEach((p, i) => {
    const was = i ? points[i - 1].rows : null;
    const change = was === null ? "" : p.rows === was ? "same" : (p.rows > was ? "+" : "−") + number.format(Math.abs(p.rows - was));
    const when = p.run.u ? make("a", { href: p.run.u, rel: "noopener noreferrer" }, date(p.run.t)) : date(p.run.t);
    const cells = [when, p.now ? "this run" : p.run.b || "", short(p.run.c), number.format(p.rows), change];
    if (wrote) cells.push(p.wrote ? `+${number.format(p.wrote[0])} ~${number.format(p.wrote[1])} −${number.format(p.wrote[2])}` : "");
    table.tBodies[0].prepend(make("tr", {}, ...cells.map((cell) => make("td", {}, cell))));
  });
  return table;
}

function show(row) {
  const { model } = row;
  const close = make("button", { type: "button", class: "close" }, "Close");
  close.addEventListener("click", () => dialog.close());
  const path = word(model.k) + (model.l || model.i + ".sql");
  const file = !word(model.k) ? "" : !data.files ? path
    : make("a", { href: data.files + path.split("/").map(encodeURIComponent).join("/"), rel: "noopener noreferrer" }, path);
  const all = points(model);
  dialog.replaceChildren(
    make("h2", { id: "panel", tabindex: "-1" }, row.name), close,
    make("p", { class: "dim" }, row.id, make("br"), word(model.d) && word(model.d) + (model.r || `"${model.i}"`), make("br"), file),
    make("ul", {}, ...(model.n || []).map((note) => make("li", {}, word(note)))));
  if (all.length) {
    dialog.append(make("h3", {}, "Rows after each run"), trend(model, all));
    if (model.x) dialog.append(make("p", { class: "dim" }, make("span", { class: "key band" }), `expected now: ${number.format(model.x[0])} to ${number.format(model.x[1])}`));
  }
  if (all.some((p) => p.wrote)) {
    dialog.append(make("h3", {}, "Written by each run"), bars(all),
      make("p", { class: "dim" }, make("span", { class: "key ins" }), "inserted", make("span", { class: "key upd" }), "updated", make("span", { class: "key del" }), "deleted"));
  }
  if (all.length) dialog.append(make("h3", {}, "Runs"), make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Runs" }, list(model, all)));
  if (!dialog.open) dialog.showModal();
  $("h2", dialog).focus();
}

dialog.addEventListener("close", () => history.replaceState(null, "", location.href.split("#")[0]));
dialog.addEventListener("click", (event) => { if (event.target === dialog && event.offsetX < 0) dialog.close(); });

// follow opens the model that an address names: #m12, or its ID.
function follow() {
  const hash = decodeURIComponent(location.hash.slice(1));
  const row = /^m\d+$/.test(hash) ? rows[Number(hash.slice(1))] : rows.find((r) => r.id === hash);
  if (row) show(row);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#m"], svg a');
  const match = link && /^#m(\d+)$/.exec(link.getAttribute("href"));
  if (!match || !rows[match[1]]) return;
  event.preventDefault();
  history.replaceState(null, "", "#" + encodeURIComponent(rows[match[1]].id));
  show(rows[match[1]]);
});

// --- the lineage: zoom, pan by dragging

const graph = $(".graph");
if (graph) {
  const svg = $("svg", graph), width = Number(svg.getAttribute("width")), height = Number(svg.getAttribute("height"));
  let scale = 1;
  const zoom = (factor) => {
    scale = factor ? Math.min(4, Math.max(0.1, scale * factor)) : Math.min(1, graph.clientWidth / width);
    svg.setAttribute("width", width * scale);
    svg.setAttribute("height", height * scale);
  };
  $("[name=in]").addEventListener("click", () => zoom(1.25));
  $("[name=out]").addEventListener("click", () => zoom(0.8));
  $("[name=all]").addEventListener("click", () => zoom(0));
  graph.addEventListener("keydown", (event) => { if (event.key in { "+": 1, "-": 1, 0: 1 }) zoom({ "+": 1.25, "-": 0.8, 0: 0 }[event.key]); });
  graph.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.25 : 0.8);
  }, { passive: false });
  let from = null;
  graph.addEventListener("pointerdown", (event) => { from = { x: event.clientX + graph.scrollLeft, y: event.clientY + graph.scrollTop }; });
  addEventListener("pointermove", (event) => {
    if (from) graph.scrollTo(from.x - event.clientX, from.y - event.clientY);
  });
  addEventListener("pointerup", () => { from = null; });
}

// --- begin

for (const element of document.querySelectorAll(".scripted")) element.hidden = false;
["status", "cause", "folder", "package"].forEach(addFilter);
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
[...$("thead tr").cells].slice(0, -1).forEach((th, column) => {
  const button = make("button", { type: "button" }, ...th.childNodes);
  th.replaceChildren(button);
  button.addEventListener("click", () => sort(column, button));
});
$("[name=csv]").addEventListener("click", (event) => copy(event.target));
addEventListener("hashchange", follow);
filter();
follow();
})();
