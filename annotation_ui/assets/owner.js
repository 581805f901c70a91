// What an owner does about results: every button is one request, and the page comes anew.

const notice = document.querySelector("#notice");
const SURE = {
  discard: "Make all verdicts of this reviewer void? Others are given the pairs again.",
  disable: "Let this account log in no more?",
};

function notify(words) {
  notice.textContent = words;
  scrollTo(0, 0);
}

document.addEventListener("click", async (event) => {
  const on = event.target.closest("[data-do]");
  if (!on) return;
  const { do: name, item, verdict, reviewer } = on.dataset;
  if (SURE[name] && !confirm(SURE[name])) return;
  const note = on.parentElement.querySelector("input")?.value ?? "";
  const where = name === "logout" ? "logout" : `owner/${name}`;
  const asked = name === "settle" ? { item, verdict, note } : item ? { item } : { reviewer };
  try {
    const answer = await fetch(where, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(name === "logout" ? {} : asked),
    });
    if (answer.status === 401) return location.reload();
    const reply = await answer.json();
    if (!answer.ok) notify(reply.detail);
    else if (reply.link) notify(`For ${reviewer}, once, within a week:\n${new URL(reply.link, document.baseURI)}`);
    else location.reload();
  } catch {
    notify("No answer from the server. Try again.");
  }
});
