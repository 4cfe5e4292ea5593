// The pages with reports, Data Download and the case files of a session, without reload. The server renders the page; this fetches it again and morphs what has changed. So
// everything is defined once, and works without JavaScript, too.

import { localise, morph } from "./live.js";

const POLL = 2_000; // milliseconds, while a task is under way
const MAX_PAUSE = 30_000;
const UNSEEN_PAUSE = 10_000; // in a tab that nobody sees
const TIMEOUT = 15_000;

const root = document.querySelector("[data-pr-page]");
const status = document.getElementById("pr-status");
const choose = document.getElementById("pr-choose-form");
const title = document.title;

let timer;
let failures = 0;
let newest = 0; // number of the refresh that counts: an older response must not overwrite a newer one
let posting = false;
let unseen = 0; // reports that got ready or failed while nobody saw the page

/** A tab that nobody sees waits for the end of a task only. */
function isWorthIt() {
  return !document.hidden || root.dataset.prUnderWay === "true";
}

async function refresh() {
  clearTimeout(timer);
  if (!isWorthIt()) return;
  const mine = ++newest;
  let trouble = null;
  try {
    trouble = await fetchPage(mine);
  } catch {
    trouble = "pr-offline";
  }
  if (mine !== newest) return;
  failures = trouble ? failures + 1 : 0;
  showTrouble(trouble);
  schedule();
}

/** Show the page as it is now. Returns the id of a notice if that was not possible. */
async function fetchPage(mine) {
  const response = await fetch(location.pathname + pageNumbers(), { cache: "no-store", ...requestOptions() });
  // The page itself redirects nowhere but to sign in.
  if (response.type === "opaqueredirect" || response.status === 401) return "pr-signed-out";
  if (response.status === 403 || response.status === 404) {
    location.reload(); // the refusal has a page of its own
    return null;
  }
  // 400: what is chosen for a report is wrong, and the page says so.
  if (!response.ok && response.status !== 400) return "pr-offline";
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-pr-page]");
  if (!fresh) return "pr-offline";
  if (mine === newest) show(fresh);
  return null;
}

/** The search for a learner is answered once: it reads the names of the whole course. */
function pageNumbers() {
  const params = new URLSearchParams(location.search);
  params.delete("learner");
  return params.size ? `?${params}` : "";
}

function show(fresh) {
  localise(fresh);
  const changed = changedBetween(root, fresh);
  const announcement = announcementOf(changed);
  if (document.hidden) countUnseen(changed);
  const flash = fresh.querySelector("#pr-status");
  Object.assign(root.dataset, fresh.dataset);
  for (const region of root.querySelectorAll("[data-pr-live]")) {
    const twin = fresh.querySelector(`#${region.id}`);
    if (!twin) continue;
    // Details that somebody has opened stay open.
    for (const { id } of region.querySelectorAll("details[id][open]")) twin.querySelector(`#${id}`)?.setAttribute("open", "");
    morph(region, twin);
  }
  const token = fresh.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (token) for (const field of root.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
  if (announcement) announce(announcement.text, announcement.level);
  else if (flash.textContent.trim())
    announce(flash.textContent.trim(), flash.querySelector("[data-pr-level]").dataset.prLevel);
}

/** The tasks of the page that have changed, and the reports that were generated since it was rendered. */
function changedBetween(before, after) {
  const tasks = [...before.querySelectorAll("[data-pr-task]")];
  const known = new Map(tasks.map((row) => [row.dataset.prTask, row.dataset.prState]));
  return [...after.querySelectorAll("[data-pr-task]")].filter((row) => {
    const was = known.get(row.dataset.prTask);
    return was ? was !== row.dataset.prState : row.dataset.prMade > before.dataset.prRenderedAt;
  });
}

function announcementOf(changed) {
  if (!changed.length) return null;
  const level = { ready: "success", failed: "error" }[changed[0].dataset.prState] ?? "info";
  return { text: changed.map((row) => row.dataset.prAnnouncement).join(" "), level };
}

/** "(1) Data Download": the title is all that is seen of a tab in the background. */
function countUnseen(changed) {
  unseen += changed.filter((row) => ["ready", "failed"].includes(row.dataset.prState)).length;
  if (unseen) document.title = `(${unseen}) ${title}`;
}

function becomeSeen() {
  unseen = 0;
  document.title = title;
  refresh();
}

/** In the one region that screen readers listen to; never the same sentence twice. */
function announce(text, level) {
  if (status.textContent.trim() === text) return;
  const line = document.createElement("p");
  line.className = "pr-notice";
  line.dataset.prLevel = level;
  line.textContent = text;
  status.replaceChildren(line);
}

function showTrouble(id) {
  for (const notice of root.querySelectorAll(".pr-trouble > *")) {
    if (notice.hidden !== (notice.id !== id)) notice.hidden = notice.id !== id;
  }
}

function schedule() {
  clearTimeout(timer);
  if (!isWorthIt()) return;
  const poll = document.hidden ? UNSEEN_PAUSE : POLL;
  const pause = root.dataset.prUnderWay === "true" ? poll : root.dataset.prRenewAfter * 1_000;
  timer = setTimeout(refresh, failures ? Math.min(POLL * 2 ** failures, MAX_PAUSE) : pause);
}

/** Each request times out, and follows no redirect, which may lead to another site. */
function requestOptions() {
  return { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT) };
}

