"use strict";

// Counts down the seconds that the server gave, whatever the clock of this computer shows, and hands in at the end.
for (const clock of document.querySelectorAll("[data-countdown]")) {
  const seconds = Number(clock.dataset.countdown);
  const form = document.getElementById(clock.dataset.form);
  const announcement = clock.parentElement.querySelector("[data-countdown-announcement]");
  const loaded = performance.now();
  const warnings = [300, 60].filter((mark) => mark < seconds);
  const twoDigits = (number) => String(number).padStart(2, "0");
  let timer = 0;

  const tick = () => {
    const left = Math.max(0, Math.ceil(seconds - (performance.now() - loaded) / 1000));
    const hours = Math.floor(left / 3600);
    const minutes = Math.floor(left / 60) % 60;
    clock.textContent = (hours ? `${hours}:${twoDigits(minutes)}` : String(minutes)) + `:${twoDigits(left % 60)}`;
    clock.classList.toggle("soon", left <= 300);
    while (warnings.length && left <= warnings[0]) {
      const mark = warnings.shift();
      announcement.textContent = mark === 60 ? "One minute left" : `${mark / 60} minutes left`;
    }
    // Slightly early, so that it arrives in time. The course team, which only views the page, has no form to hand in.
    if (left <= 2 && form) {
      clearInterval(timer);
      const step = document.createElement("input");
      Object.assign(step, { type: "hidden", name: "step", value: "time_is_up" });
      form.append(step);
      form.submit();
    }
  };

  timer = setInterval(tick, 250);
  tick();
}

// If the browser restores the page from its cache, the clock has stopped.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
