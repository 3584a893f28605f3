// Replies that a real server gives only in special circumstances.

const TEXT = "🌳 Oaks grow slowly. They sing at night.\n\n- acorns\n- leaves";

const citation = {
  answer_start: 0,
  answer_end: 19,
  document_id: "gone",
  version: 1,
  chunk_id: "gone.1.0",
  source: "oaks.txt",
  title: "Oaks",
  page: 7,
  boxes: [],
  start: 0,
  end: 17,
  quote: "Oaks grow slowly.",
  score: 1,
  relevance: 0.64,
};

const answer = {
  answer: TEXT,
  short_answer: null,
  refused: false,
  sentences: [
    { start: 0, end: 19, supported: true, relevance: 0.9 },
    { start: 20, end: 39, supported: false, relevance: 0.1 },
  ],
  citations: [citation],
  run_id: "r",
  timings: { total: 5 },
  usage: { prompt_tokens: 0, completion_tokens: 0 },
};

/** An answer with a doubtful sentence, cited from a document that has gone since. */
export const DOUBTFUL = stream(
  { type: "step.started", step: "generate" },
  { type: "token", text: TEXT },
  { type: "step.finished", step: "generate", milliseconds: 3, summary: { model: "canned" } },
  { type: "citation", number: 1, citation },
  { type: "answer.finished", answer },
);

const { answer_start, answer_end, score, relevance, ...place } = citation;

/** A refusal that names two words which no passage holds, and a sentence that comes close. */
export const REFUSAL = refusal(["oaks", "photosynthesis-and-other-long-words"], {
  ...place,
  quote: "Oaks grow slowly, and of what they do besides nobody has ever told at such length in one sentence.",
});

/** A refusal for want of these words, with this for the sentence that comes closest. */
export function refusal(terms, closest) {
  const missing = { searched: "", num_passages: 6, terms, closest };
  const refused = { ...answer, answer: "I could not find this in the documents.", refused: true, sentences: [], citations: [], missing };
  return stream({ type: "answer.finished", answer: refused });
}

/** A run that waits for a person's permission. */
export const PERMISSION = stream(
  { type: "run.started", run_id: "r", question: "", collection: "default", retriever: "default", generator: "default" },
  { type: "step.started", step: "act" },
  { type: "step.finished", step: "act", milliseconds: 2, summary: { tool: "orders.cancel" } },
  {
    type: "permission.asked",
    tool: "orders.cancel",
    arguments: { order: "4711", reason: "The customer wants another colour, and says so at some length." },
    effects: "writes",
  },
);

/** A stream that breaks off in the middle of an answer. */
export const CUT_OFF = stream({ type: "token", text: "The oldest tree" });

const schedule = {
  collection: "default",
  places: ["s3://archive/minutes-of-the-general-assembly-and-of-its-committees/2026", "s3://archive/reports"],
  timing: "every 900 s",
  next_run_at: new Date(Date.now() + 400_000).toISOString(),
  is_paused: false,
  last_run_at: new Date(Date.now() - 500_000).toISOString(),
  last_job_id: "j",
  last_state: "done",
};

/** Schedules as they fare: one that has left something alone, one that pauses, one that is new. */
export const SCHEDULED = {
  contentType: "application/json",
  body: JSON.stringify({
    schedules: [
      { ...schedule, schedule_id: "1", last_result: "12 documents were not deleted: most of the source is gone" },
      { ...schedule, schedule_id: "2", places: ["s3://reports/2026"], is_paused: true, last_result: null },
      { ...schedule, schedule_id: "3", places: ["s3://prices/"], timing: "0 3 * * 1", last_run_at: null, last_state: null, last_result: null },
    ],
  }),
};

/** An error as the server tells it. */
export const UNAVAILABLE = {
  status: 503,
  contentType: "application/problem+json",
  body: JSON.stringify({ title: "Service Unavailable", status: 503, detail: "the model is still loading" }),
};

function stream(...events) {
  const frames = events.map((event, seq) => `id: ${seq}\nevent: ${event.type}\ndata: ${JSON.stringify({ seq, ...event })}\n\n`);
  return { contentType: "text/event-stream", body: `: ping\n\n${frames.join("")}` };
}
