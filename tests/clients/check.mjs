// Every call that the listed npm clients offer for these endpoints, against a running `plimsoll serve` with a
// simulated model of the name `sim` and the built-in one as `tiny`: node check.mjs http://127.0.0.1:8000
import assert from "node:assert/strict";
import { File } from "node:buffer";
import { readFile } from "node:fs/promises";
import OpenAI from "openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embedMany, generateText, jsonSchema, streamText, tool } from "ai";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import autocannon from "autocannon";

const base = process.argv[2];
if (!base) {
  console.error("usage: node check.mjs URL");
  process.exit(2);
}
const apiKey = process.env.OPENAI_API_KEY ?? "none";
const model = "sim";
const tuned = "tiny";
const messages = [{ role: "user", content: "What is a load line?" }];
const weather = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city", "days"],
  additionalProperties: false,
};
const openai = new OpenAI({ baseURL: `${base}/v1`, apiKey, maxRetries: 0 });

function ships() {
  const lines = [...Array(24).keys()].map(ship => JSON.stringify({
    messages: [{ role: "user", content: `ship ${ship}` }, { role: "assistant", content: "too heavy" }],
  }));
  return openai.files.create({ purpose: "fine-tune", file: new File([lines.join("\n")], "ships.jsonl") });
}

async function ended(id) {
  for (let i = 0; i < 1500; i++) {
    const job = await openai.fineTuning.jobs.retrieve(id);
    if (["succeeded", "failed", "cancelled"].includes(job.status))
      return job;
    await new Promise(wake => setTimeout(wake, 200));
  }
  assert.fail(`${id} has not ended`);
}