/** Send the form once. The response is always a redirect to the page, which shows the result. */
async function send(sent, button) {
  const action = button?.hasAttribute("formaction") ? button.formAction : sent.action;
  const body = new URLSearchParams(new FormData(sent));
  const response = await fetch(action, { method: "POST", body, ...requestOptions() });
  if (response.type === "opaqueredirect") {
    // A new task is on the first page of its list.
    history.replaceState(null, "", location.pathname);
    return true;
  }
  // The page says what is wrong with it, which the browser has to load.
  if (response.status === 400) sent.submit();
  return response.status === 403 ? false : Promise.reject(new Error(response.status));
}

async function submit(event) {
  const sent = event.target;
  if (sent === choose) return showChoice(event);
  if (!sent.matches("[data-pr-post]")) return;
  event.preventDefault();
  if (posting) return;
  posting = true;
  const button = event.submitter;
  button?.setAttribute("aria-disabled", "true");
  newest += 1; // a response on its way was rendered before the click
  clearTimeout(timer);
  try {
    if (await send(sent, button)) await sentWell(sent);
    else await sendAgain(sent, button);
  } catch {
    failures += 1;
    showTrouble("pr-not-sent");
    schedule();
  } finally {
    posting = false;
    button?.removeAttribute("aria-disabled");
  }
}

/** After a sign-in in another tab the token of this page is old. The fresh page has a new one, or says what is missing. */
async function sendAgain(sent, button) {
  await refresh();
  if (failures) return;
  if (await send(sent, button)) await sentWell(sent);
  else location.reload();
}

/** What was written for a request is done with; what was chosen for it is as it will be the next time. */
async function sentWell(sent) {
  for (const written of sent.querySelectorAll("textarea")) written.value = "";
  await refresh();
}

/** A link to something in a folded section opens it; most browsers do so by themselves, and only the first time. */
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const folded = target?.closest("details");
  if (!folded || folded.open) return;
  folded.open = true;
  target.scrollIntoView();
}

/** Show what the report would have, while it is being chosen. The address has the choice, too. */
async function showChoice(event) {
  event.preventDefault();
  const chosen = [...new FormData(choose)].filter(([, value]) => value);
  history.replaceState(null, "", `${location.pathname}?${new URLSearchParams(chosen)}`);
  await refresh();
}

function start() {
  localise(root);
  openTarget();
  window.addEventListener("hashchange", openTarget);
  root.addEventListener("submit", submit);
  choose?.addEventListener("change", showChoice);
  root.addEventListener("click", (event) => event.target.closest("[data-pr-refresh]") && refresh());
  document.addEventListener("visibilitychange", () => (document.hidden ? schedule() : becomeSeen()));
  window.addEventListener("online", refresh);
  window.addEventListener("pageshow", (event) => event.persisted && refresh());
  schedule();
}

if (root) start();
