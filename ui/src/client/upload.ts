/** Files sent with progress: fetch cannot report how much of a request has left, XMLHttpRequest can. */

import { access } from "./access";
import { errorOf, isTooOften, ServerError, UNREACHABLE } from "./errors";
import type { Job } from "./types";

const TRIES = 10; // each after what the server says, and a second at least

/** Send files as one job, again when the server has had too many requests; onSent is told the bytes that have left. */
export async function upload(url: string, files: readonly File[], onSent: (bytes: number) => void): Promise<Job> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sent(url, files, onSent);
    } catch (error) {
      if (!isTooOften(error) || attempt === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000 * Math.max(1, error.retryAfterSeconds)));
    }
  }
}

function sent(url: string, files: readonly File[], onSent: (bytes: number) => void): Promise<Job> {
  const form = new FormData();
  for (const file of files) form.append("files", file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    for (const [name, value] of Object.entries(access.headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onerror = () => reject(new ServerError(0, UNREACHABLE));
    request.onload = () => {
      const body = parsed(request.responseText);
      if (request.status >= 200 && request.status < 300) resolve(body as Job);
      else {
        if (request.status === 401) access.refused();
        reject(errorOf(request.status, body, request.getResponseHeader("retry-after")));
      }
    };
    request.send(form);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // an error page of something in between: the status says what happened
  }
}
