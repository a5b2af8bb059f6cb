// A buyer, written from docs/contract.md: it bids on pings, and takes each lead that it wins once.
//
//     buyer.mjs serve ORDERS.json [ADDRESS:PORT]     by default on 127.0.0.1:9001
//     buyer.mjs return SALE_ID REASON                gives a lead back
//
// ORDERS.json says what to answer for each campaign; docs/partners/orders.json is an example.
// For `return`, EXCHANGE_CONTROL_URL and EXCHANGE_KEY say whom to call.
// What comes is printed as one line of JSON, without personal data.
// Only the library that checks signatures is not Node's own: npm install standardwebhooks

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

// The exchange keeps a connection open for most of a minute. A post that meets one which the buyer closes in the same
// moment has no known outcome; Node's own 5 seconds would make that likely.
const KEEP_ALIVE_MS = 65_000;

async function serve(file, address = "127.0.0.1:9001") {
  const { secret, campaigns } = JSON.parse(await readFile(file, "utf8"));
  const webhook = new Webhook(secret);
  const replies = new Map(); // what was answered to each post: keep it in your own database
  const learned = new Set(); // the notices that came

  function bid(ping) {
    const reply = campaigns[ping.campaign_id]?.bid ?? { bid: 0 }; // a bid of zero declines
    show({ ping: ping.ping_id, campaign: ping.campaign_id, fields: ping.fields, reply });
    return reply;
  }

  function take(post) {
    const again = replies.has(post.post_id);
    if (!again) {
      // Here the lead goes into your own system, in one transaction with what is answered.
      const reply = campaigns[post.campaign_id]?.reply ?? { status: "rejected", reason: "no such campaign" };
      replies.set(post.post_id, { ...reply, buyer_ref: `N-${replies.size + 1}` });
    }
    const { sale_id, price, currency, exclusive } = post;
    const reply = replies.get(post.post_id);
    show({ post: post.post_id, campaign: post.campaign_id, again, sale_id, price, currency, exclusive,
      fields: Object.keys(post.fields).sort(), reply });
    return reply;
  }

  // Hears what became of bids; a message that is not answered with 2xx comes again.
  function learn(notices) {
    for (const notice of notices.filter(({ notice_id }) => !learned.has(notice_id))) {
      learned.add(notice.notice_id);
      show({ notice });
    }
    return {};
  }

  // Says what became of a post: the exchange asks where it never got the answer.
  function tell(postId) {
    show({ asked: postId });
    return replies.get(postId) ?? { status: "unknown" };
  }

  const server = createServer(async (request, response) => {
    const body = await text(request);
    const answer = (status, content) =>
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(content));
    try {
      webhook.verify(body, request.headers, { jsonParse: false });
    } catch (error) {
      show({ refused: error.message });
      return answer(401, {});
    }
    if (request.method === "GET" && request.url.startsWith("/posts/")) {
      answer(200, tell(request.url.slice("/posts/".length)));
    } else if (request.url === "/ping") {
      answer(200, bid(JSON.parse(body)));
    } else if (request.url === "/post") {
      answer(200, take(JSON.parse(body)));
    } else if (request.url === "/notices") {
      answer(200, learn(JSON.parse(body).notices));
    } else {
      answer(404, {});
    }
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const { hostname, port } = new URL(`http://${address}`);
  server.listen(Number(port), hostname, () => show({ listening: `${hostname}:${server.address().port}` }));
}

async function giveBack(saleId, reason) {
  const response = await fetch(`${process.env.EXCHANGE_CONTROL_URL}/v1/sales/${saleId}/returns`, {
    method: "POST",
    headers: { Authorization: `Bearer ${process.env.EXCHANGE_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify({ reason }),
  });
  show(await response.json());
  if (!response.ok) process.exitCode = 1;
}

function show(line) {
  console.log(JSON.stringify(line));
}

const [command, ...rest] = process.argv.slice(2);
if (command === "serve" && rest.length >= 1) {
  await serve(...rest);
} else if (command === "return" && rest.length === 2) {
  await giveBack(...rest);
} else {
  console.error("buyer.mjs serve ORDERS.json [ADDRESS:PORT], or buyer.mjs return SALE_ID REASON");
  process.exitCode = 1;
}
