// A seller, written from docs/contract.md: it sells leads, and hears what became of them.
//
//     seller.mjs lead LEAD.json                sells it in one call
//     seller.mjs two-step LEAD.json            asks for offers, takes the best one and sends the whole lead
//     seller.mjs withdraw LEAD.json            asks for offers and gives them back
//     seller.mjs events [ADDRESS:PORT]         listens for events, by default on 127.0.0.1:9100
//
// EXCHANGE_URL and EXCHANGE_KEY say whom to call, WEBHOOK_SECRET what events are signed with.
// Every answer and every event is printed as one line of JSON.
// Only the library that checks signatures is not Node's own: npm install standardwebhooks

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";

const TRIES_MAX = 5;
const ANSWER_MAX_MS = 75_000; // answer_by is at most 60 s

// One call. The seller's own id is the idempotency key, so that a copy never sells the lead twice.
async function sell(lead) {
  await follow(await call("POST", "/v1/leads", lead, lead.seller_ref));
}

// `lead` holds both steps: `ping` without personal data, `post` with the rest.
async function sellInTwoSteps(lead) {
  const ping = await askForOffers(lead);
  if (ping.status !== "offers") return;
  // Offers come best first. What this seller does not choose may still follow as a fallback.
  const post = { offer_ids: [ping.offers[0].offer_id], ...lead.post };
  const key = `${lead.ping.seller_ref}-post`; // a post has no seller_ref, so its key goes into the header
  await follow(await call("POST", `/v1/pings/${ping.ping_id}/post`, post, key));
}

async function withdraw(lead) {
  const ping = await askForOffers(lead);
  await call("DELETE", `/v1/pings/${ping.ping_id}`);
}

function askForOffers({ ping }) {
  return call("POST", "/v1/pings", ping, ping.seller_ref);
}

// An answer with a `status_url` is not the last one.
async function follow(answer) {
  while (answer.status_url) {
    await sleep(answer.retry_after_ms);
    answer = await call("GET", answer.status_url);
  }
}

// Sends a request, and again under the same key where it is not known whether it arrived.
async function call(method, path, body, key) {
  const headers = { Authorization: `Bearer ${process.env.EXCHANGE_KEY}` };
  if (body) Object.assign(headers, { "Content-Type": "application/json", "Idempotency-Key": key });
  for (let triesLeft = TRIES_MAX - 1; ; triesLeft -= 1) {
    try {
      const response = await fetch(process.env.EXCHANGE_URL + path, {
        method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_MAX_MS),
      });
      const answer = await response.json();
      if (response.ok) {
        show({ http: response.status, replayed: response.headers.get("idempotency-replayed") === "true", answer });
        return answer;
      }
      if (response.status !== 503 || triesLeft === 0) {
        show({ http: response.status, problem: answer });
        process.exit(1);
      }
      await sleep(1000 * Number(response.headers.get("retry-after") ?? 1));
    } catch (failure) {
      if (triesLeft === 0) throw failure;
      await sleep(1000);
    }
  }
}

// Takes each event once; an event that is not answered with 2xx comes again.
function listen(address = "127.0.0.1:9100") {
  const seen = new Set(); // keep it in your own database
  const webhook = new Webhook(process.env.WEBHOOK_SECRET);
  const server = createServer(async (request, response) => {
    const body = await text(request);
    let event;
    try {
      event = webhook.verify(body, request.headers);
    } catch {
      return response.writeHead(401).end();
    }
    if (!seen.has(event.event_id)) {
      seen.add(event.event_id);
      show(event);
    }
    response.writeHead(204).end();
  });
  const { hostname, port } = new URL(`http://${address}`);
  server.listen(Number(port), hostname, () => show({ listening: `${hostname}:${server.address().port}` }));
}

function show(line) {
  console.log(JSON.stringify(line));
}

const commands = { lead: sell, "two-step": sellInTwoSteps, withdraw };
const [command, argument] = process.argv.slice(2);
if (command === "events") {
  listen(argument);
} else if (commands[command] && argument) {
  await commands[command](JSON.parse(await readFile(argument, "utf8")));
} else {
  console.error("seller.mjs lead | two-step | withdraw LEAD.json, or seller.mjs events [ADDRESS:PORT]");
  process.exitCode = 1;
}
