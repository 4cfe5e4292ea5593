"use strict";

// Checks every few seconds whether the attempt's status has changed, and then shows the next page.
const section = document.querySelector("[data-status]");
const stateOf = (page) => {
  const section = page.querySelector("[data-status]");
  if (!section) return "";
  // Include the instructions of the service: it may have been down, or not have known the attempt, before.
  const instructions = [...section.querySelectorAll(".steps li, a.button")].map((item) => item.href ?? item.textContent);
  return [section.dataset.status, ...instructions].join("\n");
};
const state = stateOf(document);

const check = async () => {
  if (document.hidden) return;
  try {
    const response = await fetch(location.href, { redirect: "error" });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (response.ok && stateOf(page) !== state) location.reload();
  } catch {
    // The network may be back at the next check.
  }
};

if (section) {
  setInterval(check, 3000);
  document.addEventListener("visibilitychange", check);
}
