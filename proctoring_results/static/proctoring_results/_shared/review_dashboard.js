// The pages of the Review Dashboard work without this. It shows times in the viewer's zone, counts ticked sessions, and
// renews an open page: when a colleague has done something, when somebody comes back to the tab, and so that the links to
// evidence and the tokens of forms stay valid. It claims a session that somebody opens from a list, and asks before a
// text that is half written is left behind.

import { localise, morph } from "./live.js";

const POLL = 10_000; // milliseconds; as long as nothing has happened the answer is empty
const PAUSE = 40_000;
const TIMEOUT = 15_000;

const root = document.querySelector("[data-pr-page]");

const links = () => root.querySelectorAll("a[data-pr-renewed]");
const regions = () => root.querySelectorAll("[data-pr-live]");

/** Fetch the page and show what is new. With a stamp, only if something has happened since. */
async function renew(stamp) {
  const response = await fetch(location.pathname + location.search, {
    cache: "no-store",
    redirect: "manual",
    headers: stamp ? { "If-None-Match": `"${stamp}"` } : {},
    signal: AbortSignal.timeout(TIMEOUT),
  });
  if (!response.ok) return; // 304, or an old link that leads to a page with a fresh one, or says why there is none
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const twin = fresh.querySelector("[data-pr-page]");
  if (!twin) return;
  if (twin.dataset.prStamp) root.dataset.prStamp = twin.dataset.prStamp;
  for (const link of links()) {
    const renewed = fresh.getElementById(link.id);
    if (renewed) link.setAttribute("href", renewed.getAttribute("href"));
  }
  const token = fresh.querySelector("[name=csrfmiddlewaretoken]")?.value;
  // After signing in again in another tab the token of this page is old.
  if (token) for (const field of root.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
  showReviewNotice(fresh);
  const before = new Set(ticks().map((tick) => tick.value));
  tell([...regions()].flatMap((region) => renewRegion(region, fresh.getElementById(region.id))));
  // A session that has left the list while it is open was decided: its tick goes, too.
  const now = new Set(ticks().map((tick) => tick.value));
  remember([...remembered()].filter((code) => !before.has(code) || now.has(code)));
  countTicks();
  document.dispatchEvent(new Event("pr-renewed"));
}

/** Returns the sentences in it that are new. */
function renewRegion(region, twin) {
  if (!twin) return [];
  localise(twin);
  const news = newSentences(region, twin);
  // What somebody is writing was written about the page as it is: it says what has happened, and changes nothing else.
  if (isWrittenIn(region)) {
    const notice = region.querySelector("#pr-happened");
    if (notice && news.length) {
      notice.textContent = news.join(" ");
      notice.hidden = false;
    }
    return news;
  }
  // Details that somebody has opened stay open.
  for (const { id } of region.querySelectorAll("details[open]")) twin.querySelector(`#${id}`)?.setAttribute("open", "");
  morph(region, twin);
  return news;
}

function newSentences(region, twin) {
  const text = (element) => element.textContent.replace(/\s+/g, " ").trim();
  const known = new Map([...region.querySelectorAll("[data-pr-told]")].map((element) => [element.id, text(element)]));
  return [...twin.querySelectorAll("[data-pr-told]")]
    .filter((element) => text(element) && known.get(element.id) !== text(element))
    .map(text);
}

function isWrittenIn(part) {
  return [...part.querySelectorAll("form[data-pr-draft] :is(textarea, select)")].some((field) => field.value.trim());
}

/** In the one region that screen readers listen to. */
function tell(sentences) {
  if (sentences.length) root.querySelector("#pr-told").textContent = sentences.join(" ");
}

/** The incidents of a review that has just arrived are not put under somebody's eyes: a link shows them. */
function showReviewNotice(fresh) {
  const notice = root.querySelector("#pr-newer");
  const review = (page) => page.querySelector("[data-pr-review]")?.dataset.prReview;
  if (notice && review(fresh) !== review(root)) notice.hidden = false;
}

function renewIfSeen() {
  if (!document.hidden) renew().catch(() => {});
}

function poll() {
  if (!document.hidden) renew(root.dataset.prStamp).catch(() => {});
}

// --- Ticks ---

// Ticks survive paging, sorting and filtering: this tab of the browser remembers them for the course. They are forgotten
// once the sessions were passed.
const ticks = () => [...root.querySelectorAll(".pr-tick input")];
const TICKS = `pr-ticks ${root?.querySelector("#pr-pass")?.action ?? ""}`;

function remembered() {
  try {
    return new Set(JSON.parse(sessionStorage.getItem(TICKS) ?? "[]"));
  } catch {
    return new Set();
  }
}

function remember(codes) {
  try {
    sessionStorage.setItem(TICKS, JSON.stringify([...codes]));
  } catch {
    // Without storage, ticks hold for this page.
  }
}

function restoreTicks() {
  const codes = remembered();
  for (const tick of ticks()) tick.checked ||= codes.has(tick.value);
}

function countTicks() {
  const form = root.querySelector("#pr-pass");
  if (!form) return;
  const codes = remembered();
  for (const tick of ticks()) codes[tick.checked ? "add" : "delete"](tick.value);
  remember(codes);
  const here = new Set(ticks().map((tick) => tick.value));
  // Those of other pages go with the form, too.
  for (const field of form.querySelectorAll("[name=attempt]")) field.remove();
  for (const code of codes) {
    if (here.has(code)) continue;
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "attempt", value: code });
    form.append(field);
  }
  const counter = form.querySelector("[data-pr-ticked]");
  counter.querySelector("span").textContent = codes.size;
  counter.hidden = false;
  form.toggleAttribute("data-pr-has-ticks", codes.size > 0);
  const all = root.querySelector("[data-pr-tick-all]");
  if (all) {
    all.closest("label").hidden = false;
    all.checked = ticks().every((tick) => tick.checked);
  }
}

