// For pages of a host that show a learner's result: what stands in [data-pr-result], and in [data-pr-with-result],
// is renewed when the result changes. The page is fetched again only then; until then each answer is empty, and the
// longer nothing happens the less often the server is asked.

import { localise, morph } from "./live.js";

const FIRST_PAUSE = 60_000; // milliseconds
const MAX_PAUSE = 600_000;
const TIMEOUT = 15_000;

let pause = FIRST_PAUSE;
let timer;

const results = () => document.querySelectorAll('[data-pr-result]:not([data-pr-result=""])[data-pr-stamp]');

function ask(url, headers = {}) {
  return fetch(url, { cache: "no-store", redirect: "manual", headers, signal: AbortSignal.timeout(TIMEOUT) });
}

async function hasChanged(result) {
  const response = await ask(result.dataset.prResult, { "If-None-Match": `"${result.dataset.prStamp}"` });
  // It is somebody else's result, or the learner has signed out.
  if (response.status === 404 || response.type === "opaqueredirect") delete result.dataset.prStamp;
  return response.status === 204;
}

async function renew() {
  for (const result of results()) {
    if (await hasChanged(result)) return showFresh();
  }
}

async function showFresh() {
  const response = await ask(location.pathname + location.search);
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  localise(fresh);
  for (const part of document.querySelectorAll("[data-pr-result][id], [data-pr-with-result][id]")) {
    const twin = fresh.getElementById(part.id);
    if (twin) morph(part, twin);
  }
}

async function renewIfSeen() {
  clearTimeout(timer);
  if (!document.hidden) await renew().catch(() => {});
  clearTimeout(timer);
  if (results().length) timer = setTimeout(renewLater, pause);
}

function renewLater() {
  pause = Math.min(1.5 * pause, MAX_PAUSE);
  renewIfSeen();
}

function renewAtOnce() {
  pause = FIRST_PAUSE;
  renewIfSeen();
}

if (results().length) {
  timer = setTimeout(renewLater, pause);
  document.addEventListener("visibilitychange", renewAtOnce);
}