const checks = {
  async "openai: chat"() {
    const answer = await openai.chat.completions.create({ model, messages, max_tokens: 8, seed: 1 });
    assert.ok(answer.choices[0].message.content.length > 0);
    assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
    assert.ok(answer._request_id.startsWith("req_"));
  },
  async "openai: chat, streamed alike"() {
    const request = { model, messages, max_tokens: 8, seed: 1, temperature: 0 };
    const whole = await openai.chat.completions.create(request);
    const stream = await openai.chat.completions.create(
      { ...request, stream: true, stream_options: { include_usage: true } });
    let text = "", usage = null;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? "";
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, whole.choices[0].message.content);
    assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
  },
  async "openai: stream helper"() {
    const runner = openai.chat.completions.stream({ model, messages, max_tokens: 8 });
    const final = await runner.finalChatCompletion();
    assert.ok(final.choices[0].message.content.length > 0);
  },
  async "openai: n, logprobs, stop"() {
    const answer = await openai.chat.completions.create(
      { model, messages, max_tokens: 6, n: 3, logprobs: true, top_logprobs: 2 });
    assert.equal(answer.choices.length, 3);
    assert.ok(answer.choices[0].logprobs.content[0].top_logprobs.length === 2);
  },
  async "openai: tools"() {
    const answer = await openai.chat.completions.create({
      model, messages, tool_choice: "required",
      tools: [{ type: "function", function: { name: "weather", parameters: weather } }],
    });
    const call = answer.choices[0].message.tool_calls[0];
    assert.equal(call.function.name, "weather");
    assert.equal(typeof JSON.parse(call.function.arguments).city, "string");
  },
  async "openai: tools, streamed"() {
    const runner = openai.chat.completions.stream({
      model, messages, tool_choice: "required",
      tools: [{ type: "function", function: { name: "weather", parameters: weather } }],
    });
    const final = await runner.finalChatCompletion();
    const call = final.choices[0].message.tool_calls[0];
    assert.equal(typeof JSON.parse(call.function.arguments).days, "number");
  },
  async "openai: json schema"() {
    const answer = await openai.chat.completions.parse({
      model, messages,
      response_format: { type: "json_schema", json_schema: { name: "w", strict: true, schema: weather } },
    });
    assert.deepEqual(Object.keys(JSON.parse(answer.choices[0].message.content)).sort(), ["city", "days"]);
  },
  async "openai: completions"() {
    const answer = await openai.completions.create({ model, prompt: ["a", "b"], max_tokens: 4 });
    assert.equal(answer.choices.length, 2);
    let chunks = 0;
    for await (const _ of await openai.completions.create({ model, prompt: "a", max_tokens: 4, stream: true }))
      chunks++;
    assert.ok(chunks > 0);
  },
  async "openai: responses"() {
    const answer = await openai.responses.create({ model, input: "hello", max_output_tokens: 16 });
    assert.ok(answer.output_text.length > 0);
    const events = [];
    for await (const event of await openai.responses.create({ model, input: "hello", stream: true }))
      events.push(event.type);
    assert.equal(events[0], "response.created");
    assert.equal(events.at(-1), "response.completed");
    const helper = openai.responses.stream({ model, input: "hello" });
    assert.ok((await helper.finalResponse()).output_text.length > 0);
  },
  async "openai: embeddings"() {
    const answer = await openai.embeddings.create({ model, input: ["a", "b"] });
    assert.equal(answer.data.length, 2);
    const norm = Math.hypot(...answer.data[0].embedding);
    assert.ok(Math.abs(norm - 1) < 1e-3, `norm ${norm}`);
    const floats = await openai.embeddings.create({ model, input: "a", encoding_format: "float" });
    assert.ok(Math.abs(floats.data[0].embedding[0] - answer.data[0].embedding[0]) < 1e-6);
  },
  async "openai: models"() {
    const names = [];
    for await (const one of openai.models.list())
      names.push(one.id);
    assert.ok(names.includes(model));
    assert.equal((await openai.models.retrieve(model)).id, model);
  },
  async "openai: files and batches"() {
    const lines = [1, 2, 3].map(i => JSON.stringify({
      custom_id: `r${i}`, method: "POST", url: "/v1/chat/completions", body: { model, messages, max_tokens: 4 },
    }));
    const file = await openai.files.create(
      { purpose: "batch", file: new File([lines.join("\n")], "in.jsonl") });
    assert.equal((await openai.files.retrieve(file.id)).id, file.id);
    let batch = await openai.batches.create(
      { input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h" });
    for (let i = 0; i < 300 && batch.status !== "completed"; i++) {
      await new Promise(wake => setTimeout(wake, 200));
      batch = await openai.batches.retrieve(batch.id);
    }
    assert.equal(batch.request_counts.completed, 3);
    const output = await (await openai.files.content(batch.output_file_id)).text();
    assert.deepEqual(output.trim().split("\n").map(line => JSON.parse(line).custom_id).sort(), ["r1", "r2", "r3"]);
    const listed = [];
    for await (const one of openai.batches.list())
      listed.push(one.id);
    assert.ok(listed.includes(batch.id));
    await assert.rejects(openai.batches.cancel(batch.id), OpenAI.APIError);
    const files = [];
    for await (const one of openai.files.list())
      files.push(one.id);
    assert.ok(files.includes(file.id));
    assert.equal((await openai.files.delete(file.id)).deleted, true);
    await assert.rejects(openai.files.retrieve(file.id), OpenAI.NotFoundError);
  },
  async "openai: fine-tuning jobs, from a file to an answer"() {
    const file = await ships();
    const spec = {
      model: tuned, training_file: file.id, suffix: "npm", seed: 1, metadata: { by: "npm" },
      method: { type: "supervised", supervised: { hyperparameters: {
        n_epochs: 30, learning_rate_multiplier: 3, batch_size: "auto" } } },
    };
    const { jobs } = openai.fineTuning;
    const job = await jobs.create(spec);
    assert.equal((await jobs.pause(job.id)).status, "paused");
    await assert.rejects(jobs.pause(job.id), OpenAI.ConflictError);
    assert.notEqual((await jobs.resume(job.id)).status, "paused");
    const done = await ended(job.id);
    assert.equal(done.status, "succeeded", JSON.stringify(done.error));
    assert.ok(done.fine_tuned_model.startsWith(`ft:${tuned}:`) && done.trained_tokens > 0);
    assert.deepEqual(done.metadata, { by: "npm" });
    const said = [];
    for await (const event of jobs.listEvents(job.id, { limit: 2 }))
      said.push(event.message);
    assert.ok(said.some(message => message.startsWith("Step ")), said.join("\n"));
    const checkpoints = [];
    for await (const checkpoint of jobs.checkpoints.list(job.id))
      checkpoints.push(checkpoint.fine_tuned_model_checkpoint);
    assert.deepEqual(checkpoints, [done.fine_tuned_model]);
    const answer = await openai.chat.completions.create({
      model: done.fine_tuned_model, temperature: 0, max_tokens: 8, messages: [{ role: "user", content: "ship 7" }],
    });
    assert.equal(answer.choices[0].message.content, "too heavy");
    const again = await ended((await jobs.create(spec)).id);
    assert.equal(again.fine_tuned_model, done.fine_tuned_model);
    await assert.rejects(jobs.cancel(job.id), OpenAI.ConflictError);
    const listed = [];
    for await (const one of jobs.list({ limit: 1 }))
      listed.push(one.id);
    assert.deepEqual(listed, [again.id, job.id]);
  },
  async "openai: fine-tuning jobs, cancelled and refused"() {
    const { jobs } = openai.fineTuning;
    const file = await openai.files.create({ purpose: "fine-tune", file: new File(["{}"], "empty.jsonl") });
    const failed = await ended((await jobs.create({ model: tuned, training_file: file.id })).id);
    assert.equal(failed.status, "failed");
    assert.match(failed.error.message, /:1: expected messages/);
    const job = await jobs.create({ model: tuned, training_file: (await ships()).id, seed: 2 });
    assert.equal((await jobs.cancel(job.id)).status, "cancelled");
    await assert.rejects(jobs.resume(job.id), OpenAI.ConflictError);
    await assert.rejects(jobs.retrieve("ftjob-none"), OpenAI.NotFoundError);
    for (const body of [{ model: tuned, training_file: "file-none" }, { model, training_file: file.id }])
      await assert.rejects(jobs.create(body), OpenAI.BadRequestError);
  },
  async "openai: errors are its errors"() {
    await assert.rejects(
      openai.chat.completions.create({ model: "nobody", messages }),
      error => error instanceof OpenAI.NotFoundError && error.code === "model_not_found");
    await assert.rejects(
      openai.chat.completions.create({ model, messages: "no list" }),
      error => error instanceof OpenAI.BadRequestError && error.param === "messages");
  },
  async "openai: a stream that is left frees its place"() {
    const stream = await openai.chat.completions.create(
      { model, messages, max_tokens: 4000, ignore_eos: true, stream: true });
    for await (const _ of stream) {
      stream.controller.abort();
      break;
    }
    await openai.chat.completions.create({ model, messages, max_tokens: 2 });
  },
  async "ai: generateText, streamText, tools, embedMany"() {
    const provider = createOpenAICompatible({ name: "plimsoll", baseURL: `${base}/v1`, apiKey, includeUsage: true });
    const whole = await generateText({ model: provider(model), prompt: "hello", maxOutputTokens: 8 });
    assert.ok(whole.text.length > 0 && whole.usage.outputTokens > 0);
    const streamed = streamText({ model: provider(model), prompt: "hello", maxOutputTokens: 8 });
    let text = "";
    for await (const piece of streamed.textStream)
      text += piece;
    assert.ok(text.length > 0 && (await streamed.usage).outputTokens > 0);
    const called = await generateText({
      model: provider(model), prompt: "weather?", toolChoice: "required",
      tools: { weather: tool({ description: "w", inputSchema: jsonSchema(weather) }) },
    });
    assert.equal(called.toolCalls[0].toolName, "weather");
    const { embeddings } = await embedMany({ model: provider.embeddingModel(model), values: ["a", "b"] });
    assert.equal(embeddings.length, 2);
  },
  async "@langchain/openai: chat, stream, tools, structure, embeddings"() {
    const configuration = { baseURL: `${base}/v1` };
    const chat = new ChatOpenAI({ model, apiKey, configuration, maxTokens: 8, maxRetries: 0 });
    const whole = await chat.invoke("hello");
    assert.ok(whole.content.length > 0 && whole.usage_metadata.output_tokens > 0);
    let text = "";
    for await (const piece of await chat.stream("hello"))
      text += piece.content;
    assert.ok(text.length > 0);
    const free = new ChatOpenAI({ model, apiKey, configuration, maxRetries: 0 });
    const bound = free.bindTools(
      [{ type: "function", function: { name: "weather", parameters: weather } }], { tool_choice: "weather" });
    assert.equal((await bound.invoke("weather?")).tool_calls[0].name, "weather");
    const structured = free.withStructuredOutput(weather, { name: "w", method: "jsonSchema", strict: true });
    assert.equal(typeof (await structured.invoke("weather?")).city, "string");
    const vectors = await new OpenAIEmbeddings({ model, apiKey, configuration }).embedDocuments(["a", "b"]);
    assert.equal(vectors.length, 2);
  },
  async "autocannon: a thousand requests, none failed"() {
    const result = await autocannon({
      url: `${base}/v1/chat/completions`, method: "POST", connections: 16, amount: 1000,
      headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
      body: JSON.stringify({ model, messages, max_tokens: 2 }),
    });
    assert.equal(result["2xx"], 1000);
    assert.equal(result.errors + result.timeouts + result.non2xx, 0);
  },
};

const versions = JSON.parse(await readFile(new URL("package.json", import.meta.url))).dependencies;
console.log(Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", "));
let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`passed  ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}: ${error?.stack ?? error}`);
  }
}
console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
