/** Numbers, sizes and states in words; an answer as text to copy. */

import type { Citation, Permission } from "../client/types";
import type { Step, Turn } from "../state/conversation";
import { utf16Index } from "./codepoints";

/** Give a duration as people read it: <1 ms, 41 ms, 1.8 s. */
export function duration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return milliseconds < 1 ? "<1 ms" : `${Math.round(milliseconds)} ms`;
}

/** Give a number with its noun: 1 document, 2 documents. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** Give a size in the unit that fits. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

const STEPS: Readonly<Record<string, readonly [doing: string, done: string]>> = {
  prepare: ["Reading the question", "Prepare"],
  greet: ["Replying", "Reply"],
  retrieve: ["Searching the documents", "Search"],
  route: ["Choosing the way", "Route"],
  hop: ["Searching on", "Search on"],
  plan: ["Choosing a tool", "Plan"],
  act: ["Using the tool", "Use tool"],
  read: ["Reading the passages", "Read"],
  generate: ["Writing the answer", "Write"],
  search_again: ["Searching for what is in doubt", "Search again"],
  cite: ["Checking every sentence", "Cite"],
  refuse: ["Nothing to go on", "Decline"],
};

/** Name a step of a run, as something under way or as something done. */
export function stepName({ name, milliseconds }: Step): string {
  const [doing, done] = STEPS[name] ?? [name, name];
  return milliseconds === null ? doing : done;
}

/** Give a value of a step's summary as people read it. */
export function summaryText(value: unknown): string {
  if (Array.isArray(value)) return value.map(summaryText).join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, part]) => `${name.replaceAll("_", " ")} ${summaryText(part)}`)
    .join(", ");
}

/** Say how well a quotation supports its sentence. */
export function relevanceWord(relevance: number): string {
  if (relevance >= 0.8) return "strong";
  return relevance >= 0.5 ? "fair" : "weak";
}

const LOW = 0.6;

/** Say whether an answer rests on passages that hardly bear it: none of its citations is of any strength. */
export function isDoubtful(citations: readonly Citation[]): boolean {
  return citations.length > 0 && citations.every(({ relevance }) => relevance < LOW);
}

/** Name a citation's place: its title (or its file) and its page. */
export function placeOf({ title, source, page }: Pick<Citation, "title" | "source" | "page">): string {
  const name = title === "" ? source : title;
  return page === null ? name : `${name}, page ${page}`;
}

/** Give an answer as plain text: with its numbers, and its sources below. */
export function plainText({ text, citations }: Turn): string {
  const index = utf16Index(text);
  let result = "";
  let from = 0;
  const marks = citations.map(({ answer_end }, at) => ({ at: index(answer_end), mark: ` [${at + 1}]` }));
  for (const { at, mark } of marks.toSorted((left, right) => left.at - right.at)) {
    result += text.slice(from, at) + mark;
    from = at;
  }
  result += text.slice(from);
  const sources = citations.map((citation, at) => `[${at + 1}] ${placeOf(citation)}: “${citation.quote.trim()}”`);
  return sources.length === 0 ? result : `${result}\n\n${sources.join("\n")}`;
}

/** Say in words what a tool may do. */
export function effectsText(effects: Permission["effects"]): string {
  switch (effects) {
    case "writes":
      return "may change something";
    case "reads":
      return "reads outside of Grove";
    default:
      return "computes";
  }
}

const MAX_QUESTION_CHARS = 20_000; // that the server takes, in code points

/** Say that a question is too long to be asked; null when it is not. */
export function tooLong(question: string): string | null {
  const length = [...question.trim()].length;
  if (length <= MAX_QUESTION_CHARS) return null;
  return `A question has at most ${MAX_QUESTION_CHARS.toLocaleString("en")} characters, this one has ${length.toLocaleString("en")}.`;
}

/** Say what a screen reader should hear of the latest turn. */
export function announcement(turn: Turn | undefined): string {
  switch (turn?.state) {
    case undefined:
      return "";
    case "running": {
      const step = turn.steps.at(-1);
      return step === undefined ? "Asking" : stepName({ ...step, milliseconds: null });
    }
    case "waiting":
      return `Permission needed: ${turn.permission?.tool ?? ""}`;
    case "answered":
      return `Answer: ${turn.text} ${count(turn.citations.length, "citation")}.`;
    case "refused":
      return turn.closest === null ? `No answer: ${turn.text}` : `No answer: ${turn.text} A passage that comes close is shown.`;
    case "stopped":
      return "Stopped";
    case "failed":
      return `Failed: ${turn.error ?? ""}`;
  }
}

const AGES: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number])[] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** Say how long ago an instant was: now, 5 minutes ago, yesterday; after a month the date. */
export function ago(instant: string, now: number): string {
  const seconds = (now - Date.parse(instant)) / 1000;
  if (seconds > 30 * 86_400) return instant.slice(0, 10);
  const age = AGES.find(([, length]) => seconds >= length);
  return age === undefined ? "now" : RELATIVE.format(-Math.floor(seconds / age[1]), age[0]);
}

/** Say how long it is until an instant: now, in 5 minutes, tomorrow. */
export function ahead(instant: string, now: number): string {
  const seconds = (Date.parse(instant) - now) / 1000;
  const age = AGES.find(([, length]) => seconds >= length);
  return age === undefined ? "now" : RELATIVE.format(Math.floor(seconds / age[1]), age[0]);
}

const EVERY = /^every (\d+) s$/;

/** Say when a schedule is due, from "every 900 s" or a cron expression. */
export function timing(text: string): string {
  const seconds = Number(EVERY.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(seconds)) return `at ${text} (UTC)`;
  const unit = AGES.find(([, length]) => seconds % length === 0);
  return unit === undefined ? `every ${count(seconds, "second")}` : `every ${count(seconds / unit[1], unit[0])}`;
}