function tickAll({ target }) {
  if (!target.matches?.("[data-pr-tick-all]")) return;
  for (const tick of ticks()) tick.checked = target.checked;
}

function untick({ target }) {
  if (!target.matches?.("[data-pr-untick]")) return;
  for (const tick of ticks()) tick.checked = false;
  remember([]);
  countTicks();
}

// The seconds that are left to undo a decision; then the button goes.
function countDown() {
  for (const counter of root.querySelectorAll("[data-pr-countdown]")) {
    const seconds = Number(counter.textContent) - 1;
    if (seconds > 0) counter.textContent = seconds;
    else counter.closest("form").remove();
  }
}

// --- Buttons that leave the page as it is, with what is being written elsewhere on it ---

async function post(form, action) {
  const body = new URLSearchParams(new FormData(form));
  body.set("action", action);
  const request = { method: "POST", body, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT) };
  // The buttons are named "action", too, and so hide the property.
  return (await fetch(form.getAttribute("action"), request)).type === "opaqueredirect";
}

async function postInPlace(event) {
  const { target: form, submitter } = event;
  if (!form.matches("[data-pr-post]") || !submitter) return;
  event.preventDefault();
  isReleased = submitter.value === "release";
  const isDone = await post(form, submitter.value).catch(() => false);
  if (isDone) {
    form.reset();
    await renew().catch(() => {});
  } else {
    form.removeAttribute("data-pr-post");
    form.requestSubmit(submitter); // the answer is a page that says why
  }
}

// --- Claims ---

let isAtWork = true;
let isReleased = false;

const claimForm = () => root.querySelector("form[data-pr-claim]:not([data-pr-claimed])");

/** As the button "I am on it". A page that is only loaded in advance claims nothing. */
async function claim() {
  const form = claimForm();
  if (!form || document.hidden || document.prerendering || !isAtWork || isReleased) return;
  isAtWork = false;
  if (await post(form, "claim")) await renew();
}

function claimWhileAtWork() {
  const form = claimForm();
  if (!form) return;
  const claimIfSeen = () => claim().catch(() => {});
  claimIfSeen();
  for (const name of ["visibilitychange", "prerenderingchange"]) document.addEventListener(name, claimIfSeen);
  for (const name of ["keydown", "pointermove", "scroll"]) addEventListener(name, () => (isAtWork = true), { passive: true });
  setInterval(claimIfSeen, form.dataset.prClaim * 1_000);
}

// --- What is half written ---

// A form that is being sent keeps its own reason, but not that of another form.
let sending = null;

function noteSending(event) {
  if (event.defaultPrevented) return;
  sending = event.target;
  setTimeout(() => (sending = null), 1_000);
}

function askBeforeLeaving(event) {
  const fields = [...root.querySelectorAll("form[data-pr-draft] textarea")].filter((field) => field.form !== sending);
  if (fields.some((field) => field.value.trim())) event.preventDefault();
}

if (root) {
  localise(root);
  for (const form of root.querySelectorAll("[data-pr-forget-ticks]")) sessionStorage?.removeItem(`pr-ticks ${form.dataset.prForgetTicks}`);
  restoreTicks();
  countTicks();
  root.addEventListener("change", tickAll);
  root.addEventListener("change", countTicks);
  root.addEventListener("click", untick);
  if (root.querySelector("[data-pr-countdown]")) setInterval(countDown, 1_000);
  addEventListener("pageshow", countTicks);
  if (links().length) setInterval(renewIfSeen, PAUSE);
  if (root.dataset.prStamp) setInterval(poll, POLL);
  root.addEventListener("submit", postInPlace);
  root.addEventListener("submit", noteSending);
  addEventListener("beforeunload", askBeforeLeaving);
  if (links().length || regions().length || root.querySelector("form[method=post]")) document.addEventListener("visibilitychange", renewIfSeen);
  claimWhileAtWork();
}
